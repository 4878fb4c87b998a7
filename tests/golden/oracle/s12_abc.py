"""abc.json: BCa intervals of means of 1,000 values by scipy.stats.bootstrap, 200,000 resamples, for the analytic interval.

The values are made by formulas, so that they need not be stored: h(i) = (i * 2654435761 mod 2^32) / 2^32, i = 0..999;
rr: 1 / floor(1 + 12 h), and 0 where that is below 1/10; binary: 1 where h < 0.03; skewed: h^8.
"""
import json, numpy as np, scipy, scipy.stats as st
h = np.array([(i * 2654435761 % 2**32) / 2**32 for i in range(1000)])
rr = 1 / np.floor(1 + 12 * h); rr[rr < 0.1] = 0
samples = {"rr": rr, "binary": (h < 0.03).astype(float), "skewed": h**8}
out = {}
for name, v in samples.items():
    ends = []
    for seed in range(3):
        r = st.bootstrap((v,), np.mean, n_resamples=200000, method="BCa", batch=2000, rng=np.random.default_rng(seed)).confidence_interval
        ends.append([r.low, r.high])
    out[name] = {"mean": float(v.mean()), "BCa": ends}
json.dump({"command": "s12_abc.py", "versions": {"scipy": scipy.__version__, "numpy": np.__version__}, "conventions": __doc__.split("\n\n")[1], "samples": out}, open("abc.json", "w"), indent=1)
print(out)
