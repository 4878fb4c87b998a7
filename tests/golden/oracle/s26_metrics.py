"""Golden figures for src/metrics/{binary,calibration,bias,disagreement,drift}.rs: writes tests/golden/moderation_metrics.json.

Run: python s26_metrics.py tests/golden/moderation_metrics.json   (RAGKIT_DATA for Davidson's votes)

Values: scikit-learn, SciPy, and the packages krippendorff and uncertainty-calibration where they know the figure; else brute force over single votes. Pseudo-values:
value + N * derivative of that figure with respect to the example's weight, by central differences; nothing of them is worked out by hand.
"""
import csv
import importlib.metadata
import itertools
import json
import os
import platform
import sys

import calibration
import krippendorff
import numpy as np
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import (accuracy_score, average_precision_score, brier_score_loss, confusion_matrix, f1_score, precision_score, recall_score,
                             roc_auc_score, roc_curve)

SEED, STEP = 26, 1e-4
DATA = os.environ.get("RAGKIT_DATA", "/work/shared/data")
rng = np.random.default_rng(SEED)
PREVALENCES = [0.001, 0.03, 0.5]


def pseudo_values(figure, n):
    ones = np.ones(n)
    value, values = figure(ones), []
    for k in range(n):
        step = np.zeros(n)
        step[k] = STEP
        values.append(float(value + n * (figure(ones + step) - figure(ones - step)) / (2 * STEP)))
    return {"value": float(value), "pseudo_values": values}


# ---------------------------------------------------------------- binary
def rates(y, d, w):
    tn, fp, fn, tp = confusion_matrix(y, d, sample_weight=w, labels=[False, True]).ravel()
    return tp / (tp + fn), fp / (fp + tn)


def ppv(y, d, w, prevalence):
    found, alarms = rates(y, d, w)
    return prevalence * found / (prevalence * found + (1 - prevalence) * alarms)


def weighted_to(y, w, prevalence):
    return np.where(y, w * prevalence / w[y].sum(), w * (1 - prevalence) / w[~y].sum())


def generalised_mean(values, power=-5):
    return (sum(v ** power for v in values) / len(values)) ** (1 / power)


def part(kind, y, g):
    return {"subgroup": g, "bpsn": y != g, "bnsp": y == g}[kind]


def group_auc(kind, y, s, g, w):
    keep = part(kind, y, g)
    return roc_auc_score(y[keep], s[keep], sample_weight=w[keep])


KINDS = ["subgroup", "bpsn", "bnsp"]


def binary_case(n, share, distance, decimals):
    y = rng.random(n) < share
    y[:4] = [True, False, True, False]
    s = np.round(1 / (1 + np.exp(-(rng.normal(0, 1, n) + distance * (y - 0.5)))), decimals)
    s[:2] = [0.9, 0.2]
    d = s >= 0.5
    groups = [rng.random(n) < p for p in (0.3, 0.5, 0.2)]
    for k, g in enumerate(groups):
        g[:4] = [True, True, k == 1, k == 2]
        g[4:6] = False
    y[4:6] = [True, False]
    d = s >= 0.5
    figures = {
        "precision": lambda w: precision_score(y, d, sample_weight=w),
        "recall": lambda w: recall_score(y, d, sample_weight=w),
        "false_positive_rate": lambda w: rates(y, d, w)[1],
        "f1": lambda w: f1_score(y, d, sample_weight=w),
        "accuracy": lambda w: accuracy_score(y, d, sample_weight=w),
        "lift": lambda w: average_precision_score(y, s, sample_weight=w) / np.average(y, weights=w),
    }
    for p in PREVALENCES:
        figures[f"precision@{p}"] = lambda w, p=p: ppv(y, d, w, p)
        figures[f"average_precision@{p}"] = lambda w, p=p: average_precision_score(y, s, sample_weight=weighted_to(y, w, p))
    for kind in KINDS:
        figures[kind] = lambda w, kind=kind: group_auc(kind, y, s, groups[0], w)
        figures[f"mean_{kind}"] = lambda w, kind=kind: generalised_mean([group_auc(kind, y, s, g, w) for g in groups])
    figures["combined"] = lambda w: (roc_auc_score(y, s, sample_weight=w) + sum(figures[f"mean_{kind}"](w) for kind in KINDS)) / 4
    fpr, tpr, _ = roc_curve(y, s, drop_intermediate=False)
    at = [0.0, 0.1, 0.5, 0.8, 0.95, 1.0]
    return {
        "labels": y.tolist(), "scores": s.tolist(), "groups": [g.tolist() for g in groups],
        "figures": {name: pseudo_values(figure, n) for name, figure in figures.items()},
        "average_precision": float(average_precision_score(y, s)),
        "fpr_at_recall": [[r, float(fpr[tpr >= r][0])] for r in at if r > 0],
        "recall_at_fpr": [[x, float(tpr[fpr <= x][-1])] for x in at],
    }


# ---------------------------------------------------------------- calibration
def binned(p, y, wanted):
    """The rule of calibration.rs: what is tied goes into the bin of the middle of its places."""
    order = sorted(range(len(p)), key=lambda i: p[i])
    bins, at = {}, 0
    for value, level in itertools.groupby(order, key=lambda i: p[i]):
        level = list(level)
        bins.setdefault(wanted * (2 * at + len(level)) // (2 * len(p)), []).extend(level)
        at += len(level)
    return [np.array([[p[i], y[i]] for i in bins[b]]) for b in sorted(bins)]


def calibration_case(n, wanted, decimals, skew):
    p = np.clip(np.round(rng.beta(0.7 * skew, 0.7, n), decimals), 0, 1)
    y = (rng.random(n) < p ** 1.4).astype(int)
    bins = binned(p.tolist(), y.tolist(), wanted)
    diff = np.array([b[:, 0].mean() - b[:, 1].mean() for b in bins])
    count = np.array([len(b) for b in bins])
    share = np.array([b[:, 1].mean() for b in bins])
    spread = np.sqrt(share * (1 - share) / count)
    folded = [stats.foldnorm.mean(abs(d) / s, scale=s) if s > 0 else abs(d) for d, s in zip(diff, spread)]
    ece = calibration.utils.plugin_ce(bins, power=1)
    if decimals > 8 and n % wanted == 0:  # Without ties, the bins are the package's.
        assert abs(ece - calibration.get_ece_em(p, y, num_bins=wanted)) < 1e-12
    np.random.seed(SEED)
    drawn = float(calibration.utils.normal_debiased_ce(bins, power=1, resamples=20000)) if count.min() > 1 else None
    # The package's squared error takes it that probabilities are alike within a bin; else all pairs of gaps.
    gaps = [b[:, 0] - b[:, 1] for b in bins]
    pairs = [np.mean([x * z for x, z in itertools.permutations(g, 2)]) if len(g) > 1 else 0.0 for g in gaps]
    levelled = [np.column_stack([np.full(len(b), b[:, 0].mean()), b[:, 1]]) for b in bins]
    level_of = {p_: lv[0, 0] for b, lv in zip(bins, levelled) for p_ in b[:, 0]}
    mean_y = y.mean()
    within = [((b[:, 0] - b[:, 0].mean()) ** 2).sum() for b in bins]
    covariance = [2 * ((b[:, 0] - b[:, 0].mean()) * (b[:, 1] - b[:, 1].mean())).sum() for b in bins]
    return {
        "probabilities": p.tolist(), "labels": [bool(v) for v in y], "wanted": wanted,
        "bins": [[float(b[:, 0].min()), float(b[:, 0].max()), len(b), float(b[:, 0].mean()), float(b[:, 1].mean())] for b in bins],
        "ece": float(ece), "square": float(np.dot(count, pairs) / n),
        "levelled": [float(level_of[p_]) for p_ in p], "square_of_levelled": float(calibration.utils.unbiased_square_ce(levelled)),
        "debiased": float(2 * ece - np.dot(count, folded) / n), "debiased_by_package": drawn,
        "brier": float(brier_score_loss(y, p)),
        "terms": [float(np.dot(count, diff ** 2) / n), float(np.dot(count, (share - mean_y) ** 2) / n), float(mean_y * (1 - mean_y)),
                  float(sum(within) / n), float(sum(covariance) / n)],
    }


# ---------------------------------------------------------------- disagreement
def alpha_weighted(votes, w, k):
    """Krippendorff's alpha of weighted items with its small-sample factor held at k."""
    n_u = votes.sum(axis=1)
    paired = n_u >= 2
    w = w * paired
    n, n_c = (w * n_u).sum(), (w[:, None] * votes).sum(axis=0)
    within = (w * np.where(paired, (n_u ** 2 - (votes ** 2).sum(axis=1)) / np.maximum(n_u - 1, 1), 0)).sum()
    return 1 - k * within * n / (n ** 2 - (n_c ** 2).sum())


def single_votes(row):
    return [c for c, count in enumerate(row) for _ in range(int(count))]


def minority(row):
    cast = single_votes(row)
    return (len(cast) - max((cast.count(c) for c in set(cast)), default=0), len(cast))


def against_others(row):
    cast = single_votes(row)
    if len(cast) < 2:
        return (0, 0)
    right = 0
    for k, own in enumerate(cast):
        others = cast[:k] + cast[k + 1:]
        most = max(others.count(c) for c in others)
        best = {c for c in others if others.count(c) == most}
        right += (own in best) / len(best)
    return (right, len(cast))


def ratio_of(parts):
    a, b = np.array(parts, float).T
    return lambda w: (w * a).sum() / (w * b).sum()


def votes_case(items, categories, raters):
    votes = np.zeros((items, categories))
    for row in votes:
        for _ in range(rng.integers(*raters)):
            row[min(categories - 1, rng.geometric(0.6) - 1)] += 1
    paired = votes[votes.sum(axis=1) >= 2]
    alpha = krippendorff.alpha(value_counts=votes.astype(int), level_of_measurement="nominal")
    n = paired.sum()
    figures = {
        "alpha": pseudo_values(lambda w: alpha_weighted(votes, w, (n - 1) / n), items),
        "minority": pseudo_values(ratio_of([minority(row) for row in votes]), items),
        "single": pseudo_values(ratio_of([against_others(row) for row in votes]), items),
    }
    assert abs(figures["alpha"]["value"] - alpha) < 1e-12
    return {"votes": votes.T.astype(int).tolist(), "figures": figures}


def davidson():
    with open(f"{DATA}/moderation/davidson/labeled_data.csv", newline="", encoding="utf-8") as file:
        votes = np.array([[int(r[c]) for c in ("hate_speech", "offensive_language", "neither")] for r in csv.DictReader(file)])
    ones = np.ones(len(votes))
    return {
        "items": len(votes), "alpha": float(krippendorff.alpha(value_counts=votes, level_of_measurement="nominal")),
        "minority": float(ratio_of([minority(r) for r in votes])(ones)), "single": float(ratio_of([against_others(r) for r in votes])(ones)),
    }


# ---------------------------------------------------------------- drift
def psi(reference, current, wanted):
    bins = binned(reference.tolist(), [0] * len(reference), wanted)
    starts = [b[:, 0].min() for b in bins[1:]]
    before = np.array([len(b) for b in bins])
    now = np.bincount(np.searchsorted(starts, current, side="right"), minlength=len(bins))
    p, q = (before + 0.5) / (len(reference) + 0.5 * len(bins)), (now + 0.5) / (len(current) + 0.5 * len(bins))
    value = ((q - p) * np.log(q / p)).sum()
    return value, stats.chi2.sf(value / (1 / len(reference) + 1 / len(current)), len(bins) - 1)


def drift_case(n, m, shift, decimals, wanted):
    before, now = np.round(rng.normal(0, 1, n), decimals), np.round(rng.normal(shift, 1.2, m), decimals)
    ks = stats.ks_2samp(before, now, method="asymp")
    root = np.sqrt(n * m / (n + m))
    index, p = psi(before, now, wanted)
    return {
        "before": before.tolist(), "now": now.tolist(), "wanted": wanted, "psi": float(index), "psi_p": float(p),
        "ks": float(ks.statistic), "ks_p": float(stats.kstwobign.sf((root + 0.12 + 0.11 / root) * ks.statistic)),
        "ks_p_scipy": float(ks.pvalue), "effective": float(root ** 2),
    }


def words_case(old, new, shift):
    def document(lean):
        return [f"w{k}" for k in np.minimum(rng.geometric(0.35, rng.integers(1, 6)) + lean, 9)]

    docs = [document(0) for _ in range(old)] + [document(shift) for _ in range(new)]
    terms = sorted({t for d in docs for t in d})

    def figures(chosen):
        counts = [np.array([sum(d.count(t) for d in side) for t in terms], float)
                  for side in ([docs[i] for i in range(len(docs)) if i not in chosen], [docs[i] for i in chosen])]
        before, now = counts
        return jensenshannon(before / before.sum(), now / now.sum(), base=2) ** 2, now[before == 0].sum() / now.sum()

    value = figures(set(range(old, old + new)))
    every = np.array([figures(set(c)) for c in itertools.combinations(range(old + new), new)])
    return {
        "old": docs[:old], "new": docs[old:], "divergence": float(value[0]), "novelty": float(value[1]),
        "p_of_all": [float((every[:, k] >= value[k] - 1e-12).mean()) for k in (0, 1)],
    }


golden = {
    "by": ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("scikit-learn", "scipy", "numpy", "krippendorff", "uncertainty-calibration"))
    + f", Python {platform.python_version()}; seed {SEED}",
    "binary": [binary_case(*of) for of in [(16, 0.5, 1.0, 1), (60, 0.3, 2.0, 2), (90, 0.15, 1.5, 6), (70, 0.6, -0.5, 1)]],
    "calibration": [calibration_case(*of) for of in [(300, 15, 12, 1), (200, 15, 1, 1), (157, 10, 2, 0.3), (40, 15, 1, 0.1), (9, 15, 3, 1)]],
    "disagreement": [votes_case(*of) for of in [(12, 2, (2, 5)), (40, 3, (0, 6)), (60, 4, (3, 4))]],
    "davidson": davidson(),
    "drift": [drift_case(*of) for of in [(400, 300, 0.0, 6, 10), (50, 80, 0.8, 6, 10), (200, 30, 0.3, 1, 5), (12, 9, 0.0, 6, 4)]],
    "words": [words_case(*of) for of in [(7, 5, 0), (8, 4, 1), (6, 6, 3)]],
    "kolmogorov": [[x, float(stats.kstwobign.sf(x))] for x in (0.05, 0.3, 0.7, 0.999, 1.0, 1.001, 1.5, 2.5, 5.0)],
}
with open(sys.argv[1], "w") as file:
    json.dump(golden, file)
    file.write("\n")
