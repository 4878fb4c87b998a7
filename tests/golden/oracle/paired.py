"""Golden figures for paired comparison: writes tests/golden/paired.json (and prints a summary).

Run: OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python paired.py OUT
"""
import json, platform, sys, time
from decimal import Decimal, getcontext
import numpy as np, scipy
from scipy import stats

OUT = sys.argv[1]
B_PERM = 999_999
B_BCA = 200_000
SEED_PERM, SEED_BCA, SEED_BCA2 = 1, 2, 3
t00 = time.time()


def say(*x):
    print(f"[{time.time() - t00:6.1f}s]", *x, flush=True)


def r4(x):
    return np.round(np.asarray(x, float), 4)


def units(x):
    """10^4 x, exactly."""
    u = np.rint(np.asarray(x) * 1e4).astype(np.int64)
    assert np.array_equal(u / 1e4, np.asarray(x)), "not a multiple of 1e-4"
    return u


def exact_p(ints):
    """Share of the 2^n sign patterns with |sum| >= |observed|, from the distribution of the integer sum.
    Of a sum of +-v, only the magnitudes matter; the distribution of sum(bit * 2v), bits fair."""
    v = np.abs(ints[ints != 0]).astype(np.int64)
    if len(v) == 0:
        return 1.0
    g = int(np.gcd.reduce(v))
    v //= g
    total, obs = int(v.sum()), abs(int(ints.sum())) // g
    dist = np.zeros(total + 1)  # index = sum of the v with bit 1; signed sum = 2 * index - total
    dist[0] = 1.0
    top = 0
    for x in v:
        new = dist[: top + x + 1] * 0.5
        new[x:] += dist[: top + 1] * 0.5
        top += int(x)
        dist[: top + 1] = new
    assert abs(dist.sum() - 1) < 1e-10
    low = (total - obs) // 2  # 2 i - total <= -obs
    return float(min(1.0, 2 * dist[: low + 1].sum())) if obs > 0 else 1.0


def mc_error(p, b):
    return float(np.sqrt(p * (1 - p) / b))


# ---------------------------------------------------------------- paired samples
def mean_diff(a, b, axis=-1):
    return np.mean(b - a, axis=axis)


def mean(x, axis=-1):
    return np.mean(x, axis=axis)


def rr(rng, n, p):
    """reciprocal ranks: geometric rank, 0 beyond rank 10."""
    rank = rng.geometric(p, n)
    return np.where(rank <= 10, 1.0 / rank, 0.0)


def rr_pair(seed, n, p, q, moved):
    rng = np.random.default_rng(seed)
    a = rr(rng, n, p)
    b = np.where(rng.random(n) < moved, rr(rng, n, q), a)
    return r4(a), r4(b)


def ndcg_pair(seed, n, gain, noise):
    """many 0 and 1 on both sides."""
    rng = np.random.default_rng(seed)
    q = rng.normal(0.6, 0.6, n)
    return r4(np.clip(q, 0, 1)), r4(np.clip(q + rng.normal(gain, noise, n), 0, 1))


def small_pair(seed, n):
    rng = np.random.default_rng(seed)
    a = rng.beta(2, 2, n)
    return r4(a), r4(np.clip(a + rng.normal(0.014, 0.05, n), 0, 1))


def few():
    rng = np.random.default_rng(8)
    a = r4(rng.beta(2, 3, 8))
    return a, r4(np.clip(a + rng.normal(0.15, 0.2, 8), 0, 1))


PAIRS = {
    "few_8": few(),
    "rr_12": rr_pair(12, 12, 0.35, 0.6, 0.8),
    "rr_40": rr_pair(40, 40, 0.35, 0.5, 0.6),
    "ndcg_60": ndcg_pair(60, 60, 0.03, 0.2),
    "small_gain_150": small_pair(151, 150),
    "strong_150": ndcg_pair(152, 150, 0.1, 0.2),
    "rr_300": rr_pair(300, 300, 0.4, 0.45, 0.5),
    "null_300": ndcg_pair(301, 300, 0.0, 0.2),
}


def samples():
    out = {}
    for name, (a, b) in PAIRS.items():
        n = len(a)
        ints = units(b) - units(a)
        exact = exact_p(ints)
        small = n <= 12
        res = stats.permutation_test(
            (a, b), mean_diff, permutation_type="samples", alternative="two-sided", vectorized=True,
            n_resamples=np.inf if small else B_PERM, batch=max(1, 2_000_000 // n),
            rng=np.random.default_rng(SEED_PERM))
        p = float(res.pvalue)
        if small:
            assert abs(p - exact) < 1e-12, (name, p, exact)
        else:
            assert abs(p - exact) < 5 * 2 * mc_error(max(exact / 2, 1e-6), B_PERM) + 3e-6, (name, p, exact)
        cis = []
        for seed in (SEED_BCA, SEED_BCA2):
            ci = stats.bootstrap((b - a,), mean, method="BCa", confidence_level=0.95, n_resamples=B_BCA,
                                 batch=max(1, 2_000_000 // n), vectorized=True,
                                 rng=np.random.default_rng(seed)).confidence_interval
            cis.append([float(ci.low), float(ci.high)])
        out[name] = {
            "n": n, "a": a.tolist(), "b": b.tolist(), "mean": float(ints.sum() / 1e4 / n),
            "permutation_p": p, "permutation_kind": "exact" if small else f"monte carlo {B_PERM}",
            "permutation_p_exact": exact, "bca": cis[0], "bca_other_seed": cis[1]}
        say(name, n, "ties", int((ints == 0).sum()), "zeros/ones of a", int((a == 0).sum()), int((a == 1).sum()),
            "mean %.5f" % out[name]["mean"], "p", p, "exact", exact, "bca", cis)
    return out


# ---------------------------------------------------------------- McNemar
WL = [(0, 0), (1, 0), (0, 1), (0, 5), (5, 0), (1, 1), (2, 1), (5, 5), (5, 6), (10, 3), (3, 10), (7, 15), (1, 9),
      (0, 30), (20, 21), (25, 12), (60, 40), (100, 100), (101, 100), (120, 80), (300, 240), (300, 299), (800, 650),
      (1000, 0), (5000, 4800), (40000, 39500), (100000, 99000)]


def mcnemar_decimal(w, l):
    """2 P(X <= min), X ~ Bin(n, 1/2), by recurrence with 60 digits."""
    getcontext().prec = 60
    n, k = w + l, min(w, l)
    if w == l:
        return 1.0
    term = acc = Decimal(1)
    for i in range(k):
        term = term * (n - i) / (i + 1)
        acc += term
    return float(min(Decimal(1), 2 * acc / Decimal(2) ** n))


def mcnemar():
    try:
        from statsmodels.stats.contingency_tables import mcnemar as sm
    except ImportError:
        sm = None
    out, worst, worst_sm = [], 0.0, 0.0
    for w, l in WL:
        p = 1.0 if w + l == 0 else float(stats.binomtest(min(w, l), w + l, 0.5).pvalue)
        d = mcnemar_decimal(w, l)
        worst = max(worst, abs(p / d - 1))
        assert abs(p / d - 1) < 1e-8, (w, l, p, d)
        if sm is not None and w + l:
            q = float(sm([[0, w], [l, 0]], exact=True).pvalue)
            worst_sm = max(worst_sm, abs(q / p - 1))
            assert abs(q / p - 1) < 1e-8, (w, l, p, q)
        out.append({"wins": w, "losses": l, "p": p})
    say("mcnemar: largest relative difference of scipy from 60-digit sum", worst, "of statsmodels from scipy", worst_sm,
        "statsmodels", sm is not None)
    return out, worst, worst_sm, sm is not None


# ---------------------------------------------------------------- clusters
def make_clusters(seed, k, mean_size, cluster_sd, noise, gain, kind="poisson", correlated=0.0):
    rng = np.random.default_rng(seed)
    if kind == "poisson":
        size = 1 + rng.poisson(mean_size - 1, k)
    else:
        size = np.minimum(1 + rng.geometric(1 / mean_size, k), 30)
    eff = gain + rng.normal(0, cluster_sd, k) + correlated * (size - size.mean())
    c = np.repeat(np.arange(k), size)
    d = r4(np.clip(eff[c] + rng.normal(0, noise, len(c)), -1, 1))
    if kind == "binary":
        d = np.where(d > 0.25, 1.0, np.where(d < -0.25, -1.0, 0.0))
    order = rng.permutation(len(c))  # examples of a cluster need not be neighbours
    return c[order], d[order]


CLUSTERS = {
    "clusters_12": make_clusters(112, 12, 5, 0.15, 0.2, 0.1),
    "clusters_40": make_clusters(140, 40, 5, 0.1, 0.2, 0.07, kind="geometric"),
    "clusters_80": make_clusters(180, 80, 5, 0.1, 0.2, 0.02),
    "clusters_60_size_matters": make_clusters(161, 60, 5, 0.05, 0.15, 0.03, kind="geometric", correlated=0.012),
    "clusters_50_binary": make_clusters(150, 50, 4, 0.2, 0.3, 0.08, kind="binary"),
}


def ratio(s, c, axis=-1):
    return np.sum(s, axis=axis) / np.sum(c, axis=axis)


def flip_mc(values, b, seed, chunk=2000):
    """(1 + #{|sum| >= |observed|}) / (1 + b), signs from random bits; values may be integers (then exact)."""
    rng = np.random.default_rng(seed)
    k = len(values)
    v = values.astype(float)
    obs, total, hit, done = abs(v.sum()), v.sum(), 0, 0
    tol = 1e-12 * np.abs(v).sum()
    while done < b:
        m = min(chunk, b - done)
        bits = rng.integers(0, 2, size=(m, k), dtype=np.int8).astype(float)
        s = total - 2 * (bits @ v)
        hit += int((np.abs(s) >= obs - tol).sum())
        done += m
    return (1 + hit) / (1 + b)


def clusters():
    out = {}
    for name, (c, d) in CLUSTERS.items():
        ints = units(d)
        k = int(c.max()) + 1
        counts = np.bincount(c, minlength=k)
        isum = np.zeros(k, np.int64)
        np.add.at(isum, c, ints)
        sums = isum / 1e4
        exact = exact_p(isum)
        if k <= 12:
            pats = 1 - 2 * ((np.arange(2 ** k)[:, None] >> np.arange(k)) & 1)
            p = float((np.abs(pats @ isum) >= abs(int(isum.sum()))).mean())
            kind = "exact"
            assert abs(p - exact) < 1e-12
        else:
            p = flip_mc(isum, B_PERM, SEED_PERM)
            kind = f"monte carlo {B_PERM}"
            assert abs(p - exact) < 6 * mc_error(max(exact, 1e-6), B_PERM) + 3e-6, (name, p, exact)
        cis = []
        for seed in (SEED_BCA, SEED_BCA2):
            ci = stats.bootstrap((sums, counts), ratio, paired=True, vectorized=True, method="BCa",
                                 confidence_level=0.95, n_resamples=B_BCA, batch=20_000,
                                 rng=np.random.default_rng(seed)).confidence_interval
            cis.append([float(ci.low), float(ci.high)])
        naive = exact_p(ints)
        out[name] = {"clusters": k, "n": len(c), "cluster": c.tolist(), "difference": d.tolist(),
                     "mean": float(isum.sum() / 1e4 / len(c)), "permutation_p": p, "permutation_kind": kind,
                     "permutation_p_exact": exact, "bca": cis[0], "bca_other_seed": cis[1]}
        say(name, "k", k, "n", len(c), "sizes", counts.min(), counts.max(), "mean %.5f" % out[name]["mean"], "p", p,
            "exact", exact, "ignoring clusters", naive, "bca", cis)
    return out


def formula():
    h = [((c * 2654435761) % 2 ** 32) / 2 ** 32 for c in range(3000)]
    size = np.array([1 + int(6 * h[c]) for c in range(1500)])
    sums = np.array([float(size[c]) * (h[c] ** 4 - 0.25) + 0.1 * (h[c + 1500] - 0.5) for c in range(1500)])
    cis = []
    for seed in (SEED_BCA, SEED_BCA2):
        ci = stats.bootstrap((sums, size), ratio, paired=True, vectorized=True, method="BCa", confidence_level=0.95,
                             n_resamples=100_000, batch=2_000, rng=np.random.default_rng(seed)).confidence_interval
        cis.append([float(ci.low), float(ci.high)])
    p = flip_mc(sums, 99_999, SEED_PERM)
    res = {"formula": "for c in 0..1500: h(c) = ((c * 2654435761) mod 2^32) / 2^32; size(c) = 1 + floor(6 h(c)); "
                      "sum(c) = size(c) * (h(c)^4 - 0.25) + 0.1 * (h(c + 1500) - 0.5)",
           "clusters": 1500, "n": int(size.sum()), "sum": float(sums.sum()), "first_sums": sums[:4].tolist(),
           "first_sizes": size[:4].tolist(), "mean": float(sums.sum() / size.sum()),
           "permutation_p": p, "permutation_kind": "monte carlo 99999", "n_resamples": 100_000,
           "bca": cis[0], "bca_other_seed": cis[1]}
    say("formula", res)
    return res


# ---------------------------------------------------------------- the rest
def binary():
    out = []
    for k, n in [(0, 1), (1, 1), (0, 10), (10, 10), (1, 10), (5, 10), (3, 7), (27, 30), (0, 300), (281, 300), (412, 1000),
                 (99_990, 100_000)]:
        ci = stats.binomtest(k, n).proportion_ci(confidence_level=0.95, method="exact")
        lo = 0.0 if k == 0 else stats.beta.ppf(0.025, k, n - k + 1)
        hi = 1.0 if k == n else stats.beta.ppf(0.975, k + 1, n - k)
        assert abs(lo - ci.low) < 1e-9 and abs(hi - ci.high) < 1e-9, (k, n, ci, lo, hi)
        out.append({"successes": k, "n": n, "low": float(ci.low), "high": float(ci.high)})
        say("cp", k, n, ci.low - lo, ci.high - hi)
    return out


def power():
    out = []
    for n, sd, delta, alpha in [(283, .3, .05, .05), (100, .3, .05, .05), (1766, .3, .02, .05), (7064, .3, .01, .05),
                                (300, .2, .03, .01), (50, .4, .2, .05), (50, .4, 0.0, .05), (10, .5, -.01, .1)]:
        z, x = stats.norm.isf(alpha / 2), delta * np.sqrt(n) / sd
        out.append({"n": n, "sd": sd, "delta": delta, "alpha": alpha,
                    "power": float(stats.norm.cdf(x - z) + stats.norm.cdf(-x - z))})
    need = []
    for sd, delta, alpha in [(.3, .05, .05), (.3, .02, .05), (.3, .01, .05), (.3, .05, .01)]:
        need.append({"sd": sd, "delta": delta, "alpha": alpha, "power": 0.8,
                     "needed": float((stats.norm.isf(alpha / 2) + stats.norm.ppf(.8)) ** 2 * sd ** 2 / delta ** 2)})
    say("power", out, need)
    return out, need


mc, worst, worst_sm, has_sm = mcnemar()
bi = binary()
pw, need = power()
cl = clusters()
fo = formula()
sa = samples()
versions = {"scipy": scipy.__version__, "numpy": np.__version__, "python": platform.python_version()}
if has_sm:
    import statsmodels
    versions["statsmodels"] = statsmodels.__version__
doc = {
    "command": "OPENBLAS_NUM_THREADS=1 python tests/golden/oracle/paired.py tests/golden/paired.json",
    "versions": versions,
    "conventions": {
        "a, b": "baseline and candidate, multiples of 1e-4; the statistic is the mean of b - a",
        "permutation_p": "samples: scipy permutation_test((a, b), permutation_type='samples', two-sided): twice the smaller tail, "
                         "(1 + hits) / (1 + B) in each when Monte Carlo; clusters: own NumPy, signs of whole clusters, "
                         "share with |sum| >= |observed| ((1 + hits) / (1 + B) when Monte Carlo); rng default_rng(1)",
        "permutation_p_exact": "over all 2^n sign patterns (2^k of clusters), from the distribution of the integer sum of 10^4 (b - a); "
                               "equal sums count",
        "bca": "scipy bootstrap, method BCa, 95 %, 200000 resamples, rng default_rng(2); bca_other_seed: default_rng(3)",
        "clusters": "mean over examples = sum of cluster sums / sum of cluster sizes; bootstrap((sums, counts), paired=True) resamples clusters",
        "mcnemar": "binomtest(min, n, 0.5), two-sided; 0/0 is 1; largest relative difference from a 60-digit sum "
                   f"{worst:.1e}" + (f", of statsmodels' mcnemar(exact=True) from scipy {worst_sm:.1e}" if has_sm else ""),
        "binary_interval": "Clopper-Pearson 95 %, binomtest(k, n).proportion_ci(method='exact')",
        "power": "Phi(delta sqrt(n) / sd - z) + Phi(-delta sqrt(n) / sd - z), z = z_{1 - alpha / 2}",
        "needed": "(z_{1 - alpha / 2} + z_power)^2 sd^2 / delta^2, not rounded",
    },
    "samples": sa, "mcnemar": mc, "clusters": cl, "clusters_formula": fo, "binary_interval": bi, "power": pw,
    "needed": need,
}
text = json.dumps(doc, separators=(",", ":"), allow_nan=False) + "\n"
open(OUT, "w").write(text)
say("wrote", OUT, len(text), "bytes")
