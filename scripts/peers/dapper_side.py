"""DAPPER's filters, asked through pipes by filters.py. Runs in DAPPER's venv.

A method is the class of `dapper.da_methods`, `kind`, and its arguments. A problem is a dict: N, F, dt, steps
(of the model a cycle), var (of the observations of all N sites).
"""
import os
import tempfile
from pathlib import Path

from side import seconds, serve, versions  # first: one thread, before numpy asks for more

os.chdir(tempfile.mkdtemp())                                 # DAPPER reads its settings here, and writes here
Path("dpr_config.yaml").write_text("data_root: $cwd\nliveplotting: no\n")

import dapper.da_methods as da
import dapper.mods as modelling
import dapper.tools.progressbar as progressbar
import numpy as np
from dapper.dpr_config import rc
from dapper.mods.integration import rk4
from dapper.mods.Lorenz96 import dxdt_autonomous
from dapper.stats import Stats
from dapper.tools.localization import nd_Id_localization
from dapper.tools.randvars import RV
from dapper.tools.seeding import set_seed

progressbar.disable_progbar = True
assess = Stats.assess


def hmm(N, F, dt, steps, var, cycles=2, burn_in=0, sites_at_once=2):
    """DAPPER's description of the twin experiment: truth and members drawn about a state on the attractor.
    `sites_at_once`: sites that share an analysis of the LETKF, 2 as in its sakov2008."""
    step = lambda x, t, h: rk4(lambda x, t: dxdt_autonomous(x) + F, x, t, h)
    x = np.random.default_rng(0).normal(size=N)
    for _ in range(round(20/dt)): x = step(x, 0.0, dt)
    obs = modelling.partial_Id_Obs(N, np.arange(N))
    obs |= {"noise": var, "localizer": nd_Id_localization((N,), (sites_at_once,))}
    time = modelling.Chronology(dt, dko=steps, Ko=cycles - 1, BurnIn=burn_in*steps*dt)
    dynamics, start = {"M": N, "model": step, "noise": 0}, modelling.GaussRV(mu=x, C=1.0)
    return modelling.HiddenMarkovModel(dynamics, obs, time, start)


def method(kind, **arguments): return getattr(da, kind)(**arguments)


def analyze(E, y, var, kind, **arguments):
    "The analysis `(N, M)` of the ensemble `E` with the observation `y`: a cycle whose model does nothing."
    E, seen = np.array(E), {}
    h = hmm(len(E), 8.0, 0.05, 1, var, cycles=2, sites_at_once=1)
    h.Dyn.model, h.X0 = (lambda x, t, dt: x), RV(M=len(E), func=lambda N: E.T)
    def keep(self, k, ko=None, faus=None, E=None): seen.setdefault((ko, faus), E.copy())
    Stats.assess = keep
    method(kind, N=E.shape[1], **arguments).assimilate(h, np.zeros((3, len(E))), np.array([y, y]))
    Stats.assess = assess
    return {"E": seen[0, None].T.tolist()}


def score(problem, cycles, burn_in, seeds, kind, **arguments):
    "Analysis RMSE of each of the experiments with `seeds`, a mean over the cycles after `burn_in`."
    rc.comps["error_only"] = True
    def run(seed):
        set_seed(seed)
        h, xp = hmm(**problem, cycles=cycles, burn_in=burn_in), method(kind, **arguments)
        xp.assimilate(h, *h.simulate())
        return float(xp.stats.err.rms.a[h.tseq.masko].mean())
    results, took = seconds(lambda: [run(s) for s in seeds])
    rc.comps["error_only"] = False
    return {"rmse_a": results, **took}


def speed(problem, cycles, statistics, seed, kind, **arguments):
    """Seconds for `cycles`: with `statistics` for truth, observations, forecasts, analyses and DAPPER's usual
    scores; without, for forecasts and analyses alone."""
    set_seed(seed)
    h, xp = hmm(**problem, cycles=cycles), method(kind, **arguments)
    if statistics: _, took = seconds(lambda: xp.assimilate(h, *h.simulate()))
    else:
        truth = h.simulate()
        Stats.assess = lambda self, *args, **kwargs: None
        _, took = seconds(lambda: xp.assimilate(h, *truth))
        Stats.assess = assess
    return {"cycles": cycles, **took}


serve(lambda: {"about": lambda: {"versions": versions("dapper", "numpy", "scipy")},
               "analyze": analyze, "score": score, "speed": speed})
