"""Writes moderation_solve.json: thresholds of least cost by trying every pair of cuts, in exact fractions.

Usage: python s26_solve.py FILE. Python alone, no package. ragkit finds them in O(n log n); this is O(n^2 m) on purpose.
"""

import json
import platform
import random
import sys
from fractions import Fraction as F


def brute_force(case):
    """All pairs t1 <= t2 from the distinct probabilities and infinity: approve p < t1, review t1 <= p < t2, reject p >= t2."""
    rows = [
        (label, F(p), F(w))
        for label, p, w in zip(case["labels"], case["probabilities"], case["weights"] or [1] * len(case["labels"]))
    ]
    c_fp, c_fn, c_review, error = (F(case["objective"][name]) for name in
                                   ("cost_false_positive", "cost_false_negative", "cost_review", "reviewer_error"))
    total = sum(w for _, _, w in rows)
    negatives = sum(w for label, _, w in rows if not label)
    capacity = case["objective"].get("review_capacity")
    if capacity is None:
        capacity = None
    elif "share" in capacity:
        capacity = F(str(capacity["share"])) * total
    else:
        capacity = F(str(capacity["count"]))
    max_rate = case["objective"].get("max_false_positive_rate")
    infinity = F(2)
    thresholds = sorted({p for _, p, w in rows if w > 0}) + [infinity]
    best = None
    for t1 in thresholds:
        for t2 in thresholds:
            if t1 > t2:
                continue
            fp = fn = reviews = F(0)
            for label, p, w in rows:
                if p < t1:
                    fn += w if label else 0
                elif p < t2:
                    reviews += w
                    if label:
                        fn += error * w
                    else:
                        fp += error * w
                else:
                    fp += 0 if label else w
            if capacity is not None and reviews > capacity:
                continue
            if max_rate is not None and fp > F(str(max_rate)) * negatives:
                continue
            # Least cost, fewest reviews, highest t2, highest t1.
            key = (c_fp * fp + c_fn * fn + c_review * reviews, reviews, -t2, -t1)
            if best is None or key < best[0]:
                best = (key, t1, t2, fp, fn, reviews)
    key, t1, t2, fp, fn, reviews = best

    def between(t):
        """Half-way to the distinct probability below; 0 below all; None above all."""
        if t == infinity:
            return None
        below = [x for x in thresholds if x < t]
        return float((below[-1] + t) / 2) if below else 0.0

    return {
        "review_from": between(t1),
        "reject_from": between(t2),
        "cost": float(key[0]),
        "false_positives": float(fp),
        "false_negatives": float(fn),
        "reviews": float(reviews),
    }


def case(rng):
    """Dyadic probabilities, costs, errors and weights, so that floats are exact; limits in decimals, as people write them."""
    size = rng.choice([2, 5, 12, 25, 40])
    grid = rng.choice([4, 16, 256])
    labels = [rng.random() < rng.choice([0.1, 0.3, 0.5]) for _ in range(size)]
    labels[0], labels[1] = True, False
    skill = rng.choice([0.0, 0.5, 0.9])
    probabilities = []
    for label in labels:
        p = rng.random() * (1 - skill) + skill * rng.betavariate(*((4, 2) if label else (2, 4)))
        probabilities.append(round(p * grid) / grid)
    objective = {
        "cost_false_positive": rng.choice([0, 0.5, 1, 2, 8]),
        "cost_false_negative": rng.choice([0, 0.5, 1, 4, 32]),
        "cost_review": rng.choice([0, 0.125, 0.25, 0.5, 1]),
        "reviewer_error": rng.choice([0, 0, 0.125, 0.25, 0.5]),
    }
    limit = rng.random()
    if limit < 0.35:
        objective["review_capacity"] = {"share": rng.choice([0.0, 0.05, 0.1, 0.29, 0.3, 0.6])}
    elif limit < 0.6:
        objective["review_capacity"] = {"count": rng.choice([0, 1, 3, 8])}
    if rng.random() < 0.5:
        objective["max_false_positive_rate"] = rng.choice([0.0, 0.03, 0.1, 0.2, 0.29, 0.7])
    weights = [rng.choice([0, 0.25, 1, 1, 3.5]) for _ in labels] if rng.random() < 0.4 else None
    if weights:
        weights[0], weights[1] = 0.5, 2
    made = {"labels": labels, "probabilities": probabilities, "weights": weights, "objective": objective}
    made["solved"] = brute_force(made)
    return made


if __name__ == "__main__":
    rng = random.Random(26)
    cases = [case(rng) for _ in range(160)]
    # Shares whose product with a count is rounded down or up in floating point.
    for share in (0.29, 0.07):
        labels = [place % 2 == 1 and place < 98 for place in range(100)]
        made = {
            "labels": labels,
            "probabilities": [place / 128 for place in range(100)],
            "weights": None,
            "objective": {"cost_false_positive": 8, "cost_false_negative": 8, "cost_review": 0.125,
                          "reviewer_error": 0, "review_capacity": {"share": share}},
        }
        made["solved"] = brute_force(made)
        cases.append(made)
    out = {"by": f"own brute force in fractions, Python {platform.python_version()}; seed 26",
           "command": "python tests/golden/oracle/s26_solve.py tests/golden/moderation_solve.json", "cases": cases}
    with open(sys.argv[1], "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
