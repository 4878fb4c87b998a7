"""Reliability diagrams: bins of equal mass by ranks of their middles with pandas, Wilson's intervals by SciPy 1.17.1. Writes moderation_reliability.json."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest

BINS = 15
VARIANTS, CATEGORIES = ["calm", "over-sure"], ["hate", "spam"]

rng = np.random.default_rng(26)
rows = 130
labels, scores = {}, {}
for category in CATEGORIES:
    chance = np.round(rng.beta(0.6, 2, rows), 3)
    # Some tie, some nobody labelled, and of some a variant says nothing.
    chance[:25] = 0.04
    chance[25:45] = 0.96
    label = (rng.random(rows) < chance).astype(float)
    label[rng.random(rows) < 0.1] = np.nan
    labels[category] = label
    for variant, power in zip(VARIANTS, [1.0, 1.7]):
        odds = (chance + 1e-3) / (1 - chance + 1e-3)
        score = np.round(odds**power / (1 + odds**power), 3)
        score[rng.random(rows) < 0.05] = np.nan
        scores[variant, category] = score

expected = []
for variant in VARIANTS:
    for category in CATEGORIES:
        both = pd.DataFrame({"label": labels[category], "score": scores[variant, category]}).dropna()
        # The mean of the ranks of a tie, from 1, is the middle (a + b + 1) / 2 of its places a..b.
        middle = both["score"].rank(method="average") - 0.5
        both["bin"] = np.floor(BINS * middle / len(both) + 1e-9).astype(int)
        for number, (_, bin) in enumerate(both.groupby("bin"), 1):
            positives = int(bin["label"].sum())
            interval = binomtest(positives, len(bin)).proportion_ci(0.95, method="wilson")
            expected.append(
                {
                    "variant": variant,
                    "category": category,
                    "bin": number,
                    "lower": bin["score"].min(),
                    "upper": bin["score"].max(),
                    "count": len(bin),
                    "mean_score": bin["score"].mean(),
                    "share_positive": positives / len(bin),
                    "ci_low": interval.low,
                    "ci_high": interval.high,
                }
            )


def column(values):
    return [None if np.isnan(value) else float(value) for value in values]


golden = {
    "variants": VARIANTS,
    "labels": {category: column(labels[category]) for category in CATEGORIES},
    "scores": {variant: {category: column(scores[variant, category]) for category in CATEGORIES} for variant in VARIANTS},
    "rows": expected,
}
path = Path(__file__).parent.parent / "moderation_reliability.json"
path.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
