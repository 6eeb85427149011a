"Lorenz-96 with 17 sites: the reference with another dimension."

config = {
    "model_class": "L96",
    "params": {"N": 17, "F": 5.0},
}
