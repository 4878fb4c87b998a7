"""Golden figures for src/metrics/pooled: writes tests/golden/pooled.json.

Run: python s22_pooled.py tests/golden/pooled.json

Values: scikit-learn (roc_auc_score, balanced_accuracy_score, average_precision_score, cohen_kappa_score); AUROC without length: that of the
residuals of numpy.linalg.lstsq. Pseudo-values: value + N * derivative of scikit-learn's figure with respect to the example's
sample_weight, by central differences; nothing of them is worked out by hand. DeLong's covariance: the kernel of every pair of
a positive and a negative, with n - 1.
"""
import json
import platform
import sys

import numpy as np
import sklearn
from sklearn.metrics import average_precision_score, balanced_accuracy_score, cohen_kappa_score, roc_auc_score

SEED, STEP = 22, 1e-4
rng = np.random.default_rng(SEED)


def decided(figure):
    return lambda y, s, weight: figure(y, s >= 0.5, sample_weight=weight)


FIGURES = {
    "AUROC": lambda y, s, weight: roc_auc_score(y, s, sample_weight=weight),
    "BalancedAccuracy": decided(balanced_accuracy_score),
    "AveragePrecision": lambda y, s, weight: average_precision_score(y, s, sample_weight=weight),
    "Kappa": decided(cohen_kappa_score),
}


def without_length(s, lengths):
    x = np.column_stack([np.ones(len(s)), np.log1p(lengths)])
    rest = s - x @ np.linalg.lstsq(x, s, rcond=None)[0] + s.mean()
    return np.round(rest, 9)


def pseudo_values(figure, y, s):
    n, values = len(y), []
    whole = figure(y, s, np.ones(n))
    for k in range(n):
        step = np.zeros(n)
        step[k] = STEP
        slope = (figure(y, s, 1 + step) - figure(y, s, 1 - step)) / (2 * STEP)
        values.append(float(whole + n * slope))
    return values


def delong(y, columns):
    """Covariance of the AUROCs of several scorers of the same examples."""
    of_positives, of_negatives = [], []
    for s in columns:
        kernel = (s[y][:, None] > s[~y][None, :]) + 0.5 * (s[y][:, None] == s[~y][None, :])
        of_positives.append(kernel.mean(axis=1))
        of_negatives.append(kernel.mean(axis=0))
    return np.atleast_2d(np.cov(of_positives)) / y.sum() + np.atleast_2d(np.cov(of_negatives)) / (~y).sum()


def sample(n, share, distance, decimals):
    y = rng.random(n) < share
    y[:2] = [True, False]
    s = np.round(1 / (1 + np.exp(-(rng.normal(0, 1, n) + distance * (y - 0.5)))), decimals)
    other = np.round(np.clip(s + rng.normal(0, 0.2, n), 0, 1), decimals)
    lengths = rng.poisson(8 + 10 * s)
    return y, s, other, lengths


cases = []
for n, share, distance, decimals in [
    (4, 0.5, 1.0, 2), (12, 0.5, 1.0, 1), (40, 0.3, 2.0, 2), (40, 0.7, -1.0, 1), (90, 0.1, 1.5, 6), (120, 0.5, 4.0, 1), (120, 0.5, 0.0, 0),
    (150, 0.6, 1.0, 3),
]:
    y, s, other, lengths = sample(n, share, distance, decimals)
    figures = {
        name: {"value": float(figure(y, s, np.ones(n))), "pseudo_values": pseudo_values(figure, y, s)} for name, figure in FIGURES.items()
    }
    rest = without_length(s, lengths)
    figures["AUROCWithoutLength"] = {"value": float(roc_auc_score(y, rest)), "pseudo_values": pseudo_values(FIGURES["AUROC"], y, rest)}
    covariance = delong(y, [s, other]).tolist() if n > 4 else None
    # Every cut that could matter, and its balanced accuracy.
    distinct = np.unique(s)
    cuts = [float(distinct[0])] + [float((a + b) / 2) for a, b in zip(distinct, distinct[1:])]
    best = max(balanced_accuracy_score(y, s >= cut) for cut in cuts)
    cases.append({
        "labels": y.tolist(), "scores": s.tolist(), "other": other.tolist(), "lengths": lengths.tolist(), "figures": figures,
        "delong": covariance, "best_balanced_accuracy": float(best),
        "best_cuts": [cut for cut in cuts if abs(balanced_accuracy_score(y, s >= cut) - best) < 1e-12],
    })

with open(sys.argv[1], "w") as file:
    json.dump({
        "by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}; seed {SEED}",
        "cases": cases,
    }, file)
    file.write("\n")
