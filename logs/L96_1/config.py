"Lorenz-96 with 20 sites and forcing 5: the reference experiment."

config = {
    "model_class": "L96",
    "params": {"N": 20, "F": 5.0},
}
