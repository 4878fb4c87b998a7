import math, warnings
from fractions import Fraction
from itertools import combinations
from common import *
from scipy import stats
from scipy.special import ndtr, ndtri
BATCH = 10000; NR = 200000
g = np.random.default_rng(20261124); q = lambda x: (np.round(np.asarray(x) * 1024) / 1024).tolist()   # multiples of 1/1024: sums exact
samples = {
 "normal_5": q(g.normal(.5, .2, 5)), "skewed_12": q(g.exponential(1, 12)), "binary_30": (np.arange(30) < 24).astype(float)[g.permutation(30)].tolist(),
 "constant_30": [0.625] * 30, "skewed_300": q(np.exp(g.normal(0, 1, 300))), "binary_300": (g.random(300) < .9).astype(float).tolist()}

def accel(x):
    n = len(x); jack = np.array([np.delete(x, i).mean() for i in range(n)]); d = jack.mean() - jack
    return float(jack.mean()), float((d ** 3).sum() / (6 * (d ** 2).sum() ** 1.5)) if (d ** 2).sum() > 0 else None

def interval(x, method, seed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        r = stats.bootstrap((np.array(x),), np.mean, method=method, n_resamples=NR, random_state=seed, batch=BATCH, confidence_level=.95)
    c = r.confidence_interval; return float(c.low), float(c.high), r.bootstrap_distribution

def clean(v): return None if isinstance(v, float) and math.isnan(v) else v

def exact_distribution(x):
    """probabilities of the bootstrap SUM (exact): binary by the binomial, small n by dynamic programming over integers (values*1024)"""
    n = len(x); v = [int(a * 1024) for a in x]; dist = {0: 1.0}
    for _ in range(n):
        new = {}
        for s, p in dist.items():
            for a in v: new[s + a] = new.get(s + a, 0.0) + p / n
        dist = new
    ks = np.array(sorted(dist)); return ks / 1024 / n, np.array([dist[k] for k in sorted(dist)])

def exact_bca(x, a, cl=.95):
    """limit of infinitely many resamples; z0 from (P(<)+P(=)/2); quantile = smallest support point with cdf >= p"""
    m, p = exact_distribution(x); t = sum(int(v * 1024) for v in x) / 1024 / len(x)
    lt = p[m < t].sum(); eq = p[m == t].sum(); z0 = float(ndtri(lt + eq / 2)); F = np.cumsum(p); F /= F[-1]
    qt = lambda u: float(m[min(np.searchsorted(F, u), len(m) - 1)])
    al = [(1 - cl) / 2, 1 - (1 - cl) / 2]; adj = [float(ndtr(z0 + (z0 + ndtri(u)) / (1 - a * (z0 + ndtri(u))))) for u in al]
    return {"support_points": len(m), "P_less": float(lt), "P_equal": float(eq), "z0_midp": z0, "z0_strict_less": float(ndtri(lt)),
            "adjusted_alphas": adj, "bca": [qt(u) for u in adj], "percentile": [qt(u) for u in al]}

res = header({"statistic": "mean", "confidence": .95, "n_resamples": NR, "batch": BATCH,
 "acceleration": "a = sum d_i^3 / (6 (sum d_i^2)^1.5), d_i = mean(jack) - jack_i, jack_i = mean without i; null when all d are 0",
 "z0": "ndtri((#{theta* < theta} + #{theta* <= theta}) / (2 B)) as scipy does (mid-p)", "adjusted": "Phi(z0 + (z0 + z_a) / (1 - a (z0 + z_a)))",
 "quantile": "scipy: linear interpolation between order statistics (numpy percentile default), of the B resampled means",
 "spread": "5 seeds 0..4; seed 0 is 'main'", "values": "multiples of 1/1024, sums exact in float64"})
res["samples"] = {}
for name, x in samples.items():
    jm, a = accel(x); e = {"n": len(x), "values": x, "mean": float(np.mean(x)), "std_population": float(np.std(x)), "std_sample": float(np.std(x, ddof=1)), "jackknife_mean": jm, "acceleration": a}
    by = {"BCa": [], "percentile": []}; z = []
    for seed in range(5):
        for method in by:
            lo, hi, dist = interval(x, method, seed); by[method].append([clean(lo), clean(hi)])
        t = np.mean(x); pr = ((dist < t).mean() + (dist <= t).mean()) / 2; z.append(clean(float(ndtri(pr))) if a is not None else None)
    for m_, v in by.items():
        e[m_] = {"main": v[0], "seeds": v, "spread": [max(c) - min(c) if None not in c else None for c in zip(*v)]}
    e["z0_by_seed"] = z
    if len(x) <= 12 or (set(x) <= {0., 1.}):
        if a is not None: e["exact_infinite_resamples"] = exact_bca(x, a)
    if a is None: e["note"] = "degenerate: scipy BCa gives NaN with DegenerateDataWarning (null here); percentile gives [mean, mean]"
    res["samples"][name] = e; print(name, e["mean"], a, by["BCa"][0], by["percentile"][0], e.get("exact_infinite_resamples", {}).get("bca"), e["BCa"]["spread"], flush=True)
write("bca_golden.json", res)
