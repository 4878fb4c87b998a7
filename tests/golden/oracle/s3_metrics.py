import random, math
from common import *
R = random.Random(20261124); cases = []
MS = {"ndcg_cut.1,3,5,10", "ndcg", "P.1,3,5,10", "recall.1,3,5,10", "success.1,5,10", "map", "map_cut.5,10", "recip_rank"}
def own(qrels, run):
    """pure Python re-computation (double precision), to check the golden file"""
    o = [d for d, _ in sorted(sorted(run, key=lambda t: t[0], reverse=True), key=lambda t: -t[1])]
    rel = lambda d: max(qrels.get(d, 0), 0); n = sum(g > 0 for g in qrels.values()); out = {}
    dcg = lambda gs: sum(g / math.log2(i + 2) for i, g in enumerate(gs))
    ideal = sorted((g for g in qrels.values() if g > 0), reverse=True)
    for k in (1, 3, 5, 10):
        i = dcg(ideal[:k]); out[f"ndcg_cut_{k}"] = dcg([rel(d) for d in o[:k]]) / i if i else 0.0
        h = sum(rel(d) > 0 for d in o[:k]); out[f"P_{k}"] = h / k; out[f"recall_{k}"] = h / n if n else 0.0
    for k in (1, 5, 10): out[f"success_{k}"] = float(any(rel(d) > 0 for d in o[:k]))
    i = dcg(ideal); out["ndcg"] = dcg([rel(d) for d in o]) / i if i else 0.0
    def ap(l):
        h = s = 0
        for j, d in enumerate(l):
            if rel(d) > 0: h += 1; s += h / (j + 1)
        return s / n if n else 0.0
    out["map"] = ap(o); out["map_cut_5"] = ap(o[:5]); out["map_cut_10"] = ap(o[:10])
    out["recip_rank"] = next((1 / (j + 1) for j, d in enumerate(o) if rel(d) > 0), 0.0)
    return out
worst = 0.0
ids_styles = [lambda i: f"d{i}", lambda i: f"D{i:03d}", lambda i: str(i), lambda i: f"é-{i}" if i % 3 == 0 else f"z_{i}"]
for c in range(40):
    style = ids_styles[c % 4]; n = R.choice([4, 8, 12, 20, 30]); docs = [style(i) for i in range(1, n + 1)]
    kind = ("binary", "graded", "negative", "none_relevant", "short", "no_hit", "all_ties", "mixed")[c % 8]
    judged = R.sample(docs, max(2, n // 2))
    pool = {"binary": [0, 1], "graded": [0, 1, 2, 3], "negative": [-2, -1, 0, 1, 2], "none_relevant": [0, 0, -1], "short": [0, 1, 2], "no_hit": [1, 2], "all_ties": [0, 1, 3], "mixed": [-1, 0, 1, 2, 3, 4]}[kind]
    qrels = {d: R.choice(pool) for d in judged}
    if kind == "none_relevant": qrels[judged[0]] = 0           # keep at least one 0
    elif not any(g > 0 for g in qrels.values()): qrels[judged[0]] = max(pool)
    ret = R.sample(docs, R.randint(max(1, n // 2), n))
    if kind == "short": ret = ret[:R.randint(1, 3)]
    if kind == "no_hit": ret = [d for d in docs if d not in qrels]
    sc = (lambda: 1.5) if kind == "all_ties" else (lambda: R.randint(-8, 24) / 8)
    run = [[d, sc()] for d in ret]; R.shuffle(run)
    got = pytrec_eval.RelevanceEvaluator({"q": qrels}, MS).evaluate({"q": {d: s for d, s in run}})["q"]
    mine = own(qrels, run); assert set(mine) == set(got), (set(mine) ^ set(got))
    for k in got: worst = max(worst, abs(got[k] - mine[k])); assert abs(got[k] - mine[k]) < 1e-12, (c, k, got[k], mine[k], qrels, run)
    cases.append({"id": c, "kind": kind, "has_tied_scores": len({s for _, s in run}) < len(run), "qrels": qrels, "run": run, "expected": {k: got[k] for k in sorted(got)}})
res = header({"order": "score (float32) descending, ties by docid DESCENDING in byte (strcmp) order; the order of `run` in this file is shuffled and carries no meaning",
  "gain": "linear, grade itself; grades <= 0 and unjudged documents give 0; log2(rank+1); ideal ranking over all judged documents (cut at k for ndcg_cut)",
  "relevant": "grade >= 1", "P_k": "divides by k even if fewer results", "recall/map denominators": "all relevant documents in qrels; 0 when there is none",
  "scores": "multiples of 1/8 in [-1,3]: exact in float32", "seed": 20261124, "checked": f"own pure Python version agrees, max abs difference {worst:.3e}"})
res["cases"] = cases; write("metrics_golden.json", res); print("ties", sum(c["has_tied_scores"] for c in cases), "worst", worst)
