from collections import Counter
from common import *
def build(strict):
    docs, qs, rows = cranfield(strict)
    return [d for d, _ in docs], [f["T"] + " " + f["W"] for _, f in docs], [f["W"] for _, f in qs], docs, qs, rows
ids, texts, queries, docs, qs, rows = build(True)
qids = [str(i + 1) for i in range(len(qs))]                       # ordinal position
res = header({
 "format": "Latin-1 (in fact pure ASCII); cran.all.1400 LF, cran.qry CRLF; both end with a bare '.I' line that opens no record",
 "documents": "title = .T, text = .W, each field's lines joined by one space, document = title + ' ' + text; a repeated field is appended",
 "queries": "cran.qry record k (1-based position) is cranqrel query k; the printed .I numbers are not used",
 "gains": "code 1,2,3,4 -> gain 4,3,2,1 (linear); all are relevant for AP, RR, P, R (relevance_level 1)",
 "bm25": "bm25s lucene k1=1.2 b=.75, analyser T, only score > 0, top 1000; ties by corpus position ascending ('listed') or trec rule ('trec')",
 "mean": "over the 225 queries"})
qrels = {}
for q, d, c in rows: qrels.setdefault(str(q), {})[str(d)] = GAIN[c]
qrels = {q: qrels[q] for q in qids}
dup = [k for k, c in Counter((q, d) for q, d, _ in rows).items() if c > 1]
idset = set(ids)
empt = [i for i, (_, f) in zip(ids, docs) if not (f["T"].strip() or f["W"].strip())]
printed = [i for i, _ in qs]
res["loader"] = {"documents": len(ids), "ids_are_1_to_1400": ids == [str(i) for i in range(1, 1401)], "queries": len(qs), "judgements": len(rows),
 "codes": {str(k): v for k, v in sorted(Counter(c for *_, c in rows).items())}, "other_codes": sorted({c for *_, c in rows} - set(GAIN)),
 "duplicate_pairs": [list(map(int, d)) for d in dup],
 "judged_documents_missing_from_corpus": sorted({d for _, d, _ in rows if str(d) not in idset}),
 "judged_queries_missing": sorted({q for q, *_ in rows if str(q) not in qids}), "queries_without_judgements": [q for q in qids if q not in qrels],
 "documents_empty": empt, "documents_without_title": [i for i, f in docs if not f["T"].strip()], "documents_without_text": [i for i, f in docs if not f["W"].strip()],
 "judgements_on_empty_documents": [list(r) for r in rows if str(r[1]) in empt],
 "printed_query_ids": {"first10": printed[:10], "last": printed[-1], "distinct": len(set(printed)), "ordinal_equals_printed": sum(int(p) == i + 1 for i, p in enumerate(printed)),
    "printed_numbers_above_225": sum(int(p) > 225 for p in printed)},
 "documents_with_unusual_markers": {"240": ".A and .B again after .W (a broken abstract: the text after them lands in .A/.B under the literal rule)", "576": "second .W", "578": "second .W"},
 "texts_starting_with_their_title": sum(" ".join(f["W"].split()).startswith(" ".join(f["T"].split())) and bool(f["T"].strip()) for _, f in docs),
 "relevant_per_query": {"min": min(map(len, qrels.values())), "max": max(map(len, qrels.values())), "mean": len(rows) / 225}}
dt = [T(t) for t in texts]; qt = [T(q) for q in queries]
res["statistics"] = {"tokens": sum(map(len, dt)), "avgdl": sum(map(len, dt)) / len(dt), "vocabulary": len({t for d in dt for t in d})}
F = res["figures"] = {}
m = index(dt); run = bm25_run(m, ids, qids, qt, 1000); F["bm25"] = means(run, qrels)
F["bm25_with_zero_score_fill_to_1000"] = {}
f, s = m.retrieve(qt, k=1000, show_progress=False, n_threads=1)
F["bm25_with_zero_score_fill_to_1000"] = means({q: [(ids[int(f[i, j])], float(s[i, j])) for j in range(1000)] for i, q in enumerate(qids)}, qrels)
F["bm25_own_float64"] = means(bm25_own(dt, ids, qids, qt, 1000), qrels)
F["bm25_own_float64_quantised_fieldnorms"] = means(bm25_own(dt, ids, qids, qt, 1000, quantised=True), qrels)
i2, t2, *_ = build(False); d2 = [T(t) for t in t2]
F["variant_all_of_240_in_W"] = means(bm25_run(index(d2), i2, qids, qt, 1000), qrels)
d3 = [T(f["W"]) for _, f in docs]; F["variant_text_only"] = means(bm25_run(index(d3), ids, qids, qt, 1000), qrels)
keep = [j for j, t in enumerate(dt) if t]
F["variant_two_empty_documents_left_out"] = means(bm25_run(index([dt[j] for j in keep]), [ids[j] for j in keep], qids, qt, 1000), qrels)
F["TRAP_codes_used_as_gains"] = means(run, {q: {d: 5 - g for d, g in r.items()} for q, r in qrels.items()})
by_printed = {str(int(p)): run[q] for p, q in zip(printed, qids)}
F["TRAP_printed_ids"] = means({q: by_printed.get(q, []) for q in qids}, qrels)
nl = {}
import itertools
def exp_gain(r): return {d: 2 ** g - 1 for d, g in r.items()}
F["variant_exponential_gain"] = {"trec": {"ndcg_cut_10": float(np.mean([x["ndcg_cut_10"] for x in per_query(run, {q: exp_gain(r) for q, r in qrels.items()}).values()]))}}
res["run"] = {"queries_with_fewer_than_1000_positive": sum(len(h) < 1000 for h in run.values()), "smallest": min(map(len, run.values())), "rows": sum(map(len, run.values())),
   "queries_with_tied_scores_top10": sum(len({x for _, x in h[:11]}) < 11 for h in run.values())}
res["per_query"] = per_query(run, qrels)
for k, v in F.items(): print(k, {a: round(b, 4) for a, b in v["trec"].items()})
write("cranfield.json", res); write_run("cranfield_bm25.run", run, "bm25s")
with open(os.path.join(OUT, "cranfield.qrels"), "w") as fh:
    for q in qids:
        for d, g in qrels[q].items(): fh.write(f"{q} 0 {d} {g}\n")
# --- variant: the 225 rows that other copies of cranqrel (Glasgow; anahids/Vector-Space-Model@56d54fc) carry with code -1
last = {}
for i, r in enumerate(rows): last[r[0]] = i
susp = [rows[i] for i in last.values()]
assert all(r[2] == 1 for r in susp) and len(susp) == 225
q2 = {q: {d: g for d, g in r.items()} for q, r in qrels.items()}
for q, d, _ in susp: q2[str(q)][str(d)] = 0
rank = {q: {d: i + 1 for i, (d, _) in enumerate(h)} for q, h in run.items()}
res["last_row_of_every_query"] = {"note": "the last row of each of the 225 queries has code 1 here; another public copy (anahids/Vector-Space-Model@56d54fc) has -1 on exactly these rows (353 = 128 + 225). Presumably the host repo rewrote them. With the file as given they count as most relevant.",
  "median_bm25_rank": float(np.median([rank[str(q)].get(str(d), 1001) for q, d, _ in susp])), "at_rank_1": sum(rank[str(q)].get(str(d)) == 1 for q, d, _ in susp), "distinct_documents": len({d for _, d, _ in susp})}
F["variant_last_rows_as_not_relevant"] = means(run, q2)
print("last rows 0", F["variant_last_rows_as_not_relevant"]["trec"]); write("cranfield.json", res)
