"""Writes learners.json beside it: what scikit-learn predicts on small seeded problems. Run with scikit-learn 1.9 and numpy."""

import json
import pathlib

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

MASK = (1 << 64) - 1


def uniform(count, seed):
    """SplitMix64 to 24 bits, as in tests.rs: the values are the same f32 in both."""
    state, values = seed, []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        values.append((z >> 40) / (1 << 24))
    return np.array(values)


def problem(rows, dim, models, seed):
    """Rows of length 1, of f32, and scores rounded so that JSON holds them exactly."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, dim))
    x = (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)
    logits = 2.0 * x.astype(float) @ rng.normal(size=(dim, models)) + rng.normal(size=(rows, models))
    return x, np.round(1.0 / (1.0 + np.exp(-logits)), 3)


def logistic(x, y, test, l2):
    """Soft labels as two weighted rows each."""
    labels = np.r_[np.ones(len(y)), np.zeros(len(y))]
    model = LogisticRegression(C=1.0 / l2, solver="newton-cholesky", tol=1e-12, max_iter=1000)
    model.fit(np.r_[x, x], labels, sample_weight=np.r_[y, 1.0 - y])
    return model.predict_proba(test)[:, 1]


def case(rows, dim, models, seed, k, l2):
    x, y = problem(rows + 10, dim, models, seed)
    train, test, y = x[:rows].astype(float), x[rows:].astype(float), y[:rows]
    knn = KNeighborsRegressor(n_neighbors=k, metric="cosine", algorithm="brute").fit(train, y)
    return {
        "dim": dim,
        "models": models,
        "k": k,
        "l2": l2,
        "rows": x[:rows].ravel().tolist(),
        "targets": y.ravel().tolist(),
        "test": x[rows:].ravel().tolist(),
        "knn": knn.predict(test).ravel().tolist(),
        "ridge": Ridge(alpha=l2, solver="cholesky").fit(train, y).predict(test).ravel().tolist(),
        "logistic": np.stack([logistic(train, column, test, l2) for column in y.T], 1).ravel().tolist(),
    }


def boosting():
    """The test MSE of tests.rs's nonlinear problem."""
    x = uniform(3000 * 6, 11).reshape(3000, 6)
    noise = uniform(3000, 12)
    y = 0.5 * x[:, 0] * x[:, 1] + 0.6 * x[:, 2] ** 2 * x[:, 3] + (x[:, 4] - 0.5) ** 2 * 0.4 + 0.1 * noise
    model = HistGradientBoostingRegressor(
        max_iter=150, learning_rate=0.05, max_depth=4, max_leaf_nodes=None, min_samples_leaf=40,
        l2_regularization=1.0, max_bins=64, early_stopping=False,
    ).fit(x[:2000], y[:2000])
    return float(np.mean((model.predict(x[2000:]) - y[2000:]) ** 2))


golden = {
    "cases": [case(60, 5, 3, 1, 7, 0.5), case(12, 20, 2, 2, 3, 1.0), case(40, 4, 2, 3, 40, 3.0)],
    "boosting_mse": boosting(),
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden) + "\n")
