"Lorenz-63 with its classical parameters, all three variables observed."

config = {
    "model_class": "L63",
    "params": {"sigma": 10.0, "rho": 28.0, "beta": 8 / 3},
}
