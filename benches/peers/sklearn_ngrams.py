"""Posts a second of scikit-learn on one thread: the same features of the same tweets, and six logistic heads."""

import os

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]:
    os.environ[name] = "1"
import time

import numpy as np
import pandas as pd
import sklearn
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

data = pd.read_csv("/work/shared/data/moderation/davidson/labeled_data.csv")
texts = data.tweet.str.lower().tolist()
y = np.c_[data["class"] == 0, data["class"] == 1, data["class"] == 2, data.hate_speech > 0, data.offensive_language > 0, data.neither > 0]
common = dict(n_features=2**20, alternate_sign=False, norm="l2", binary=True, lowercase=False, dtype=np.float32)
union = FeatureUnion([
    ("characters", HashingVectorizer(analyzer="char_wb", ngram_range=(2, 5), **common)),
    ("words", HashingVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\w+", **common)),
])
x = union.transform(texts)
heads = [LogisticRegression(solver="liblinear", tol=0.1).fit(x[:3000], column[:3000]) for column in y.T]
heads = [h for h in heads]
coefficients = np.ascontiguousarray(np.concatenate([h.coef_ for h in heads]).T.astype(np.float32))
intercepts = np.concatenate([h.intercept_ for h in heads])
for _ in range(2):
    start = time.process_time()
    rows = union.transform(texts)
    made = time.process_time()
    chances = np.stack([h.predict_proba(rows)[:, 1] for h in heads], 1)
    done = time.process_time()
    product = 1 / (1 + np.exp(-(rows @ coefficients + intercepts)))
    product_done = time.process_time()
    print(
        f"scikit-learn {sklearn.__version__}, batch: features {len(texts) / (made - start):,.0f}/s; with six heads {len(texts) / (done - start):,.0f}/s; "
        f"with one matrix product {len(texts) / (made - start + product_done - done):,.0f}/s"
    )
few = texts[:400]
start = time.process_time()
for text in few:
    row = union.transform([text])
    row @ coefficients
print(f"one at a time (matrix product): {len(few) / (time.process_time() - start):,.0f}/s")
