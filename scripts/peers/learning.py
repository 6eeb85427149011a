"""How fast and how far do PPO of rl4da, stable-baselines3, sb3-contrib and RLlib learn on its environment?

    make peers_rl       about 10 minutes; writes logs/recorded/filters/peers/learning.json

Every learner is a process of its own with one thread. They take turns, a rollout and its update each, in
alternating order, so that a busy machine slows all of them. Seconds are CPU seconds, unless said.
"""
import tempfile
from statistics import median

from side import Side, machine, record

from rl4da.data import small_experiment

VENVS = {"rl4da": ".venv", "SB3 PPO": ".venv-sb3", "RLlib PPO": ".venv-rllib", "rl4da, LSTM": ".venv",
         "RecurrentPPO, shared LSTM": ".venv-sb3", "RLlib PPO, LSTM": ".venv-rllib",
         "RecurrentPPO": ".venv-sb3", "rl4da, preset": ".venv"}
ROUNDS, ROLLOUT, SEED = 6, 2048, 0
FEW = {"RecurrentPPO": 2}                   # rounds of a learner that is asked for its speed only
OURS = {"rl4da": "rl4da", "SB3 PPO": "rl4da", "RLlib PPO": "rl4da", "rl4da, LSTM": "rl4da, LSTM",
        "RecurrentPPO, shared LSTM": "rl4da, LSTM", "RLlib PPO, LSTM": "rl4da, LSTM",
        "RecurrentPPO": "rl4da, LSTM", "rl4da, preset": "rl4da"}      # who each is compared with


def experiments(folder):
    "The reference experiment with large, cheap model steps, and as configured: 400 a cycle."
    small = dict(num_paths=9, path_cycles=1000)
    return {"20 steps": small_experiment("L96_1", dir=f"{folder}/20", **small).dir,
            "400 steps": small_experiment("L96_1", dir=f"{folder}/400", dtda=2.5e-3, num_paths=2,
                                          path_cycles=300, total_steps=120_000, warmup_steps=40_000,
                                          sample_last=80_000).dir}


def turns(sides, rounds):
    "Rollouts and their seconds `{name: [answer, …]}`; the order is reversed every other round."
    took = {name: [] for name in sides}
    for k in range(rounds):
        for name in list(sides)[::1 if k % 2 else -1]:
            if k < FEW.get(name, rounds): took[name].append(sides[name].ask("learn", steps=ROLLOUT))
        print(f"round {k + 1} of {rounds}", flush=True)
    return took


def summary(took):
    "Steps a CPU second and on the clock, and how many times faster rl4da was, round by round."
    rates = {n: [t["steps"]/t["cpu"] for t in ts] for n, ts in took.items()}
    rows = {}
    for name, rate in rates.items():
        ratios = sorted(a/b for a, b in zip(rates[OURS[name]], rate))
        rows[name] = {"steps_per_cpu_second": median(rate), "rounds": len(rate),
                      "steps_per_second": median(t["steps"]/t["wall"] for t in took[name]),
                      "ours": OURS[name], "ours_is_faster_by": median(ratios),
                      "ratios": [ratios[0], ratios[-1]]}
    return rows


def compare(config, names, rounds, skill):
    "The learners `names` on `config`: their speed and, after as many environment steps, their `skill`."
    sides = {name: Side(VENVS[name], "rl_side.py", name, str(config), str(SEED)) for name in names}
    about = {name: side.ask("about") for name, side in sides.items()}
    before = {name: side.ask("evaluate") for name, side in sides.items() if skill and name not in FEW}
    for name in sides: sides[name].ask("learn", steps=1)               # one rollout to warm up
    took = turns(sides, rounds)
    rows = summary(took)
    for name, side in sides.items():
        rows[name] |= {"parameters": about[name]["parameters"]}
        if name in before: rows[name] |= {"before": before[name], "after": side.ask("evaluate"),
                                          "environment_steps": sum(t["steps"] for t in took[name]) + ROLLOUT}
        side.close()
    return rows, about


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        configs = experiments(folder)
        rows, about = compare(configs["20 steps"], list(VENVS), ROUNDS, skill=True)
        long = ["rl4da, LSTM", "RecurrentPPO, shared LSTM", "RLlib PPO, LSTM"]
        slow, _ = compare(configs["400 steps"], long, 1, skill=False)
    for name, r in rows.items():
        skill = f"RMSE {r['after']['rmse_a']:.3f}" if "after" in r else "not scored"
        print(f"{name:28}{r['parameters']:9,} parameters {r['steps_per_cpu_second']:8.0f} steps a second, "
              f"ours faster by {r['ours_is_faster_by']:5.2f}, {skill}")
    versions = {name: a["versions"] for name, a in about.items()}
    environments = {a["versions"]["gymnasium"]: a["environment"] for a in about.values()}
    settings = dict(environments=16, steps=128, epochs=10, minibatch=128, units=64, head=64,
                    our_head={"MLP": 54, "LSTM": 40}, seed=SEED)
    record("learning", dict(machine=machine(), versions=versions, settings=settings, learners=rows,
                            environments=environments, learners_400_steps=slow))
