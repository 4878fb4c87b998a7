"""trec.json: every measure of trec_eval 9.0.8 (pytrec_eval) on 24 cases of cases.rs, by relevance level and judged only."""
import json, math, sys
import pytrec_eval
from s8_score import case
LEVELS = [(1, False), (2, False), (3, False), (1, True), (2, True)]
MEASURES = sorted(pytrec_eval.supported_measures - {"runid", "relstring"})
PARAMS = {"P": "3,5,7", "recall": "2,20", "Rprec_mult": "0.20,0.35,5.00", "iprec_at_recall": "0.10,0.20,0.25,0.50,0.75,1.00", "success": "2,5", "ndcg_cut": "3,10", "map_cut": "3,10", "relative_P": "3,10", }
asked = {f"{m}.{PARAMS[m]}" if m in PARAMS else m for m in MEASURES}
names, out = None, []
for i in range(24):
    tied = i % 2 == 1
    c = case(i, tied)
    qrels, run = {}, {}
    for q, d, g in c["qrels"] if isinstance(c, dict) else c[0]: qrels.setdefault(q, {})[d] = g
    for row in (c["run"] if isinstance(c, dict) else c[1]): run.setdefault(row[0], {})[row[1]] = row[-1]
    per = []
    for level, judged in LEVELS:
        if any(all(g == -2 for g in v.values()) for v in qrels.values()): raise SystemExit("segfault case")
        ev = pytrec_eval.RelevanceEvaluator(qrels, asked, relevance_level=level, judged_docs_only_flag=judged)
        got = ev.evaluate({q: dict(v) for q, v in run.items()})
        if names is None: names = sorted(next(iter(got.values())))
        for q in sorted(got):
            assert sorted(got[q]) == names
            per.append([level, judged, q, [None if math.isnan(got[q][n]) else round(got[q][n], 9) for n in names]])
    out.append(per)
json.dump({"command": "../v/bin/python s11_trec.py", "tool": "pytrec_eval-terrier 0.5.11 (trec_eval 9.0.8)", "cases": "case(i, i odd) of cases.rs", "row": "[level, judged only, query, value per name]; null is NaN", "asked": sorted(asked), "names": names, "rows": out}, open("trec.json", "w"), separators=(",", ":"))
print(len(out), len(names), names)
