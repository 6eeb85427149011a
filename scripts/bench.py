"""How fast are filter, environment and learning? One process, one thread, one run: quote ratios.

    make bench          about a minute; needs no data (it makes its own small set)
"""
import platform
import time

import gymnasium as gym
import numpy as np
import pandas as pd

from rl4da.data import load_config, small_experiment
from rl4da.eakf import eakf, identity
from rl4da.env import AssimilationEnv, AssimilationVectorEnv
from rl4da.models import Lorenz96, l96_tendency, rk4
from rl4da.ppo import Run

MEMBERS, RUNS, STEPS = 20, 32, 400


def per_second(f, units, at_least=1.0):
    "How many `units` of work a second `f` does (called once before, for compilation)."
    f()
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < at_least:
        f()
        calls += 1
    return units * calls / (time.perf_counter() - began)


def numpy_forecast(E, n, F, dt):
    for _ in range(n): E = rk4(lambda x: l96_tendency(x, F), E, dt)
    return E


def numpy_eakf(E, y, r):
    "The serial EAKF (Anderson 2003) of one ensemble `(N, M)`, in plain numpy."
    E = E.copy()
    for j, yj in enumerate(y):
        mean, A = E[j].mean(), E[j] - E[j].mean()
        s2 = A @ A / (len(A) - 1)
        gain = s2 / (s2 + r)
        move = gain*(yj - mean) + (np.sqrt(1 - gain) - 1)*A
        E += np.outer((E - E.mean(1, keepdims=True)) @ A / (len(A) - 1) / s2, move)
    return E


def filter_rates(N=20, F=5.0, dt=2.5e-3):
    "Cycles a second: plain numpy on one ensemble, compiled on one and on a batch."
    model, obs, rng = Lorenz96(N, F, dt), identity(N, 0.1), np.random.default_rng(0)
    batch = rng.normal(size=(RUNS, N, MEMBERS)).astype("f4")
    y = rng.normal(size=(RUNS, N)).astype("f4")
    plain = lambda: numpy_eakf(numpy_forecast(batch[0], STEPS, F, dt), y[0], obs.var)
    single = lambda: eakf(model.step(batch[:1], STEPS), y[:1], obs)
    many = lambda: eakf(model.step(batch, STEPS), y, obs)
    return {"filter cycle, plain numpy": per_second(plain, 1),
            "filter cycle, compiled, one ensemble": per_second(single, 1),
            f"filter cycle, compiled, {RUNS} ensembles": per_second(many, RUNS)}


def learning_rates():
    "Environment steps a second, without and with learning. 400 model steps a cycle, as in the reference."
    exp = small_experiment("L96_1", dtda=load_config("logs/L96_1").dtda)
    agent = exp.preset()
    env = AssimilationVectorEnv(agent.num_envs, exp, agent)
    singles = [lambda: AssimilationEnv(exp, agent)]*agent.num_envs
    sync = gym.vector.SyncVectorEnv(singles, autoreset_mode=gym.vector.AutoresetMode.SAME_STEP)
    rates = {}
    for name, e in (("environment, native", env), ("environment, SyncVectorEnv of single ones", sync)):
        e.reset(seed=0)
        rates[name] = per_second(lambda: e.step(np.zeros(e.action_space.shape, "f4")), agent.num_envs)
    run = Run(exp, agent, exp.dir / "bench")
    cycles = agent.num_envs * agent.num_steps
    return rates | {"learning, everything included": per_second(run.iterate, cycles, at_least=5)}


if __name__ == "__main__":
    rates = filter_rates() | learning_rates()
    table = pd.DataFrame({"per second": rates})
    table["ratio to plain numpy"] = table["per second"] / rates["filter cycle, plain numpy"]
    print(f"Lorenz-96, N = 20, {MEMBERS} members, {STEPS} steps a cycle; {platform.machine()}, one thread")
    print(table.round(1).to_string())
