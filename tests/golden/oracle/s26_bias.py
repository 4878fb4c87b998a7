"""Golden figures for src/metrics/bias.rs on the bias madlibs: writes tests/golden/moderation_bias.json. It holds figures and terms, no phrases.

Run: python s26_bias.py tests/golden/moderation_bias.json   (RAGKIT_DATA for the set)

Scores are made of the FNV-1a hash of the phrase (64 bits, UTF-8), that of its first word, and the label: (h(phrase) % 160 + 64 toxic + h(first) % 32) / 256. So all
76,564 share 255 scores. A phrase is of a term's group where the regular expression \\bterm\\b finds it, case aside, as add_subgroup_columns_from_text of
conversationai/unintended-ml-bias-analysis has it. Areas: scikit-learn's roc_auc_score.
"""
import csv
import json
import os
import platform
import re
import sys

import numpy as np
import sklearn
from sklearn.metrics import roc_auc_score

FOLDER = os.environ.get("RAGKIT_DATA", "/work/shared/data") + "/moderation/unintended_bias"


def fnv1a(text):
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return state


with open(f"{FOLDER}/madlibs.csv", newline="", encoding="utf-8") as file:
    rows = [(row["phrase"], row["toxicity"] == "toxic") for row in csv.DictReader(file)]
with open(f"{FOLDER}/unitary_results.csv", newline="", encoding="utf-8") as file:
    terms = [row["subgroup"] for row in csv.DictReader(file)]
y = np.array([toxic for _, toxic in rows])
s = np.array([(fnv1a(phrase) % 160 + 64 * toxic + fnv1a(phrase.split(" ")[0]) % 32) / 256 for phrase, toxic in rows])


def auc(keep):
    return float(roc_auc_score(y[keep], s[keep])) if len(set(y[keep])) == 2 else None


figures = []
for term in terms:
    is_of = re.compile(r"\b" + re.escape(term) + r"\b", re.IGNORECASE)
    g = np.array([bool(is_of.search(phrase)) for phrase, _ in rows])
    figures.append({"term": term, "count": int(g.sum()), "areas": [auc(g), auc(y != g), auc(y == g)]})


def power_mean(values):
    return float(np.mean(np.array(values) ** -5.0) ** (1 / -5.0))


means = [power_mean([f["areas"][k] for f in figures if f["areas"][k] is not None]) for k in range(3)]
overall = float(roc_auc_score(y, s))
with open(sys.argv[1], "w") as file:
    json.dump({
        "by": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, Python {platform.python_version()}",
        "rows": len(rows), "distinct_scores": len(set(s.tolist())), "overall": overall, "power_means": means,
        "combined": (overall + sum(means)) / 4, "terms": figures,
    }, file, indent=1)
    file.write("\n")
