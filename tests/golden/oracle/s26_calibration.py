"""Calibration: scikit-learn 1.9.1's IsotonicRegression and Platt scaling, and temperatures by SciPy. Writes moderation_calibration.json."""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from sklearn.calibration import _sigmoid_calibration
from sklearn.isotonic import IsotonicRegression


def problem(rng, rows, scale, offset, weighted, ties):
    logits = rng.normal(-1, 2.5, rows)
    if ties:
        logits = np.round(logits * 2) / 2
    labels = rng.random(rows) < 1 / (1 + np.exp(-(scale * logits + offset)))
    weights = np.round(rng.uniform(0.1, 3, rows), 3) if weighted else np.ones(rows)
    asked = np.r_[np.linspace(-12, 12, 41), logits[:10], logits.min(), logits.max()]
    sign = np.where(labels, 1.0, -1.0)

    def temperature(s):
        return weights @ np.logaddexp(0, -sign * s * logits)

    best = minimize_scalar(temperature, bounds=(0, 20), method="bounded", options={"xatol": 1e-12}).x
    # Platt's targets, by minimisation of its own; scikit-learn's stops at a gradient that is short enough for it.
    high = (weights[labels].sum() + 1) / (weights[labels].sum() + 2)
    low = 1 / (weights[~labels].sum() + 2)
    target = np.where(labels, high, low)

    def platt(ab):
        odds = ab[0] * logits + ab[1]
        slope = weights * (1 / (1 + np.exp(-odds)) - target)
        return weights @ (np.logaddexp(0, odds) - target * odds), np.array([slope @ logits, slope.sum()])

    a, b = minimize(platt, [1.0, 0.0], jac=True, method="BFGS", options={"gtol": 1e-10}).x
    minus_a, minus_b = _sigmoid_calibration(logits, labels.astype(int), sample_weight=weights)
    assert abs(minus_a + a) < 2e-3 and abs(minus_b + b) < 2e-3, (a, minus_a, b, minus_b)
    isotonic = IsotonicRegression(out_of_bounds="clip", y_min=0, y_max=1)
    isotonic.fit(logits, labels.astype(float), sample_weight=weights)
    return {
        "logits": logits.tolist(),
        "labels": labels.tolist(),
        "weights": weights.tolist(),
        "asked": asked.tolist(),
        "temperature_scale": float(best),
        "platt": [float(a), float(b)],
        "isotonic": isotonic.predict(asked).tolist(),
        "isotonic_points": len(isotonic.X_thresholds_),
    }


rng = np.random.default_rng(26)
SHAPES = [(150, 0.7, 0.5, False, False), (120, 1.6, -1.0, True, False), (200, 0.4, 0.0, True, True), (80, 3.0, 1.0, False, True)]
problems = [problem(rng, *shape) for shape in SHAPES]
Path(__file__).parent.parent.joinpath("moderation_calibration.json").write_text(json.dumps(problems) + "\n")
