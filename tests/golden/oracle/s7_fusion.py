import random
from fractions import Fraction
from common import *
ids, texts, qids, queries, qrels = scifact(); pos = {d: i for i, d in enumerate(ids)}
def load(n):
    r = {}
    for l in open(f"{OUT}/scifact_{n}.run"): q, _, d, _, s, _ = l.split(); r.setdefault(q, []).append((d, float(s)))
    return r
A, L = load("bm25"), load("lsa")
res = header({"rules": "lists are given best first and cut to depth; rrf = w/(k+rank), rank from 1; minmax/zscore normalise over the list's retrieved documents; missing = list's lowest normalised value; minmax of a constant list: 1 for its documents, 0 for missing; zscore of a constant list: 0 for all; an empty list adds 0; population std",
  "order": "fused score descending, then `position` ascending"})
tie = {}
for how in ("rrf",):
    f = fuse([A, L], (1, 1), how, pos=pos); fr = {}
    for q in qids:
        t = {}
        for l in (A, L):
            for i, (d, _) in enumerate(l[q][:50]): t[d] = t.get(d, 0) + Fraction(1, 61 + i)
        fr[q] = t
    tie["queries_where_float64_groups_differ_from_exact_rational_groups"] = sum(len({s for _, s in f[q]}) != len(set(fr[q].values())) for q in qids)
    tie["queries_where_float32_groups_differ_from_exact"] = sum(len({np.float32(s) for _, s in f[q]}) != len(set(fr[q].values())) for q in qids)
    for nm, sg in (("best", -1), ("worst", 1)):
        r = {q: sorted(f[q], key=lambda t: (-fr[q][t[0]], sg * qrels[q].get(t[0], 0))) for q in qids}
        tie[f"rrf_1_1_{nm}_tie_order"] = {k: float(np.mean([x[k] for x in per_query(r, qrels, 'listed').values()])) for k in KEYS}
    for nm, key in (("docid_ascending_string", lambda d: d), ("docid_ascending_number", int), ("docid_descending_number", lambda d: -int(d))):
        r = {q: sorted(f[q], key=lambda t: (-fr[q][t[0]], key(t[0]))) for q in qids}
        tie[f"rrf_1_1_{nm}"] = {k: float(np.mean([x[k] for x in per_query(r, qrels, 'listed').values()])) for k in KEYS}
res["scifact_rrf_ties"] = tie
R = random.Random(7); cases = []
spec = [("plain", 6, 6), ("constant_second", 5, 4), ("constant_first_single", 1, 5), ("empty_second", 4, 0), ("disjoint", 4, 4), ("depth_cut", 9, 9), ("negative_scores", 6, 5), ("both_empty", 0, 0)]
for name, n1, n2 in spec:
    docs = [f"d{i:02d}" for i in range(1, 13)]; p = {d: i for i, d in enumerate(docs)}
    d1 = R.sample(docs[:6] if name == "disjoint" else docs, n1); d2 = R.sample(docs[6:] if name == "disjoint" else docs, n2)
    s1 = sorted((R.randint(1, 80) / 8 for _ in d1), reverse=True); s2 = sorted((R.randint(-16 if name == "negative_scores" else 1, 32) / 32 for _ in d2), reverse=True)
    if name == "constant_second": s2 = [0.5] * n2
    depth = 5 if name == "depth_cut" else 50; a = [list(x) for x in zip(d1, s1)]; b = [list(x) for x in zip(d2, s2)]
    exp = {f"{h}_{w[0]}_{w[1]}": [list(x) for x in fuse([{"q": a}, {"q": b}], w, h, depth=depth, pos=p)["q"]] for h in ("rrf", "minmax", "zscore") for w in ((1, 1), (2, 1))}
    cases.append({"name": name, "depth": depth, "k": 60, "lists": [a, b], "position": p, "expected": exp})
res["cases"] = cases; write("fusion_golden.json", res)
for k, v in tie.items(): print(k, v if isinstance(v, int) else {a: round(b, 5) for a, b in v.items()})
