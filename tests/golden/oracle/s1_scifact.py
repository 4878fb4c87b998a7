import numpy as np, json, time, sys
from scipy import sparse
from common import *
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
ids, texts, qids, queries, qrels = scifact()
pos = {d: i for i, d in enumerate(ids)}
dt = [T(t) for t in texts]; qt = [T(q) for q in queries]
res = header({
 "documents": "title + ' ' + text, corpus.jsonl order (position = tie-break)", "analyser": "T",
 "queries": "the 300 queries of qrels/test.tsv; mean over 300, a query without results counts 0",
 "trec": "pytrec_eval on raw scores: float32 scores, ties by docid descending (string compare)",
 "listed": "same metrics with the order of our list: score desc (bm25 float32, others float64), ties by corpus position ascending",
 "bm25": "bm25s lucene, k1=1.2 b=.75, no (k1+1) factor, only documents with score > 0, top 100; repeated query terms count again",
 "lsa": "TfidfVectorizer(sublinear_tf=True, analyzer=T) (smooth_idf, l2 norm); TruncatedSVD(512, random_state=0, n_iter=5); cosine; top 100, score may be any sign",
 "fusion": "both lists cut to 50; rrf: w/(60+rank), rank from 1; minmax/zscore: per list and query over the retrieved 50, missing = list's lowest normalised value; population std; fused list not cut",
 "weights": "(bm25, lsa)"})
res["statistics"] = {"documents": len(ids), "queries": len(qids), "tokens": sum(map(len, dt)), "avgdl": float(np.mean([len(t) for t in dt])),
 "vocabulary": len({t for d in dt for t in d}), "empty_documents": [i for i, t in zip(ids, dt) if not t], "query_tokens": sum(map(len, qt)),
 "query_tokens_not_in_vocabulary": sum(t not in v for v in [{t for d in dt for t in d}] for q in qt for t in q)}
F = res["figures"] = {}; runs = {}
def add(name, run): runs[name] = run; F[name] = means(run, qrels); print(name, {k: round(v, 4) for k, v in F[name]["trec"].items()}, flush=True)
m = index(dt)
add("bm25", bm25_run(m, ids, qids, qt, 100))
f, s = m.retrieve(qt, k=100, show_progress=False, n_threads=1)
add("bm25_bm25s_retrieve_verbatim", {q: [(ids[int(f[i, j])], float(s[i, j])) for j in range(100)] for i, q in enumerate(qids)})
add("bm25_own_float64", bm25_own(dt, ids, qids, qt, 100))
add("bm25_own_float64_quantised_fieldnorms", bm25_own(dt, ids, qids, qt, 100, quantised=True))
add("bm25_k1_0.9_b_0.4", bm25_run(index(dt, .9, .4), ids, qids, qt, 100))
a, b = runs["bm25"], runs["bm25_own_float64"]
res["bm25s_vs_own"] = {"max_abs_score_difference": max(abs(x - dict(b[q]).get(d, x)) for q in qids for d, x in a[q]),
   "queries_with_other_top10_order": sum([d for d, _ in a[q][:10]] != [d for d, _ in b[q][:10]] for q in qids),
   "queries_with_tied_scores_in_top_100": sum(len({x for _, x in a[q]}) < len(a[q]) for q in qids),
   "queries_tied_at_the_cut_50": sum(len(a[q]) > 50 and a[q][49][1] == a[q][50][1] for q in qids),
   "queries_with_fewer_than_100_results": sum(len(a[q]) < 100 for q in qids)}
# LSA
v = TfidfVectorizer(sublinear_tf=True, analyzer=T); X = v.fit_transform(texts); Q = v.transform(queries)
unit = lambda M: M / np.maximum(np.linalg.norm(M, axis=1, keepdims=True), 1e-30)
def ranked(S, k=100):
    o = [np.lexsort((np.arange(S.shape[1]), -r))[:k] for r in S]
    return {q: [(ids[j], float(S[i, j])) for j in o[i]] for i, q in enumerate(qids)}
add("tfidf_cosine", ranked((Q @ X.T).toarray()))
spread = {}
for seed in range(3):
    t = time.time(); svd = TruncatedSVD(512, random_state=seed, n_iter=5); L = svd.fit_transform(X); print("svd", round(time.time() - t, 1))
    r = ranked(unit(svd.transform(Q)) @ unit(L).T)
    if seed == 0:
        add("lsa", r); res["lsa_fit"] = {"tfidf_shape": X.shape, "tfidf_nnz": X.nnz, "singular_values_first5": svd.singular_values_[:5].tolist(),
            "singular_value_512": float(svd.singular_values_[-1]), "explained_variance_ratio_sum": float(svd.explained_variance_ratio_.sum())}
    spread[seed] = means(r, qrels)["trec"]
res["lsa_other_random_states"] = spread
b_, l_ = runs["bm25"], runs["lsa"]
for w in ((1, 1), (2, 1)):
    for how in ("rrf", "minmax", "zscore"): add(f"{how}_{w[0]}_{w[1]}", fuse([b_, l_], w, how, pos=pos))
res["rrf_ties"] = {"queries_with_a_tie_in_top_10_float64": sum(len({x for _, x in runs["rrf_1_1"][q][:11]}) < 11 for q in qids)}
if "--exact" in sys.argv:                       # exact rank-512 LSA through the Gram matrix
    from scipy.linalg import eigh
    t = time.time(); G = (X @ X.T).toarray(); n = G.shape[0]
    w, U = eigh(G, subset_by_index=[n - 512, n - 1], overwrite_a=True, check_finite=False); print("eigh", time.time() - t)
    V = X.T @ U / np.sqrt(w)                    # terms x 512
    add("lsa_exact_svd", ranked(unit(Q @ V) @ unit(X @ V).T))
    res["lsa_fit"]["exact_singular_values_first5"] = np.sqrt(w[::-1][:5]).tolist(); res["lsa_fit"]["exact_singular_value_512"] = float(np.sqrt(w[0]))
    for how in ("rrf", "minmax", "zscore"): add(f"{how}_1_1_exact_lsa", fuse([b_, runs["lsa_exact_svd"]], (1, 1), how, pos=pos))
res["per_query_ndcg_cut_10"] = {n: {q: x["ndcg_cut_10"] for q, x in per_query(runs[n], qrels).items()} for n in ("bm25", "lsa", "rrf_1_1")}
write("scifact.json", res)
for n in ("bm25", "lsa", "rrf_1_1"): write_run(f"scifact_{n}.run", runs[n], n)
write("scifact_tokens_sample.json", {"documents": {ids[i]: dt[i] for i in (0, 1, 2, 1000, 5182)}, "queries": {q: t for q, t in list(zip(qids, qt))[:20]}})
