"""Train one agent per ensemble member, or search for its hyperparameters.

    train_multiagent.py --dir logs/L96_4 [--agent multi --num-workers 2 --num-gpus 0 --seed 0]
    train_multiagent.py --dir logs/L96_4 --tune [--num-samples 20 --max-concurrent-trials 2 --steps 10000]
    train_multiagent.py --record        score the trained agents of 07_multiagent and keep them
"""
import sys

# --num-samples=20 and --num_samples 20 are the same here
names = [arg.partition("=") if arg.startswith("--") else (arg, "", "") for arg in sys.argv]
sys.argv = [name if not name.startswith("--") else "--" + name[2:].replace("-", "_") + eq + value
            for name, eq, value in names]

if "--tune" in sys.argv:
    from rl4da.tune import main  # Ray is needed from here on only
    sys.argv.remove("--tune")
    if "--agent" not in sys.argv: sys.argv += ["--agent", "multi"]
else:
    from rl4da.multiagent import main

if __name__ == "__main__": main()
