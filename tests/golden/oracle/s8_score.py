"""score.json: figures for `ragkit score`, by pytrec_eval, ir-measures, ranx and msmarco_eval.py (see header() below).
Needs: pytrec_eval-terrier ir_measures ranx numpy, perl (gdeval.pl)."""
import json, os, sys, math, tempfile, platform, io, warnings, importlib.metadata as im
warnings.simplefilter("ignore")
import numpy as np, pytrec_eval, ir_measures, ranx
from ir_measures.bin import msmarco_eval
from numba.misc.quicksort import make_py_quicksort
import own
HERE = os.path.dirname(os.path.abspath(__file__)); NO_TIES, TIES, PER_CASE = int(os.environ.get("N1", 1000)), int(os.environ.get("N2", 150)), 12

# ---------------------------------------------------------------- cases (the same as cases.rs, which describes the generator)
M = (1 << 64) - 1
class SplitMix64:
    def __init__(self, seed): self.s = seed
    def below(self, n):
        self.s = (self.s + 0x9E3779B97F4A7C15) & M; z = self.s
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & M; z = ((z ^ z >> 27) * 0x94D049BB133111EB) & M
        return (z ^ z >> 31) % n
    def shuffle(self, l):
        for i in range(len(l) - 1, 0, -1):
            j = self.below(i + 1); l[i], l[j] = l[j], l[i]
    def numbers(self, size):
        out = []
        while len(out) < size:
            e = 1 + self.below(4); n = 1 + self.below(10 ** e)
            if n not in out: out.append(n)
        return out
BINARY, GRADED, NEGATIVE = (0, 0, 0, 0, 0, 1, 1, 1), (0, 0, 0, 1, 1, 2, 3, 4), (-1, -1, 0, 0, 1, 2, 3, 4)
def case(index, tied):
    """qrels [[query, document, grade]], run [[query, document, rank, score]], both in file order"""
    g = SplitMix64(20261124 + 2 * index + tied); nq = 1 + g.below(4); kind = g.below(10)
    grades = BINARY if kind < 3 else GRADED if kind < 8 else NEGATIVE
    style = g.below(3); constant = g.below(6) == 0; drop = g.below(8) == 0; dropped = g.below(nq); extra = g.below(20) == 0
    first = 1 + g.below(300); name = (lambda n: ("", "d", "doc-")[style] + str(n)); qrels, run = [], []
    for i in range(nq):
        q = str(first + 45 * i); n = 3 + g.below(38); m = 2 + g.below(24); size = max(n, m) + g.below(12)
        pool = g.numbers(size); g.shuffle(pool); barren = g.below(12) == 0
        for d in pool[:m]:
            x = grades[g.below(8)]; qrels.append([q, name(d), min(x, 0) if barren else x])
        g.shuffle(pool); ranks = list(range(1, n + 1)); g.shuffle(ranks)
        s = g.below(8192) - 4096; l = g.below(5) + 1 if not constant else 1; step = 1 + g.below(512)
        for d, r in zip(pool[:n], ranks):
            if tied: v = s + step * g.below(l)
            else: s += 1 + g.below(300); v = s
            if not (drop and nq > 1 and i == dropped): run.append([q, name(d), r, v / 1024])
    if extra:
        q = str(first + 45 * nq); n = 3 + g.below(8)
        for i, d in enumerate(g.numbers(n)): run.append([q, name(d), i + 1, (512 * i + g.below(512)) / 1024])
    if all(x < 1 for *_, x in qrels): qrels[0][2] = 1
    g.shuffle(qrels); g.shuffle(run); return qrels, run
def texts(qrels, run):
    return "".join(f"{q} 0 {d} {g}\n" for q, d, g in qrels), "".join(f"{q} Q0 {d} {r} {s!r} t\n" for q, d, r, s in run)

# ---------------------------------------------------------------- metrics: ir-measures name -> own function, pytrec_eval, ranx
METRICS = {  # own(labels, judged), (pytrec_eval name, relevance level, cut of the run), ranx name
 "nDCG": (lambda l, j: own.ndcg(l, j), ("ndcg", 1, 0), "ndcg"),
 "nDCG@5": (lambda l, j: own.ndcg(l, j, 5), ("ndcg_cut_5", 1, 0), "ndcg@5"),
 "nDCG@10": (lambda l, j: own.ndcg(l, j, 10), ("ndcg_cut_10", 1, 0), "ndcg@10"),
 "AP": (lambda l, j: own.ap(l, j), ("map", 1, 0), "map"),
 "AP@10": (lambda l, j: own.ap(l, j, 10), ("map_cut_10", 1, 0), "map@10"),
 "RR": (lambda l, j: own.rr(l, j), ("recip_rank", 1, 0), "mrr"),
 "RR@10": (lambda l, j: own.rr(l, j, 10), ("recip_rank", 1, 10), "mrr@10"),
 "P@5": (lambda l, j: own.p(l, j, 5), ("P_5", 1, 0), "precision@5"),
 "P(rel=2)@5": (lambda l, j: own.p(l, j, 5, 2), ("P_5", 2, 0), "precision@5-l2"),
 "R@10": (lambda l, j: own.r(l, j, 10), ("recall_10", 1, 0), "recall@10"),
 "Success@5": (lambda l, j: own.success(l, j, 5), ("success_5", 1, 0), "hit_rate@5"),
 "Rprec": (lambda l, j: own.rprec(l, j), ("Rprec", 1, 0), "r-precision"),
 "Bpref": (lambda l, j: own.bpref(l, j), ("bpref", 1, 0), "bpref"),
 "infAP": (lambda l, j: own.infap(l, j), ("infAP", 1, 0), None),
 "SetP": (own.setp, ("set_P", 1, 0), "precision"),
 "SetR": (own.setr, ("set_recall", 1, 0), "recall"),
 "SetF": (own.setf, ("set_F", 1, 0), "f1"),
 "SetAP": (own.setap, ("set_map", 1, 0), None),
 "IPrec@0.1": (lambda l, j: own.iprec(l, j, 0.1), ("iprec_at_recall_0.10", 1, 0), None),
 "IPrec@0.5": (lambda l, j: own.iprec(l, j, 0.5), ("iprec_at_recall_0.50", 1, 0), None),
 "Judged@10": (lambda l, j: own.judged_at(l, j, 10), None, None),
 "ERR@10": (lambda l, j: own.err(l, j, 10), None, None),
 "nDCG(dcg='exp-log2')@10": (lambda l, j: own.ndcg(l, j, 10, True), None, "ndcg_burges@10"),
 "NumRelRet": (own.numrelret, ("num_rel_ret", 1, 0), "hits"),
 "AP(rel=2)": (lambda l, j: own.ap(l, j, None, 2), ("map", 2, 0), "map-l2"),
 "RR(rel=2)@10": (lambda l, j: own.rr(l, j, 10, 2), ("recip_rank", 2, 10), "mrr@10-l2")}
NAMES = list(METRICS); ROUNDED = {"ERR@10", "nDCG(dcg='exp-log2')@10"}
MEASURE = {n: ir_measures.parse_measure(n) for n in NAMES}; NAME = {m: n for n, m in MEASURE.items()}
TIED = {"trec_eval-9": ["nDCG", "nDCG@10", "AP", "AP@10", "RR", "RR@10", "P@5", "R@10", "Rprec", "Bpref", "infAP", "IPrec@0.5"],
 "ir-measures": ["nDCG", "AP", "RR", "RR@10", "P@5", "R@10", "Judged@10", "ERR@10", "nDCG(dcg='exp-log2')@10", "RR(rel=2)@10"],
 "ranx": ["nDCG", "nDCG@10", "nDCG(dcg='exp-log2')@10", "AP", "AP@10", "RR", "RR@10", "P@5", "R@10", "Success@5", "Rprec"],
 "msmarco": ["RR@10"]}
ID_ASCENDING = {"RR@10", "RR(rel=2)@10", "Judged@10"}          # ir-measures' msmarco and judged providers

def nested(rows, col):
    out = {}
    for x in rows: out.setdefault(x[0], {})[x[1]] = x[col]
    return out
by_id_descending = lambda h: [d for d, _ in sorted(sorted(h.items(), key=lambda t: t[0].encode(), reverse=True), key=lambda t: -t[1])]
by_id_ascending = lambda h: [d for d, _ in sorted(h.items(), key=lambda t: (-t[1], t[0].encode()))]
_argsort = make_py_quicksort(lt=lambda a, b: a < b, is_argsort=True).run_quicksort
def by_numba(h, twice):
    o = list(h.items())
    for _ in range(1 + twice): o = [o[i] for i in _argsort(np.array([-s for _, s in o], float))]
    return [d for d, _ in o]

def own_values(names, Q, R, order):
    out = {}
    for n in names:
        for q, j in Q.items():
            labels = [j.get(d) for d in order(R[q])] if q in R else []
            out[n, q] = METRICS[n][0](labels, list(j.values())) if labels else 0.0
    return out
def trec_values(names, Q, R):
    out = {}
    for level in (1, 2):
        for cut in (0, 10):
            these = [n for n in names if METRICS[n][1] and METRICS[n][1][1:] == (level, cut)]
            if not these: continue
            run = R if not cut else {q: {d: h[d] for d in by_id_descending(h)[:cut]} for q, h in R.items()}
            ask = {METRICS[n][1][0].replace("_0.", ".0.") if "iprec" in METRICS[n][1][0] else METRICS[n][1][0] for n in these}
            got = pytrec_eval.RelevanceEvaluator(Q, ask, relevance_level=level).evaluate(run)
            assert set(got) == set(Q) & set(R)
            for n in these:
                for q in Q: out[n, q] = got[q][METRICS[n][1][0]] if q in got else 0.0
    return out
def irm_values(names, qtext, rtext, Q):
    """iter_calc per query and calc_aggregate, through ir-measures' own readers"""
    qrels, run = list(ir_measures.read_trec_qrels(qtext)), list(ir_measures.read_trec_run(rtext))
    ms = [MEASURE[n] for n in names]; out = {}
    for m in ir_measures.iter_calc(ms, qrels, run):
        assert (NAME[m.measure], m.query_id) not in out; out[NAME[m.measure], m.query_id] = m.value
    agg = ir_measures.calc_aggregate(ms, qrels, run)
    # a run query without qrels gives no value in any provider
    assert {q for _, q in out} == set(Q), ({q for _, q in out}, set(Q))
    return out, {NAME[m]: v for m, v in agg.items()}
def ranx_values(names, qtext, rtext, Q, R):
    with tempfile.TemporaryDirectory() as t:
        for n, x in (("q.txt", qtext), ("r.txt", rtext)): open(f"{t}/{n}", "w").write(x)
        qrels, run = ranx.Qrels.from_file(f"{t}/q.txt", kind="trec"), ranx.Run.from_file(f"{t}/r.txt", kind="trec")
    ask = [METRICS[n][2] for n in names]; twice = set(Q) != set(R)
    mean = ranx.evaluate(qrels, run, ask, make_comparable=twice)
    if len(ask) == 1: mean = {ask[0]: mean}
    return {(n, q): float(run.scores[METRICS[n][2]][q]) for n in names for q in Q}, {n: float(mean[METRICS[n][2]]) for n in names}, twice
def msmarco_values(qrels, run):
    """msmarco_eval.py: rows with grade >= 1 are the reference, the candidates go by the rank column; ids made integers"""
    number = {d: i + 1 for i, d in enumerate(sorted({x[1] for x in qrels} | {x[1] for x in run}))}
    ref = msmarco_eval.load_reference_from_stream(io.StringIO("".join(f"{q}\t0\t{number[d]}\t{g}\n" for q, d, g in qrels if g >= 1)))
    cand = msmarco_eval.load_candidate_from_stream(io.StringIO("".join(f"{q}\t{number[d]}\t{r}\n" for q, d, r, _ in run)))
    assert msmarco_eval.quality_checks_qids(ref, cand) == (True, "")
    per = msmarco_eval.compute_metrics(ref, cand, 10)["MRR @10 by query"]
    return sum(per.values()) / len(ref), sum(per.values()) / len({x[0] for x in qrels})

mean = lambda v, n, Q: math.fsum(v[n, q] for q in Q) / (1 if n == "NumRelRet" else len(Q))
close = lambda a, b, t: abs(a - b) <= t
hashed = 0xcbf29ce484222325; stats = dict.fromkeys("missing_query unjudged_query no_relevant_query negative_grades constant_run binary".split(), 0)
count = dict.fromkeys(NAMES, 0); worst = {}; odd = {}
def note(key, a, b, tol, where):
    worst[key] = max(worst.get(key, 0.0), abs(a - b)); assert close(a, b, tol), (key, where, a, b)
def read(i, tied):
    global hashed
    qrels, run = case(i, tied); qt, rt = texts(qrels, run)
    for b in (qt + rt).encode(): hashed = ((hashed ^ b) * 0x100000001b3) & M
    Q, R = nested(qrels, 2), nested(run, 3)
    assert len(qrels) == sum(map(len, Q.values())) and len(run) == sum(map(len, R.values())) and any(g > 0 for *_, g in qrels)
    assert all(np.float32(s) == s for *_, s in run)
    if not tied: assert all(len(set(h.values())) == len(h) for h in R.values())
    stats["missing_query"] += bool(set(Q) - set(R)); stats["unjudged_query"] += bool(set(R) - set(Q))
    stats["no_relevant_query"] += any(max(j.values()) < 1 for j in Q.values()); stats["negative_grades"] += any(g < 0 for *_, g in qrels)
    stats["constant_run"] += all(len(set(h.values())) == 1 for q, h in R.items() if q in Q); stats["binary"] += {g for *_, g in qrels} <= {0, 1}
    return qrels, run, qt, rt, Q, R

untied = []
for i in range(NO_TIES):
    qrels, run, qt, rt, Q, R = read(i, False)
    names = [NAMES[(PER_CASE * i + j) % len(NAMES)] for j in range(PER_CASE)]; row = []
    mine = own_values(names, Q, R, by_id_descending); trec = trec_values(names, Q, R); irm, agg = irm_values(names, qt, rt, Q)
    rx, rxm, _ = ranx_values([n for n in names if METRICS[n][2]], qt, rt, Q, R)
    for n in names:
        count[n] += 1; tol = 0.6e-5 if n in ROUNDED else 1e-9
        for q in Q:
            w = (i, n, q); ref = irm[n, q] if n not in ROUNDED else mine[n, q]
            note("own/ir-measures" + (" (gdeval, 5 decimals)" if n in ROUNDED else ""), mine[n, q], irm[n, q], tol, w)
            if (n, q) in trec: note("pytrec_eval/ir-measures", trec[n, q], irm[n, q], 1e-9, w)
            if n == "Bpref":
                x = rx[n, q]; empty = any(max(j.values()) < 1 for j in Q.values()); full = any(min(j.values()) >= 1 for j in Q.values())
                key = "a query of the case has no relevant document" if empty else "a query of the case has no non-relevant document" if full else \
                    "negative grades" if any(g < 0 for g in Q[q].values()) else "other"
                if key == "other": note("ranx/ir-measures", x, ref, 1e-9, w)
                o = odd.setdefault(key, {"queries": 0, "NaN": 0, "wrong": 0}); o["queries"] += 1; o["NaN"] += math.isnan(x); o["wrong"] += not math.isnan(x) and not close(x, ref, 1e-9)
            elif (n, q) in rx: note("ranx/ir-measures" if n not in ROUNDED else "ranx/own exp nDCG", rx[n, q], ref, 1e-9, w)
        v = mean(irm if n not in ROUNDED else mine, n, Q)
        note("calc_aggregate/mean over judged queries" + (" (gdeval)" if n in ROUNDED else ""), v, agg[n], tol if n in ROUNDED else 1e-9, (i, n)); row.append(v)
    untied.append(row)
    if i % 200 == 199: print(i + 1, "cases", flush=True)
assert NO_TIES < 1000 or min(count.values()) >= 300, count

tied, differ = [], {}
for i in range(TIES):
    qrels, run, qt, rt, Q, R = read(i, True); out = {}
    n1 = TIED["trec_eval-9"]; mine = own_values(n1, Q, R, by_id_descending); trec = trec_values(n1, Q, R)
    for n in n1:
        for q in Q: note("tied: own with id descending/pytrec_eval", mine[n, q], trec[n, q], 1e-9, (i, n, q))
    out["trec_eval-9"] = [mean(trec, n, Q) for n in n1]
    n2 = TIED["ir-measures"]; irm, agg = irm_values(n2, qt, rt, Q); row = []
    for n in n2:
        mine = own_values([n], Q, R, by_id_ascending if n in ID_ASCENDING else by_id_descending)
        for q in Q: note("tied: own/ir-measures" + (" (gdeval)" if n in ROUNDED else ""), mine[n, q], irm[n, q], 0.6e-5 if n in ROUNDED else 1e-9, (i, n, q))
        row.append(mean(mine, n, Q) if n in ROUNDED else agg[n])
    out["ir-measures"] = row
    n3 = TIED["ranx"]; rx, rxm, twice = ranx_values(n3, qt, rt, Q, R); mine = own_values(n3, Q, R, lambda h: by_numba(h, twice))
    for n in n3:
        for q in Q: note("tied: own with numba's argsort/ranx", mine[n, q], rx[n, q], 1e-9, (i, n, q))
    out["ranx"] = [rxm[n] for n in n3]
    out["msmarco"] = list(msmarco_values(qrels, run))
    for a, b in (("trec_eval-9", "ir-measures"), ("trec_eval-9", "ranx"), ("ir-measures", "ranx")):
        for n in [n for n in TIED[a] if n in TIED[b]]:
            differ.setdefault(f"{a} != {b}", {}).setdefault(n, 0)
            differ[f"{a} != {b}"][n] += not close(out[a][TIED[a].index(n)], out[b][TIED[b].index(n)], 1e-9)
    d = differ.setdefault("msmarco[1] != RR@10 of", {})
    for a in ("trec_eval-9", "ir-measures", "ranx"): d[a] = d.get(a, 0) + (not close(out["msmarco"][1], out[a][TIED[a].index("RR@10")], 1e-9))
    stable = own_values(["nDCG"], Q, R, lambda h: [x for x, _ in sorted(h.items(), key=lambda t: -t[1])])
    differ["ranx nDCG != nDCG in stable file order"] = differ.get("ranx nDCG != nDCG in stable file order", 0) + (not close(mean(stable, "nDCG", Q), rxm["nDCG"], 1e-9))
    tied.append(out)

text = f"{hashed:016x}"
doc = {"command": "cd /work/scratch/score && ../v/bin/python s8_score.py",
 "versions": {**{p: im.version(p) for p in ("pytrec_eval-terrier", "ir_measures", "ranx", "numba", "numpy")}, "python": platform.python_version(), "gdeval.pl": "1.2a (in ir_measures)"},
 "conventions": {
  "cases": f"case(i, false) for i < {NO_TIES} and case(i, true) for i < {TIES} of cases.rs; fnv1a64 is FNV-1a over the qrels lines 'q 0 d g' then the run lines 'q Q0 d rank score t' (score as Rust {{:?}}) of all cases in this order; scores are multiples of 1/1024",
  "untied": f"untied[i][j] belongs to metrics[({PER_CASE} * i + j) % {len(NAMES)}]: mean over the queries of the qrels, 0 for one missing in the run; run queries without qrels are ignored. NumRelRet is the SUM over the queries (ir-measures' aggregator)",
  "tied": "tied[i][tool][j] belongs to tied_metrics[tool][j]; the metrics carry ir-measures' names in all tools",
  "relevant": "grade >= 1 (or rel=); negative grades: no gain, not relevant, unjudged for Bpref, in the pool but unjudged for infAP, but judged for Judged (it asks only whether the document is in the qrels)",
  "Judged@10": "divides by the number of retrieved documents if fewer than 10",
  "ERR@10, nDCG(dcg='exp-log2')@10": "gdeval.pl's formulas in double precision (gdeval prints 5 decimals; asserted to 0.6e-5 per query). ERR: R = (2^g - 1) / 2^4 always; a query without relevant documents is skipped by gdeval and set to 0 by ir-measures. gdeval allows no grade above 4 (dies) and needs numeric query ids",
  "SetF": "beta = 1", "IPrec@x": "trec_eval 9: highest precision at a rank with at least int(x R + 0.9) relevant documents", "P@k": "divides by k",
  "tied trec_eval-9": "pytrec_eval: float32 score descending, then id descending by bytes",
  "tied ir-measures": "default pipeline: pytrec_eval's ties (id descending) for nDCG, AP, RR, P, R; gdeval (id descending) for ERR and exponential nDCG; RR@10, RR(rel=2)@10 (msmarco provider) and Judged@10 (judged provider): id ASCENDING",
  "tied ranx": "Run.from_file in file order, then numba's unstable argsort of the negated scores (numba_argsort.md); where the queries of run and qrels differ, make_comparable=True, which sorts the sorted list once more. Reproduced here with numba's own Python source of the algorithm",
  "tied msmarco": "msmarco_eval.py by the rank column (cases.rs: ranks), reference = rows with grade >= 1. Two figures: [0] divided by the queries that have a relevant document (the original's len(qids_to_relevant_passageids), with a reference file of relevant rows only), [1] divided by all judged queries. The copy inside ir_measures has that division removed; ir-measures' RR@k feeds it by score, not by rank"},
 "disagreements": {"ranx Bpref (left out)": {**odd, "why": "see NOTES.md: a division by zero inside numba's prange ends the loop in silence, so that queries AFTER one without relevant documents keep 0; negative grades count as judged non-relevant"},
  "tied cases in which the figures differ (of %d)" % TIES: differ},
 "worst_difference": {k: float(f"{v:.2e}") for k, v in worst.items()}, "case_counts": stats, "fnv1a64": text,
 "metrics": NAMES, "tied_metrics": {**TIED, "msmarco": ["RR@10 / queries with a relevant document", "RR@10 / judged queries"]}, "untied": untied, "tied": tied}
def tidy(x):
    if isinstance(x, float): return int(x) if x == int(x) else x
    if isinstance(x, dict): return {k: tidy(v) for k, v in x.items()}
    return [tidy(v) for v in x] if isinstance(x, list) else x
p = os.path.join(HERE, "score.json"); s = json.dumps(tidy(doc), separators=(",", ":"))
open(p, "w").write(s + "\n"); print("wrote", p, len(s), "bytes; hash", text)
for k, v in (("worst", worst), ("odd", odd), ("stats", stats), ("differ", differ), ("count", count)): print(k, v)
