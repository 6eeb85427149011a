"""One side of a comparison: a process of its own, in a venv of its own, that answers requests.

A request and its answer are a line of JSON each, through pipes. What libraries print goes to a log.
"""
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

for threads in ("OMP", "MKL", "OPENBLAS", "NUMBA"): os.environ.setdefault(f"{threads}_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "logs/recorded/filters/peers"


def serve(build):
    "Answer requests `{do: name, …}` on stdin by the functions `{name: f}` that `build()` returns."
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)                                   # whatever a library prints is not an answer
    answers = build()
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(answers[request.pop("do")](**request)), file=replies, flush=True)


def answers(learner, evaluate, **more):
    "What may be asked of a `learner`; `evaluate` takes its controller, `more` is said of it as well."
    def learn(steps):
        n = max(1, round(steps/learner.steps))
        _, took = seconds(lambda: [learner.iterate() for _ in range(n)])
        return {"steps": n*learner.steps, **took}

    def about():
        return {"parameters": learner.parameters, "steps_a_rollout": learner.steps,
                "versions": versions(*learner.packages), **more}

    return {"about": about, "learn": learn, "evaluate": lambda: evaluate(learner.controller)}


class Side:
    "A script of this folder, running with the Python of `venv`."
    def __init__(self, venv, script, *args):
        command = [ROOT / venv / "bin/python", Path(__file__).with_name(script), *args]
        self.name, self.log = f"{venv} {script}", tempfile.NamedTemporaryFile("w+", suffix=".log")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log, text=True, cwd=ROOT)

    def ask(self, do, **request):
        "The answer to one request. Raises `RuntimeError` with the end of the log if the process died."
        try:
            print(json.dumps({"do": do, **request}), file=self.process.stdin, flush=True)
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            self.log.seek(0)
            raise RuntimeError(f"{self.name} ended:\n{self.log.read()[-3000:]}") from None

    def close(self):
        self.process.stdin.close()
        try: self.process.wait(60)
        except subprocess.TimeoutExpired: self.process.kill()


def seconds(f):
    "What `f()` returns, and the CPU seconds of this process and the seconds on the clock that it took."
    cpu, wall = time.process_time(), time.perf_counter()
    result = f()
    return result, {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def versions(*names): return {"python": platform.python_version(), **{name: version(name) for name in names}}


def machine():
    "Cores and processor: what a reader needs to know of the machine, and no more."
    try: model = [s for s in open("/proc/cpuinfo") if s.startswith("model name")][0].split(":")[1].strip()
    except (OSError, IndexError): model = platform.processor()
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system()}


def record(name, content):
    "Write `content` to the recorded results."
    RECORDED.mkdir(parents=True, exist_ok=True)
    (RECORDED / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
    print(f"→ {(RECORDED / name).relative_to(ROOT)}.json")
