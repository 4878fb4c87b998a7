"""randomisation.json: sign-flip permutation test of a mean of paired differences, exact McNemar test, Holm's correction."""
import json, os, math, platform, importlib.metadata as im
from fractions import Fraction
import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.contingency_tables import mcnemar
HERE = os.path.dirname(os.path.abspath(__file__)); g = np.random.default_rng(20261124); B = 200000
U = 1024; q = lambda x: np.round(np.asarray(x, float) * U).astype(int)          # differences in units of 1/1024: exact sums
def zeros(x, share): x = np.array(x, float); x[g.random(len(x)) < share] = 0; return x
S = {"shifted_5": q(g.normal(.3, .2, 5)), "skewed_8": q(g.exponential(.3, 8) - .2), "all_zero_6": q(np.zeros(6)), "one_sign_10": q(np.abs(g.normal(.2, .1, 10)) + .01),
 "binary_12": q(np.array([1, 1, 1, 1, -1, 0, 0, 1, 0, 1, -1, 1])), "zeros_16": q(zeros(g.normal(.1, .3, 16), .4)), "skewed_18": q(np.exp(g.normal(-1, .8, 18)) - .35),
 "normal_30": q(g.normal(.06, .25, 30)), "binary_60": q(g.choice([-1, 0, 1], 60, p=[.1, .65, .25])), "skewed_zeros_100": q(zeros(g.exponential(.25, 100) * g.choice([1, -1], 100, p=[.6, .4]), .5)),
 "shifted_150": q(g.normal(.045, .3, 150)), "null_200": q(g.normal(0, .3, 200))}
def exact(d):
    """P(|sum of +-d| >= |sum d|), by the distribution of the sum (exact integers as Python ints over 2^n)"""
    d = [int(x) for x in d]; t = abs(sum(d)); off = sum(map(abs, d)); dist = np.zeros(2 * off + 1); dist[off] = 1.0
    for x in map(abs, d):
        if x: dist = (np.concatenate([dist[x:], np.zeros(x)]) + np.concatenate([np.zeros(x), dist[:len(dist) - x]])) / 2
    v = np.arange(-off, off + 1); return float(dist[np.abs(v) >= t].sum())
def enumerate_(d):
    d = np.array(d, dtype=np.int64); n = len(d); m = np.arange(2 ** n, dtype=np.int64); s = np.zeros(2 ** n, dtype=np.int64)
    for i in range(n): s += np.where(m >> i & 1, d[i], -d[i])
    return int((np.abs(s) >= abs(d.sum())).sum()), 2 ** n
samples = {}
for name, d in S.items():
    n = len(d); x = d / U; o = {"n": n, "differences_in_1024ths": d.tolist(), "p": exact(d)}
    if n <= 18:
        k, m = enumerate_(d); o["enumeration"] = [k, m]; assert abs(k / m - o["p"]) < 1e-12, name
    stat = lambda a, axis: np.sum(a, axis=axis)
    r = stats.permutation_test((d.astype(float),), stat, permutation_type="samples", n_resamples=B if n > 18 else np.inf, alternative="two-sided", vectorized=True, batch=5000, random_state=17)
    p1 = r.pvalue / 2; o["scipy"] = float(r.pvalue)
    if n > 18:
        o["scipy_standard_error"] = 2 * math.sqrt(p1 * (1 - p1) / B); assert abs(o["scipy"] - o["p"]) < 4 * o["scipy_standard_error"] + 2 / B, (name, o["scipy"], o["p"])
    else: assert abs(o["scipy"] - o["p"]) < 1e-12, (name, o["scipy"], o["p"])
    samples[name] = o; print(name, o["p"], o["scipy"])
mc = []
for n, (pa, pb, keep) in zip((5, 12, 30, 30, 80, 200), ((.1, 1, 0), (.4, .8, .5), (.7, .7, 1.0), (.5, .75, .4), (.6, .7, .6), (.8, .86, .7))):
    a = (g.random(n) < pa).astype(int); b = np.where(g.random(n) < keep, a, (g.random(n) < pb).astype(int))
    x, y = int(((a == 1) & (b == 0)).sum()), int(((a == 0) & (b == 1)).sum()); p = float(stats.binomtest(min(x, y), x + y, .5).pvalue) if x + y else 1.0
    ref = sum(math.comb(x + y, i) for i in range(min(x, y) + 1)) * Fraction(2, 2 ** (x + y)); assert abs(p - min(1, float(ref))) < 1e-12
    if x + y: assert abs(mcnemar([[0, x], [y, 0]], exact=True).pvalue - p) < 1e-12
    mc.append({"a": "".join(map(str, a)), "b": "".join(map(str, b)), "only_a": x, "only_b": y, "p": p})
holm = []
for p in ([.01, .04, .03, .005], [.5, .02, .02, .6, .001, .04], [.04], [.9, .8, .0001, .02, .015, .011, .3, .02]):
    adj = multipletests(p, method="holm")[1].tolist(); order = sorted(range(len(p)), key=lambda i: p[i]); m = 0.0; mine = [0.0] * len(p)
    for k, i in enumerate(order): m = max(m, min(1.0, (len(p) - k) * p[i])); mine[i] = m
    assert np.allclose(mine, adj, atol=1e-12); holm.append({"p": p, "adjusted": adj})
doc = {"command": "cd /work/scratch/score && ../v/bin/python s10_randomisation.py", "versions": {**{k: im.version(k) for k in ("scipy", "statsmodels", "numpy")}, "python": platform.python_version()},
 "conventions": {"p": "two-sided sign-flip test of the mean of paired differences: the share of the 2^n sign patterns with |sum| >= |observed sum|, equal sums count; from the exact distribution of the integer sum (convolution), for every n",
  "enumeration": "[patterns at least as extreme, 2^n], n <= 18, by plain enumeration", "scipy": f"permutation_test(permutation_type='samples', two-sided): exact for n <= 18 (agrees to 1e-12), else {B} random patterns, (1 + b) / (1 + B) in each tail, twice the smaller tail",
  "all_zero_6": "no difference at all: p = 1", "differences": "integers in units of 1/1024, so that sums and ties are exact in binary floating point",
  "mcnemar": "exact: scipy.stats.binomtest(min(only_a, only_b), only_a + only_b, 1/2), two-sided (= twice the smaller tail, at most 1; statsmodels' mcnemar(exact=True) agrees); p = 1 if no pair differs", "holm": "statsmodels multipletests(method='holm'), in the order of p; checked against the definition"},
 "samples": samples, "mcnemar": mc, "holm": holm}
s = json.dumps(doc, separators=(",", ":")); open(os.path.join(HERE, "randomisation.json"), "w").write(s + "\n"); print("wrote randomisation.json", len(s), [(m["only_a"], m["only_b"], m["p"]) for m in mc])
