"""Do rl4da's filters do what DAPPER's do, and how many cycles a second does each manage?

    make peers_dapper   about 6 minutes; writes logs/recorded/filters/peers/filters.json

Three comparisons: the analysis of one and the same ensemble and observation, number by number; the analysis
error of twin experiments, each side with truths of its own; cycles a CPU second, one thread, taking turns.
"""
from statistics import median

import numpy as np
from side import Side, machine, record, seconds, versions  # first: one thread, before numpy asks for more

from rl4da.eakf import EAKF, fresh, identity
from rl4da.filters import ETKF, LETKF, EnKFN, Rotated, StochasticEnKF
from rl4da.models import Lorenz96
from rl4da.twin import Problem, scores

SAKOV_OKE = dict(N=40, F=8.0, dt=0.05, steps=1, var=1.0)
REFERENCE = dict(N=20, F=5.0, dt=2.5e-3, steps=400, var=0.1)
LARGE_STEPS = dict(N=20, F=5.0, dt=0.05, steps=20)    # the reference experiment, 20 times cheaper
WIDTH = 1.82                                          # DAPPER's localization radius times this is ours

# The same filters on both sides: ours of an observation `o` with DAPPER's settings `s`, and DAPPER's
OURS = {
    "serial EAKF": lambda o, s: EAKF(o, s.get("infl", 1.0)),
    "localized EAKF": lambda o, s: EAKF(o, s.get("infl", 1.0), WIDTH*s["loc_rad"]),
    "ETKF": lambda o, s: ETKF(o, s.get("infl", 1.0)),
    "LETKF": lambda o, s: LETKF(o, s.get("infl", 1.0), WIDTH*s["loc_rad"]),
    "stochastic EnKF": lambda o, s: StochasticEnKF(o, s.get("infl", 1.0)),
    "EnKF-N": lambda o, s: EnKFN(o),
}
DAPPERS = {
    "serial EAKF": dict(kind="EnKF", upd_a="Serial"), "localized EAKF": dict(kind="SL_EAKF"),
    "ETKF": dict(kind="EnKF", upd_a="Sqrt"), "LETKF": dict(kind="LETKF"),
    "stochastic EnKF": dict(kind="EnKF", upd_a="PertObs"), "EnKF-N": dict(kind="EnKF_N"),
}


def ours(problem):
    "DAPPER's problem as ours."
    model = Lorenz96(problem["N"], problem["F"], problem["dt"])
    return Problem(model, identity(problem["N"], problem["var"]), problem["steps"])


# One analysis. Serial filters take the observations in the order of the sites.

ANALYSES = {"serial EAKF": dict(upd_a="Serial mono"), "localized EAKF": dict(loc_rad=6, ordr="mono"),
            "ETKF": {}, "LETKF": dict(loc_rad=4), "EnKF-N": dict(dual=True)}


def compare_analyses(peer, N=40, M=20):
    "The largest difference between two analyses of the same ensemble, in double precision, and increment."
    rng, obs = np.random.default_rng(0), identity(N, 1.0)
    E = 0.5*rng.normal(size=(N, M)).cumsum(0)
    y, rows = obs.observe(E[:, 0], rng), {}
    for name, s in ANALYSES.items():
        request = dict(E=E.tolist(), y=y.tolist(), var=obs.var) | DAPPERS[name] | s
        a = np.array(peer.ask("analyze", **request)["E"])
        b = OURS[name](obs, s)(E[None], y[None])[0]
        rows[name] = {"largest_difference": float(abs(a - b).max()),
                      "largest_increment": float(abs(b - E).max())}
        print(f"{name:16} analyses differ by {rows[name]['largest_difference']:.1g}", flush=True)
    return rows


# Scores: members, settings and the score that DAPPER documents (Sakov-Oke), or None

LONG, SHORT = dict(cycles=1000, burn_in=300, seeds=[1, 2, 3]), dict(cycles=600, burn_in=200, seeds=[1, 2, 3])
EASY = dict(cycles=400, burn_in=80, seeds=list(range(1, 9)))
PUBLISHED = [("serial EAKF", 28, dict(infl=1.02, rot=True), LONG, 0.18),
             ("ETKF", 24, dict(infl=1.013, rot=True), LONG, 0.18),
             ("stochastic EnKF", 40, dict(infl=1.06), LONG, 0.22),
             ("EnKF-N", 24, dict(rot=True), LONG, 0.21),
             ("LETKF", 7, dict(infl=1.04, loc_rad=4, rot=True), SHORT, 0.22),
             ("localized EAKF", 7, dict(infl=1.07, loc_rad=6, rot=True), SHORT, 0.23)]
OWN = [("serial EAKF", 20, dict(infl=1.2, rot=True), EASY, None),
       ("stochastic EnKF", 20, dict(infl=1.2), EASY, None),
       ("EnKF-N", 20, dict(rot=True), EASY, None)]
SCORES = [("Sakov-Oke", SAKOV_OKE, row) for row in PUBLISHED]
SCORES += [(f"reference, R = {r}", LARGE_STEPS | {"var": r}, row) for r in (0.1, 1.0) for row in OWN]


class InflatedAfter:
    "`filter`, and its analysis anomalies times `factor`: where DAPPER inflates. Ours inflate the forecast."
    def __init__(self, filter, factor): self.filter, self.factor = filter, factor
    def reset(self, E): fresh(self.filter, E)
    def __call__(self, E, y):
        Ea = np.asarray(self.filter(E, y))
        mean = Ea.mean(-1, keepdims=True)
        return mean + self.factor*(Ea - mean)


def our_filters(obs, name, s):
    "Our filter with DAPPER's order of inflation, and with ours, for the settings `s`."
    turned = Rotated if s.get("rot") else lambda filter: filter
    after = turned(OURS[name](obs, s | {"infl": 1.0}))
    return {"after": InflatedAfter(after, s.get("infl", 1.0)), "before": turned(OURS[name](obs, s))}


def compare_scores(peer, runs=16):
    "Mean analysis RMSE of both sides, with standard errors over their experiments."
    rows = []
    for task, problem, (name, M, s, lengths, documented) in SCORES:
        theirs = peer.ask("score", problem=problem, N=M, **lengths, **DAPPERS[name], **s)["rmse_a"]
        p = ours(problem)
        ds = p.run(our_filters(p.obs, name, s), cycles=lengths["cycles"], members=M, runs=runs, seed=1)
        own, before = scores(ds, lengths["burn_in"]/lengths["cycles"]).iloc
        se = np.std(theirs, ddof=1)/len(theirs)**0.5
        rows.append({"task": task, "method": name, "members": M, "settings": s, **lengths,
                     "documented": documented, "ours": own.rmse_a, "ours_se": own.rmse_a_se,
                     "ours_runs": runs, "ours_diverged": int(own.diverged), "before": before.rmse_a,
                     "before_se": before.rmse_a_se, "dapper": float(np.mean(theirs)), "dapper_se": float(se)})
        print(f"{task:18} {name:16} ours {own.rmse_a:.3f} ± {own.rmse_a_se:.3f} "
              f"(inflated before: {before.rmse_a:.3f} ± {before.rmse_a_se:.3f}), "
              f"DAPPER {np.mean(theirs):.3f} ± {se:.3f}", flush=True)
    return rows


# Speed: task, problem, members, settings, DAPPER's cycles a turn without and with its statistics

SPEED = [("reference", REFERENCE, 20, "serial EAKF", dict(infl=1.02), 15, 15),
         ("reference", REFERENCE, 20, "ETKF", dict(infl=1.02), 15, 15),
         ("Sakov-Oke", SAKOV_OKE, 20, "serial EAKF", dict(infl=1.02), 500, 150),
         ("Sakov-Oke", SAKOV_OKE, 40, "serial EAKF", dict(infl=1.02), 400, 150),
         ("Sakov-Oke", SAKOV_OKE, 20, "localized EAKF", dict(infl=1.02, loc_rad=6), 80, 60),
         ("Sakov-Oke", SAKOV_OKE, 20, "ETKF", dict(infl=1.02), 500, 150),
         ("Sakov-Oke", SAKOV_OKE, 20, "LETKF", dict(infl=1.02, loc_rad=4), 30, 30),
         ("Sakov-Oke", SAKOV_OKE, 20, "stochastic EnKF", dict(infl=1.02), 800, 150),
         ("Sakov-Oke", SAKOV_OKE, 20, "EnKF-N", {}, 500, 150)]
BATCHES = 1, 32, 128


def our_seconds(problem, make, members, runs, cycles):
    "Seconds for truths, observations, forecasts, analyses and all scores of `runs` experiments."
    p = ours(problem)
    _, took = seconds(lambda: p.run({"it": make(p.obs)}, cycles=cycles, members=members, runs=runs, seed=1))
    return {"cycles": cycles*runs, **took}


def turns(asks, rounds):
    "Cycles a CPU second of each of `asks`, a list over rounds; the order is reversed every other round."
    rates = {key: [] for key in asks}
    for k in range(rounds):
        for key in list(asks)[::1 if k % 2 else -1]:
            t = asks[key]()
            rates[key].append(t["cycles"]/t["cpu"])
    return rates


def compare_speed(peer, rounds=3):
    """Cycles a CPU second, medians of `rounds`, and ratios, medians of the rounds' ratios.

    DAPPER "full": with its statistics; "core": forecast and analysis only. Ours: with truths, observations
    and all scores."""
    rows = []
    for task, problem, M, name, s, core, full in SPEED:
        make = lambda o, name=name, s=s: OURS[name](o, s)
        work = 40 if task == "reference" else 1
        lengths = {B: max(4, round(1500/B**0.65/work)) for B in BATCHES}
        asks = {f"ours, {B}": (lambda B=B, n=n: our_seconds(problem, make, M, B, n))
                for B, n in lengths.items()}
        ask = dict(problem=problem, seed=1, N=M, **DAPPERS[name], **s)
        asks["core"] = lambda: peer.ask("speed", cycles=core, statistics=False, **ask)
        asks["full"] = lambda: peer.ask("speed", cycles=full, statistics=True, **ask)
        for B in BATCHES: our_seconds(problem, make, M, B, 2)              # compile
        rates = turns(asks, rounds)
        best = max((f"ours, {B}" for B in BATCHES), key=lambda key: median(rates[key]))
        ratios = {f"{a} over {b}": median(x/y for x, y in zip(rates[key], rates[b]))
                  for a, key in (("batch", best), ("single", "ours, 1")) for b in ("core", "full")}
        rows.append({"task": task, "members": M, "method": name, "settings": s, "best": best, **ratios,
                     "cycles_per_cpu_second": {key: median(r) for key, r in rates.items()}})
        print(f"{task:10} M={M} {name:16}", {key: round(median(r)) for key, r in rates.items()},
              {key: round(r, 1) for key, r in ratios.items()}, flush=True)
    return rows


if __name__ == "__main__":
    peer = Side(".venv-dapper", "dapper_side.py")
    about = {"DAPPER": peer.ask("about")["versions"], "rl4da": versions("numpy", "numba", "scipy")}
    results = dict(machine=machine(), versions=about)
    parts = {"analyses": compare_analyses, "speed": compare_speed, "scores": compare_scores}
    for name, compare in parts.items():
        results[name] = compare(peer)
        record("filters", results)
    peer.close()
