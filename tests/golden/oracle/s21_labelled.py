"""Counts the labelled answers of the four collections from their raw files, without ragkit.

s21_labelled.py DATA > labelled.json, where DATA is the folder of the real data.
"""
import csv
import json
import re
import sys
from collections import defaultdict
from pathlib import Path

data = Path(sys.argv[1]) / "rag"
squash = lambda text: re.sub(r"[\W_]+", "", text.lower())


def both_ways(rows):
    seen = defaultdict(list)
    for r in rows:
        seen[r[5].strip(), r[6], tuple(r[7])].append(r[3])
    return sum(len(labels) for labels in seen.values() if len(set(labels)) == 2)


def table(rows, left):
    """rows: (part, model, label, supported, document, question, answer, contexts)"""
    out = {
        "rows": len(rows),
        "supported": sum(r[3] for r in rows),
        "documents": len({r[4] for r in rows}),
        "with_question": sum(bool(r[5].strip()) for r in rows),
        "contexts": sum(len(r[7]) for r in rows),
        "answer_characters": sum(len(r[6]) for r in rows),
        "context_characters": sum(len(c) for r in rows for c in r[7]),
        "both_ways": both_ways(rows),
        "left_out": left,
    }
    for place, name in enumerate(("part", "model", "label")):
        counts = defaultdict(lambda: [0, 0])
        for r in rows:
            if r[place]:
                counts[r[place]][0] += 1
                counts[r[place]][1] += r[3]
        if counts:
            out[name] = {k: counts[k] for k in sorted(counts)}
    return out


def begin():
    rows = []
    for part in ("cmu", "tc", "wow"):
        lines = (data / f"begin/begin_dev_{part}.tsv").read_bytes().decode().rstrip().split("\r\n")
        assert lines[0].split("\t") == ["model_name", "data_source", "knowledge", "message", "response", "begin_label"]
        for line in lines[1:]:
            model, source, knowledge, message, response, label = line.split("\t")
            rows.append((source, model, label, label == "Fully attributable", squash(knowledge), message, response, [knowledge]))
    return table(rows, {"label": 0, "answer": 0, "contexts": 0})


SPELT = {  # every distinct value of the twelve files, by hand
    "entailment": "entailment", "Entailment": "entailment",
    "entailment,uncooperative": "entailment,uncooperative", "entailmentt,uncooperative": "entailment,uncooperative",
    "entailment. uncooperative": "entailment,uncooperative", "Uncooperative": "entailment,uncooperative",
    "hallucination": "hallucination", "Hallucination": "hallucination", "hallucinated": "hallucination",
    "entailment,hallucination": "entailment,hallucination", "Partial Hallucination": "entailment,hallucination",
    "generic": "generic", "Generic": "generic",
}


def faithdial():
    rows, left = [], {"label": 0, "answer": 0, "contexts": 0}
    for path in sorted((data / "faithdial_audit").glob("*.csv")):
        part = {"cmu": "cmu", "top": "tc", "wow": "wow"}[re.search("cmu|top|wow", path.name)[0]]
        model = path.stem.split("__")[1]
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.reader(file)
            next(reader)
            for knowledge, history, reply, label, _ in reader:
                history = "" if history.strip() == "[]" else history.strip()
                if not label.strip():
                    left["label"] += 1
                elif not reply.strip():
                    left["answer"] += 1
                elif not knowledge.strip():
                    left["contexts"] += 1
                else:
                    label = SPELT[label]
                    yes = label in ("entailment", "entailment,uncooperative")
                    rows.append((part, model, label, yes, squash(knowledge), history, reply.strip(), [knowledge]))
    return table(rows, left)


def halueval():
    rows = []
    for number, line in enumerate(open(data / "halueval/qa_one-turn_data.json", encoding="utf-8")):
        one = json.loads(line)
        for label, yes in (("right", True), ("hallucinated", False)):
            rows.append((None, None, label, yes, number, one["question"], one[label + "_answer"], [one["knowledge"]]))
    return table(rows, {"label": 0, "answer": 0, "contexts": 0})


def expertqa():
    rows, left = [], {"label": 0, "answer": 0, "contexts": 0}
    for number, line in enumerate(open(data / "expertqa/rand_val.jsonl", encoding="utf-8")):
        one = json.loads(line)
        for model, answer in one["answers"].items():
            for claim in answer["claims"]:
                texts = [re.sub(r"^\[\d+\] https?://\S+", "", e).strip() for e in claim["evidence"]]
                texts = [t for t in texts if t]
                if claim["support"] in (None, "N/A"):
                    left["label"] += 1
                elif not texts:
                    left["contexts"] += 1
                else:
                    rows.append((None, model, claim["support"], claim["support"] == "Complete", number, one["question"], claim["claim_string"], texts))
    return table(rows, left)


def scifact(split):
    rows, left = [], {"label": 0, "answer": 0, "contexts": 0}
    texts = {d["_id"]: d["text"] for d in map(json.loads, open(data / "scifact_beir/corpus.jsonl", encoding="utf-8"))}
    claims, cited, said = {}, defaultdict(dict), {}
    for r in csv.DictReader(open(data / f"scifact_beir/claims_{split}.csv", newline="", encoding="utf-8")):
        claims[r["id"]] = r["claim"]
        for d in r["cited_doc_ids"].strip("[]").split():
            cited[r["id"]][d] = True
        if r["evidence_doc_id"]:
            said[r["id"], r["evidence_doc_id"]] = r["evidence_label"]
    for claim, text in claims.items():
        for d in cited[claim]:
            label = said.get((claim, d), "nei")
            rows.append((None, None, label, label == "SUPPORT", d, "", text, [texts[d]]))
        if not cited[claim]:
            left["label"] += 1
    return table(rows, left)


found = {
    "begin": begin(), "faithdial": faithdial(), "halueval": halueval(), "expertqa": expertqa(),
    "scifactclaims_train": scifact("train"), "scifactclaims_validation": scifact("validation"),
}
print(json.dumps(found, indent=1, ensure_ascii=False))
