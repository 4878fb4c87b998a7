"""Golden figures for src/queueing.rs: writes tests/golden/moderation_queueing.json.

Run: python s26_queueing.py tests/golden/moderation_queueing.json

Erlang B and C: Poisson sums in 40 digits (mpmath), not the recursion. Least numbers of servers: every number in turn, from below. Ages: the sum of a wait and a
handling time by numerical integration, its quantile by root finding (SciPy). Checked by a simulation of single items, whose figures stand beside them.
"""
import heapq
import json
import platform
import sys

import mpmath
import numpy as np
import scipy
from scipy import integrate, optimize, stats

mpmath.mp.dps = 40


def erlang(a, c):
    """B and C by their sums: terms a^k / k!, relative to the last."""
    a = mpmath.mpf(a)
    term = total = mpmath.mpf(1)
    for k in range(c, 0, -1):
        term = term * k / a
        total += term
        if term < mpmath.mpf(10) ** -60 and k < a:
            break
    b = 1 / total
    return b, c * b / (c - a * (1 - b)) if c > a else None


def formulas(lam, tau, c):
    a = lam * tau
    b, wait = erlang(a, c)
    wait = float(wait)
    rate = (c - a) / tau

    def older(t):
        waited = integrate.quad(lambda x: rate * np.exp(-rate * x) * np.exp(-(t - x) / tau), 0, t, epsabs=1e-13, epsrel=1e-12)[0]
        return (1 - wait) * np.exp(-t / tau) + wait * (waited + np.exp(-rate * t))

    def age(q):
        high = tau
        while older(high) > 1 - q:
            high *= 2
        return optimize.brentq(lambda t: older(t) - (1 - q), 0, high, xtol=1e-11, rtol=1e-13)

    quantiles = [0.5, 0.9, 0.95, 0.99]
    return {
        "arrivals_per_s": lam, "handling_s": tau, "servers": c, "erlang_b": float(b), "waiting": wait, "mean_wait_s": wait / rate,
        "within": [[t * tau, 1 - wait * float(np.exp(-rate * t * tau))] for t in (0.0, 0.5, 5.0)],
        "wait_quantiles_s": [[q, max(0.0, float(np.log(wait / (1 - q))) / rate)] for q in quantiles],
        "age_quantiles_s": [[q, float(age(q))] for q in quantiles],
    }


def simulated(lam, tau, c, items, seed):
    rng = np.random.default_rng(seed)
    arrive = np.cumsum(rng.exponential(1 / lam, items))
    handling = rng.exponential(tau, items)
    free = [0.0] * c
    waits = np.empty(items)
    for i in range(items):
        start = max(arrive[i], heapq.heappop(free))
        waits[i] = start - arrive[i]
        heapq.heappush(free, start + handling[i])
    keep = slice(items // 10, None)
    ages = waits[keep] + handling[keep]
    return {"waiting": float((waits[keep] > 0).mean()), "mean_wait_s": float(waits[keep].mean()),
            "p95_wait_s": float(np.quantile(waits[keep], 0.95)), "p95_age_s": float(np.quantile(ages, 0.95))}


def staffed(lam, tau, within, share):
    a = lam * tau
    c = int(a) + 1
    while 1 - float(erlang(a, c)[1]) * np.exp(-(c - a) / tau * within) < share:
        c += 1
    return [lam, tau, within, share, c]


cases = [formulas(lam, tau, c) for lam, tau, c in [
    (0.5, 1.0, 1), (0.9, 1.0, 1), (1.5, 2.0, 4), (0.2, 30.0, 7), (440000 / 86400, 60.0, 307), (10.0, 12.0, 121), (1.0, 1000.0, 1010), (5.0, 1000.0, 5050)]]
for case in cases[:6]:
    if case["servers"] < 200:
        case["simulated"] = simulated(case["arrivals_per_s"], case["handling_s"], case["servers"], 2_000_000, 26)
large = []
for a, c in [(99_500.0, 100_000), (99_990.0, 100_000), (90_000.0, 100_000)]:
    b = float(stats.poisson.pmf(c, a) / stats.poisson.cdf(c, a))
    exact = erlang(a, c)
    assert abs(b / float(exact[0]) - 1) < 1e-6, (b, exact)
    large.append([a, c, float(exact[0]), float(exact[1])])
with open(sys.argv[1], "w") as file:
    json.dump({
        "by": f"mpmath {mpmath.__version__}, scipy {scipy.__version__}, numpy {np.__version__}, Python {platform.python_version()}",
        "cases": cases, "large": large,
        "staffed": [staffed(*of) for of in [(440000 / 86400, 60.0, 300.0, 0.9), (1.0, 60.0, 20.0, 0.8), (0.01, 60.0, 0.0, 0.99), (20.0, 180.0, 10.0, 0.95),
                                            (2.0, 1.0, 0.0, 0.5)]],
    }, file, indent=1)
    file.write("\n")
