"Lorenz-96 with 40 sites and forcing 8."

config = {
    "model_class": "L96",
    "params": {"N": 40, "F": 8.0},
}
