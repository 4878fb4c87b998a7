"""Penalised logistic regression under coefficients of 0 and more: what SciPy's L-BFGS-B with bounds finds. Writes faithfulness_fit.json."""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize


def problem(rng, n, p, l2):
    x = np.round(rng.beta(2, 1.5, (n, p)), 4)
    x[:, 1] = np.round(0.7 * x[:, 0] + 0.3 * x[:, 1], 4)
    truth = rng.normal(1, 1.5, p)
    # One feature that means the opposite of what it should: its coefficient must end at 0.
    truth[-1] = -2
    y = rng.random(n) < 1 / (1 + np.exp(-(x @ truth - truth.sum() * 0.55)))
    w = np.round(rng.uniform(0.1, 3, n), 3)
    share = w / w.sum()
    centre = share @ x
    spread = np.sqrt(share @ (x - centre) ** 2)
    z = np.c_[(x - centre) / spread, np.ones(n)]
    sign = np.where(y, 1.0, -1.0)

    def loss(b):
        odds = z @ b
        value = share @ np.logaddexp(0, -sign * odds) + l2 / 2 * (b[:-1] ** 2).sum()
        gradient = z.T @ (share * -sign / (1 + np.exp(sign * odds)))
        gradient[:-1] += l2 * b[:-1]
        return value, gradient

    found = minimize(
        loss, np.zeros(p + 1), jac=True, method="L-BFGS-B", bounds=[(0, None)] * p + [(None, None)],
        options=dict(ftol=1e-16, gtol=1e-12, maxiter=100_000, maxcor=30),
    ).x
    coefficients = found[:-1] / spread
    return {
        "l2": l2,
        "weights": w.tolist(),
        "labels": [bool(one) for one in y],
        "values": x.tolist(),
        "coefficients": coefficients.tolist(),
        "intercept": float(found[-1] - coefficients @ centre),
    }


rng = np.random.default_rng(3)
problems = [problem(rng, *shape) for shape in [(120, 4, 0.3), (90, 7, 0.1), (60, 6, 0.01), (80, 5, 3.0)]]
Path(__file__).parent.parent.joinpath("faithfulness_fit.json").write_text(json.dumps(problems) + "\n")
