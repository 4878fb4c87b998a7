"""Golden figures for the latencies of `ragkit eval --ablate`: writes tests/golden/ablation.json.

Run: python s20_ablation.py tests/golden/ablation.json

Quantiles of the data: numpy.quantile, method "linear". In a draw, where examples count as often as they are drawn: method
"inverted_cdf", the smallest value at which the share is reached. Draws are paired: both variants get the same examples.
Interval: 2.5 % and 97.5 % of the draws ("linear").
"""
import json
import platform
import sys

import numpy as np

N, DRAWS, SEED = 200, 100_000, 20
LEVELS = {"p50": 0.50, "p95": 0.95}

rng = np.random.default_rng(SEED)
before = np.round(np.exp(rng.normal(4.0, 0.6, N)), 3)
# What the stage adds has little to do with how long the rest takes.
after = np.round(before + 100.0 + rng.gamma(2.0, 2.0, N), 3)

out = {
    "by": f"numpy {np.__version__}, Python {platform.python_version()}; seed {SEED}, {DRAWS} draws",
    "before_ms": before.tolist(),
    "after_ms": after.tolist(),
}
draws = {name: [] for name in LEVELS}
unpaired = {name: [] for name in LEVELS}
for _ in range(DRAWS):
    one, other = rng.integers(0, N, N), rng.integers(0, N, N)
    for name, level in LEVELS.items():
        of = lambda values: np.quantile(values, level, method="inverted_cdf")
        draws[name].append(of(after[one]) - of(before[one]))
        if len(unpaired[name]) < 5_000:
            unpaired[name].append(of(after[other]) - of(before[one]))
for name, level in LEVELS.items():
    low, high = np.quantile(draws[name], [0.025, 0.975])
    ends = np.quantile(unpaired[name], [0.025, 0.975])
    out[name] = {
        "before": float(np.quantile(before, level)),
        "after": float(np.quantile(after, level)),
        "difference": float(np.quantile(after, level) - np.quantile(before, level)),
        "ci_low": float(low),
        "ci_high": float(high),
        "unpaired_width": float(ends[1] - ends[0]),
    }
    print(name, out[name])
with open(sys.argv[1], "w") as file:
    json.dump(out, file, indent=1)
    file.write("\n")
