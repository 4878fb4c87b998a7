"""Linear classifiers over n-grams: what scikit-learn 1.9.1 finds and fits. Writes moderation_ngrams.json and moderation_linear.json beside the folder.

The n-grams are those of CountVectorizer, before any hashing; words have ragkit's pattern (one character is enough, marks go on with a word). The rows of
the classifiers are made up and stand in the file, so that hashing has no part in it. `newton-cholesky` with tol 1e-12 is checked against lbfgs.
"""

import json
import sys
import unicodedata
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

GOLDEN = Path(__file__).parent.parent

TEXTS = [
    "",
    "   ",
    "a",
    "a b",
    "rt @someone: you're   so \t nice!!! http://t.co/x1",
    "i can't even... 2nd time, 100% snake_case",
    "grüße aus köln, ähm ßẞ",
    "привет, мир: как дела?",
    "नमस्ते दुनिया, कैसे हो",
    "你好 世界 2024年",
    "مرحبا بالعالم",
    "smile 😀😀 ❤️ family 👨‍👩‍👧 👍🏽 done",
    "line one\nline two\r\n\u2003em\u00a0space\u3000wide\u001ffields",
    "supercalifragilistic antidisestablishment",
    "e\u0301te\u0301 ﬁne ² ½ Ⅷ",
]
LENGTHS = [(2, 5), (1, 1), (3, 3), (4, 8), (1, 2)]
# Families of a mark's code points; Python's \w does not hold them.
MARKS = "".join(
    chr(point) for point in range(sys.maxunicode + 1) if unicodedata.category(chr(point)).startswith("M")
)


def counts(analyser, text):
    found = {}
    for ngram in analyser(text):
        found[ngram] = found.get(ngram, 0) + 1
    return found


def ngrams():
    cases = []
    for low, high in LENGTHS:
        characters = CountVectorizer(analyzer="char_wb", ngram_range=(low, high), lowercase=False).build_analyzer()
        pattern = rf"\w[\w{MARKS}]*"
        words = CountVectorizer(ngram_range=(low, min(high, 5)), token_pattern=pattern, lowercase=False).build_analyzer()
        cases.append({
            "min": low,
            "max": high,
            "characters": [counts(characters, text) for text in TEXTS],
            "words": [counts(words, text) for text in TEXTS],
        })
    return {"texts": TEXTS, "cases": cases}


def problem(rng, rows, buckets, l2, balanced, weighted, soft):
    density = rng.uniform(0.5, 6, buckets) / buckets
    dense = (rng.random((rows, buckets)) < np.minimum(density * 8, 0.9)) * rng.uniform(0.2, 1.5, (rows, buckets))
    dense = (dense / np.maximum(np.linalg.norm(dense, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    dense[0] = 0
    categories = 3
    odds = 3 * dense.astype(float) @ rng.normal(size=(buckets, categories)) + rng.normal(-0.7, 0.3, categories)
    chance = 1 / (1 + np.exp(-odds))
    labels = np.round(chance, 2) if soft else (rng.random(odds.shape) < chance).astype(float)
    known = rng.random(odds.shape) < np.array([1.0, 0.8, 0.4])
    weights = np.round(rng.uniform(0.1, 3, rows), 3) if weighted else np.ones(rows)
    train = rows * 4 // 5
    chances = np.zeros(odds.shape)
    for category in range(categories):
        use = np.flatnonzero(known[:train, category])
        x = np.r_[dense[use], dense[use]].astype(float)
        y = np.r_[np.ones(len(use)), np.zeros(len(use))]
        share = labels[use, category]
        w = np.r_[weights[use] * share, weights[use] * (1 - share)]
        x, y, w = x[w > 0], y[w > 0], w[w > 0]
        if balanced and not soft and not weighted:
            options = {"class_weight": "balanced"}
        elif balanced:
            # Weighted counts; spelt out, because not all versions of scikit-learn count weights here.
            of_class = np.array([w[y == 0].sum(), w[y == 1].sum()])
            w, options = w * (w.sum() / 2 / of_class)[y.astype(int)], {}
        else:
            options = {}
        model = LogisticRegression(C=1 / l2, solver="newton-cholesky", tol=1e-12, max_iter=1000, **options)
        chances[:, category] = model.fit(x, y, sample_weight=w).predict_proba(dense.astype(float))[:, 1]
        other = LogisticRegression(C=1 / l2, solver="lbfgs", tol=1e-9, max_iter=100_000, **options)
        other = other.fit(csr_matrix(x), y, sample_weight=w).predict_proba(dense.astype(float))[:, 1]
        assert np.abs(other - chances[:, category]).max() < 1e-5, np.abs(other - chances[:, category]).max()
    return {
        "l2": l2,
        "balanced": balanced,
        "weights": weights.tolist() if weighted else None,
        "train": train,
        "indices": [np.flatnonzero(row).tolist() for row in dense],
        "values": [row[row != 0].tolist() for row in dense],
        "labels": [[float(v) if k else None for v, k in zip(*pair)] for pair in zip(labels, known)],
        "chances": chances.tolist(),
    }


def write(name, content):
    (GOLDEN / f"{name}.json").write_text(json.dumps(content, ensure_ascii=False) + "\n")


rng = np.random.default_rng(26)
SHAPES = [
    (60, 40, 1.0, False, False, False),
    (50, 70, 0.1, True, False, False),
    (60, 30, 10.0, True, True, False),
    (50, 40, 0.01, False, True, True),
    (40, 50, 0.5, True, False, True),
]
write("moderation_ngrams", ngrams())
write("moderation_linear", [problem(rng, *shape) for shape in SHAPES])
