"""Golden figures for src/metrics/prediction_powered: writes tests/golden/prediction_powered.json.

Run: python s24_prediction_powered.py tests/golden/prediction_powered.json   (pip install ppi-python scipy)

`ppi`: point and standard error of ppi_py at the same lambda times the share without a label (its second sample is what has no label).
`powered`, `labels_only`: numpy.polyfit with weights for lambda, the jackknife by leaving every example or cluster out for real, Wilson's
interval by solving for the two means that lie t standard errors away (scipy.optimize.brentq).
`inclusion`: tau by bisection, so that sum min(1, tau p) = n.
"""
import json
import platform
import sys

import numpy as np
import ppi_py
import scipy
from scipy.optimize import brentq
from scipy.stats import beta, t as student

rng = np.random.default_rng(24)


def point(f, places, y, w, powered):
    """f of all; places, labels and weights of the labelled."""
    value = np.average(y, weights=w)
    if not powered:
        return value, 0.0
    x = f[places]
    slope = np.polyfit(x - x.mean(), y, 1, w=np.sqrt(w))[0] if np.ptp(x) > 0 else 0.0
    return value + slope * (f.mean() - np.average(x, weights=w)), slope


def estimate(f, places, y, w, clusters, powered):
    value, slope = point(f, places, y, w, powered)
    names = list(dict.fromkeys(clusters))
    labelled = {clusters[p] for p in places}
    units = len(labelled)
    variance = 0.0
    for name in names:
        keep = clusters != name
        kept = np.flatnonzero(keep)
        new_place = np.full(len(f), -1)
        new_place[kept] = np.arange(len(kept))
        rows = keep[places]
        if name in labelled:
            without, _ = point(f[keep], new_place[places[rows]], y[rows], w[rows], powered)
            variance += (units - 1) / units * (without - value) ** 2
        else:
            x = f[places]
            without = np.average(y, weights=w) + slope * (f[keep].mean() - np.average(x, weights=w))
            variance += (without - value) ** 2
    q = student.ppf(0.975, units - 1 - powered)
    mean = np.average(y, weights=w)
    if y.min() < 0 or y.max() > 1:
        low, high = value - q * variance**0.5, value + q * variance**0.5
    elif mean * (1 - mean) < 1e-12:
        low = beta.ppf(0.025, units, 1) if mean > 0.5 else 0.0
        high = 1.0 if mean > 0.5 else beta.ppf(0.975, 1, units)
    else:
        value = min(max(value, 0.0), 1.0)
        number = mean * (1 - mean) / variance
        off = lambda p: (value - p) ** 2 - q * q * p * (1 - p) / number
        low = brentq(off, 0, value) if value > 0 else 0.0
        high = brentq(off, value, 1) if value < 1 else 1.0
    return {"mean": float(value), "standard_error": float(variance**0.5), "interval": [float(low), float(high)]}, slope


cases = []
for total, n, kind, weighted, clustered in [
    (60, 8, "binary", False, False), (300, 40, "binary", False, False), (300, 40, "share", False, False), (300, 60, "share", True, False),
    (300, 60, "binary", True, True), (400, 80, "share", False, True), (200, 30, "any", False, False), (200, 30, "any", True, True),
    (200, 30, "useless", False, False), (100, 20, "constant", False, False), (100, 20, "ones", False, False), (100, 20, "zeros", False, True),
]:
    f = np.round(rng.beta(2, 1.5, total), 3)
    truth = (rng.random(total) < np.clip(1.1 * f - 0.1, 0, 1)).astype(float)
    if kind == "share":
        truth = np.round((truth + 2 * (rng.random(total) < f)) / 3, 3)
    if kind == "any":
        truth = np.round(100 * f + rng.normal(0, 30, total), 2)
    if kind == "useless":
        f = rng.permutation(f)
    if kind == "constant":
        f[:] = 0.5
    if kind in ("ones", "zeros"):
        truth[:] = kind == "ones"
    places = rng.choice(total, n, replace=False)
    inclusion = np.round(rng.uniform(0.1, 1.0, n), 3) if weighted else np.full(n, n / total)
    clusters = rng.integers(0, total // 3, total) if clustered else np.arange(total)
    y = truth[places]
    powered, slope = estimate(f, places, y, 1 / inclusion, clusters, True)
    case = {
        "kind": kind, "predictions": f.tolist(), "places": places.tolist(), "labels": y.tolist(), "inclusion": inclusion.tolist(),
        "clusters": clusters.tolist() if clustered else None, "tuning": float(slope), "powered": powered,
        "labels_only": estimate(f, places, y, 1 / inclusion, clusters, False)[0],
    }
    if not weighted and not clustered:
        rest = np.delete(f, places)
        lam = slope * len(rest) / total
        low, high = ppi_py.ppi_mean_ci(y, f[places], rest, alpha=0.05, lam=lam)
        at = ppi_py.ppi_mean_pointestimate(y, f[places], rest, lam=lam)
        case["ppi"] = {"mean": float(np.ravel(at)[0]), "standard_error": float((np.ravel(high)[0] - np.ravel(low)[0]) / 2 / 1.959963984540054)}
    cases.append(case)

inclusions = []
for n in [1, 5, 12, 19, 20]:
    p = np.round(rng.uniform(0, 1, 20) ** 3 + 0.01, 4)
    f = (1 - np.sqrt(np.clip(1 - 4 * p * p, 0, 1))) / 2
    doubts = np.sqrt(f * (1 - f))
    sizes = 0.7 + 0.3 * doubts / doubts.mean()
    if n == 20:
        chances = np.ones(20)
    else:
        tau = brentq(lambda tau: np.minimum(1, tau * sizes).sum() - n, 0, 1000)
        chances = np.minimum(1, tau * sizes)
    inclusions.append({"predictions": f.tolist(), "n": n, "inclusion": chances.tolist()})

with open(sys.argv[1], "w") as file:
    json.dump({
        "by": f"ppi-python 0.2.3, numpy {np.__version__}, scipy {scipy.__version__}, Python {platform.python_version()}; seed 24",
        "cases": cases, "inclusions": inclusions,
    }, file)
    file.write("\n")
