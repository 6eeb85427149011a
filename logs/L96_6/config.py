"Lorenz-96 with 60 sites and forcing 8."

config = {
    "model_class": "L96",
    "params": {"N": 60, "F": 8.0},
}
