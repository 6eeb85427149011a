"Lorenz-96 with 20 sites and forcing 8."

config = {
    "model_class": "L96",
    "params": {"N": 20, "F": 8.0},
}
