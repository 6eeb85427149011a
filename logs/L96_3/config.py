"Lorenz-96 with forcing 4.5: the reference, more gently forced."

config = {
    "model_class": "L96",
    "params": {"N": 20, "F": 4.5},
}
