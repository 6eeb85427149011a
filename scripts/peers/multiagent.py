"""How fast and how far do PPO of rl4da and RLlib learn with an agent per ensemble member?

    make peers_multiagent       about 4 minutes; writes logs/recorded/filters/peers/members.json

The same observations, rewards and number of environment steps; each learner is a process of its own with one
thread, and they take turns. Seconds are CPU seconds.
"""
import json
import tempfile
from statistics import median

from side import ROOT, Side, machine

from rl4da.data import small_experiment

VENVS = {"rl4da": ".venv", "RLlib": ".venv-rllib"}
ROUNDS, ROLLOUT, SEED = 8, 512, 0

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        exp = small_experiment("L96_1", dir=folder, num_paths=9, path_cycles=1000)
        sides = {name: Side(venv, "multiagent_side.py", name, str(exp.dir), str(SEED))
                 for name, venv in VENVS.items()}
        rows = {name: {**side.ask("about"), "before": side.ask("evaluate")} for name, side in sides.items()}
        took = {name: [] for name in sides}
        for k in range(ROUNDS):
            for name in list(sides)[::1 if k % 2 else -1]:
                took[name].append(sides[name].ask("learn", steps=ROLLOUT))
            last = {name: round(answers[-1]["cpu"], 1) for name, answers in took.items()}
            print(f"round {k + 1} of {ROUNDS}, CPU seconds {last}", flush=True)
        for name, side in sides.items():
            timed = took[name][1:]                                             # the first one warms up
            rows[name] |= {"after": side.ask("evaluate"),
                           "environment_steps": sum(t["steps"] for t in took[name]),
                           "steps_per_cpu_second": median(t["steps"]/t["cpu"] for t in timed),
                           "steps_per_second": median(t["steps"]/t["wall"] for t in timed)}
            side.close()
    for name, r in rows.items():
        print(f"{name:8}{r['parameters']:9,} parameters {r['steps_per_cpu_second']:8.0f} steps a CPU second, "
              f"RMSE {r['before']['rmse_a']:.3f} → {r['after']['rmse_a']:.3f}")
    file = ROOT / "logs/recorded/filters/peers/members.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = dict(machine=machine(), seed=SEED, rounds=ROUNDS, learners=rows)
    file.write_text(json.dumps(content, indent=1) + "\n")
    print(f"→ {file.relative_to(ROOT)}")
