"""ties.json: the least, the mean and the greatest value over ALL orders within groups of equal scores, by brute force.
Checked: own.py's functions against pytrec_eval on a fixed order; ERR against nothing but gdeval's formula (see s8_score.py)."""
import json, os, random, math, platform, itertools, importlib.metadata as im
from collections import Counter
import pytrec_eval, own
HERE = os.path.dirname(os.path.abspath(__file__)); R = random.Random(20261124); DIGITS = 13
METRICS = {"nDCG@3": lambda l, j: own.ndcg(l, j, 3), "nDCG": own.ndcg, "nDCG(dcg='exp-log2')@3": lambda l, j: own.ndcg(l, j, 3, True),
 "AP": own.ap, "AP@3": lambda l, j: own.ap(l, j, 3), "RR": own.rr, "RR@2": lambda l, j: own.rr(l, j, 2), "P@3": lambda l, j: own.p(l, j, 3),
 "R@3": lambda l, j: own.r(l, j, 3), "Success@2": lambda l, j: own.success(l, j, 2), "Rprec": own.rprec, "Bpref": own.bpref,
 "ERR@3": lambda l, j: own.err(l, j, 3), "RBP(p=0.8)": own.rbp, "IPrec@0.5": lambda l, j: own.iprec(l, j, 0.5)}
TREC = {"nDCG@3": "ndcg_cut_3", "nDCG": "ndcg", "AP": "map", "AP@3": "map_cut_3", "RR": "recip_rank", "P@3": "P_3", "R@3": "recall_3",
 "Success@2": "success_2", "Rprec": "Rprec", "Bpref": "bpref", "IPrec@0.5": "iprec_at_recall_0.50"}
cases, checked = [], 0
for c in range(120):
    n = 2 + c % 6; docs = [chr(97 + i) for i in range(n + 3)]; ret = R.sample(docs[:n + 1], n)
    if c < 12: levels = 1                                                       # constant scorer
    else: levels = R.randint(1, max(1, n - 1))
    run = [[d, R.randrange(levels) / 2] for d in ret]
    if c >= 12 and len({s for _, s in run}) == n: run[1][1] = run[0][1]          # at least one tie
    top = 1 if c % 3 == 0 else 3
    qrels = {d: R.choice([0, *([0] if top == 1 else []), *range(top + 1)]) for d in R.sample(docs, R.randint(2 if c % 5 == 0 else max(2, n - 1), n + 2))}
    if c % 20 and not any(qrels.values()): qrels[R.choice(sorted(qrels))] = top   # every 20th may lack a relevant document
    if c % 20 == 0: qrels = {d: 0 for d in qrels} if c % 40 == 0 else qrels
    qrels = dict(sorted(qrels.items())); judged = list(qrels.values())
    groups = [[d for d, s in run if s == x] for x in sorted({s for _, s in run}, reverse=True)]
    orders = Counter(tuple(qrels.get(d) for g in parts for d in g) for parts in itertools.product(*(itertools.permutations(g) for g in groups)))
    total = sum(orders.values()); assert total == math.prod(math.factorial(len(g)) for g in groups) and total > 1
    for labels in {next(iter(orders)), max(orders, key=str)}:                  # fixed orders: pytrec_eval sees distinct scores
        left = {g: [d for d in ret if qrels.get(d) == g] for g in set(labels)}; o = [left[g].pop() for g in labels]
        got = pytrec_eval.RelevanceEvaluator({"q": qrels}, {m.replace("_0.", ".0.") for m in TREC.values()}).evaluate({"q": {d: float(-i) for i, d in enumerate(o)}})["q"]
        for m, t in TREC.items():
            assert abs(got[t] - METRICS[m](list(labels), judged)) < 1e-12, (c, m, got[t]); checked += 1
    exp = {}
    for m, f in METRICS.items():
        v = {l: f(list(l), judged) for l in orders}; lo, hi = min(v.values()), max(v.values())
        e = math.fsum(x * orders[l] for l, x in v.items()) / total
        lo, e, hi = (int(x) if x == int(x) else x for x in (round(lo, DIGITS), round(e, DIGITS), round(hi, DIGITS)))
        exp[m] = lo if lo == hi else [lo, hi] if m.startswith("IPrec") else [lo, e, hi]
    cases.append([qrels, run, list(exp.values())])
doc = {"command": "cd /work/scratch/score && ../v/bin/python s9_ties.py", "versions": {"python": platform.python_version(), "pytrec_eval-terrier": im.version("pytrec_eval-terrier")},
 "conventions": {"case": "[qrels {document: grade}, run [[document, score]] in a meaningless order, values]; values[i] belongs to metrics[i]",
  "values": f"[least, mean, greatest] over all orders within groups of equal scores, each order equally likely; IPrec [least, greatest]; one number if all orders give the same; rounded to {DIGITS} decimals",
  "metrics": "trec_eval's (see score.json) on one query; nDCG(dcg='exp-log2') has gain 2^g - 1; ERR: R = (2^g - 1) / 2^4; RBP: 0.2 sum 0.8^(rank - 1) over documents with grade >= 1; 0 if no document is relevant",
  "checked": f"the functions agree with pytrec_eval to 1e-12 on fixed orders ({checked} figures)"}, "metrics": list(METRICS), "cases": cases}
s = json.dumps(doc, separators=(",", ":")); open(os.path.join(HERE, "ties.json"), "w").write(s + "\n"); print("wrote ties.json", len(s), "bytes", checked, "checks")
print("varying:", Counter(m for x in cases for m, v in zip(METRICS, x[2]) if isinstance(v, list)), "no relevant:", sum(not any(x[0].values()) for x in cases))
