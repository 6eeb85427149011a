"Lorenz-96 with 40 sites, every fourth observed, ten members: the problem of Bach et al. 2025 (arXiv 2504.17836)."

config = {
    "model_class": "L96",
    "params": {"N": 40, "F": 8.0},
}
