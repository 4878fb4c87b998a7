"""Shared pieces of the ragkit oracle: data loaders, analyser T, BM25 runs, pytrec_eval scoring."""
import json, os, sys, platform, importlib.metadata as im
import numpy as np, pytrec_eval, Stemmer, bm25s

DATA = os.environ.get("RAGKIT_DATA", "/work/shared/data")
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "out")
STOP = frozenset("a an and are as at be but by for if in into is it no not of on or such that the their then "
                 "there these they this to was will with".split())
assert len(STOP) == 33
_stem = Stemmer.Stemmer("english")

def raw_tokens(text):
    """maximal runs of str.isalnum characters, as written"""
    out, cur = [], []
    for ch in text:
        if ch.isalnum(): cur.append(ch)
        elif cur: out.append("".join(cur)); cur = []
    if cur: out.append("".join(cur))
    return out

def unstemmed(text):
    toks = [t.lower() for t in raw_tokens(text)]
    return [t for t in toks if len(t.encode("utf-8")) < 40 and t not in STOP]

def T(text):
    return _stem.stemWords(unstemmed(text))

def versions():
    v = {p: im.version(p) for p in ("bm25s", "PyStemmer", "scikit-learn", "pytrec_eval-terrier", "ranx", "scipy", "numpy")}
    v["python"] = platform.python_version(); v["libstemmer"] = "bundled with PyStemmer"
    return v

def write(name, obj):
    p = os.path.join(OUT, name)
    with open(p, "w") as f: json.dump(obj, f, indent=1, ensure_ascii=False)
    print("wrote", p)

def header(conventions):
    return {"command": "cd /work/oracle && OMP_NUM_THREADS=2 venv/bin/python " + " ".join(sys.argv),
            "versions": versions(), "conventions": conventions}

# ---------------------------------------------------------------- loaders
def scifact():
    f = f"{DATA}/rag/scifact_beir"
    corpus = [json.loads(l) for l in open(f"{f}/corpus.jsonl", encoding="utf-8")]
    ids = [d["_id"] for d in corpus]; texts = [d["title"] + " " + d["text"] for d in corpus]
    question = {q["_id"]: q["text"] for q in map(json.loads, open(f"{f}/queries.jsonl", encoding="utf-8"))}
    qrels = {}
    for line in open(f"{f}/qrels/test.tsv").read().splitlines()[1:]:
        q, d, r = line.split("\t"); qrels.setdefault(q, {})[d] = int(r)
    qids = list(qrels)
    return ids, texts, qids, [question[q] for q in qids], qrels

def smart(path, strict240=True):
    """SMART records: list of (id, {'T':..,'A':..,'B':..,'W':..}).
    `.I n` opens a record (a bare `.I` only closes the file), `.X` opens field X, a field met again is appended to (one space).
    strict240: a `.A`/`.B` after `.W` belongs to .A/.B (literal SMART). False: once in .W every other marker but .I is ignored."""
    recs, cur, field = [], None, None
    for line in open(path, encoding="latin-1", newline="").read().replace("\r\n", "\n").split("\n"):
        s = line.strip()
        if s == ".I" or s.startswith(".I "):
            rest = s[2:].strip(); cur = field = None
            if rest: cur = (rest, {"T": [], "A": [], "B": [], "W": []}); recs.append(cur)
        elif s in (".T", ".A", ".B", ".W"):
            if strict240 or field != "W": field = s[1]
        elif cur is not None and field is not None: cur[1][field].append(line)
    return [(i, {k: " ".join(v) for k, v in f.items()}) for i, f in recs]

GAIN = {1: 4, 2: 3, 3: 2, 4: 1}
def cranfield(strict240=True):
    f = f"{DATA}/rag/cranfield"
    docs = smart(f"{f}/cran.all.1400", strict240); qs = smart(f"{f}/cran.qry")
    rows = [tuple(int(x) for x in l.split()) for l in open(f"{f}/cranqrel", encoding="latin-1").read().splitlines() if l.strip()]
    return docs, qs, rows

# ---------------------------------------------------------------- runs: {qid: [(docid, score), ...]} best first
def index(tokens, k1=1.2, b=0.75, method="lucene"):
    m = bm25s.BM25(k1=k1, b=b, method=method); m.index(tokens, show_progress=False); return m

def bm25_run(model, ids, qids, qtokens, k):
    """bm25s scores; score > 0 only; order: score descending (float32), then corpus position ascending (as tantivy)."""
    run = {}
    for q, toks in zip(qids, qtokens):
        s = model.get_scores(toks) if toks and model.get_tokens_ids(toks) else np.zeros(len(ids), "float32")
        o = np.lexsort((np.arange(len(s)), -s))[:k]
        run[q] = [(ids[j], float(s[j])) for j in o if s[j] > 0]
    return run

def bm25_own(doc_tokens, ids, qids, qtokens, k, k1=1.2, b=0.75, quantised=False):
    """own BM25 (float64): idf = ln(1+(N-n+.5)/(n+.5)), tf/(tf+k1(1-b+b*dl/avgdl)); query terms count with multiplicity.
    quantised: dl through Lucene/tantivy's one-byte field norms (avgdl stays exact)."""
    from collections import Counter, defaultdict
    N = len(doc_tokens); dl = np.array([len(t) for t in doc_tokens], float); avg = dl.mean()
    if quantised: dl = np.array([fieldnorm(int(x)) for x in dl], float)
    norm = k1 * (1 - b + b * dl / avg); post = defaultdict(list)
    for j, toks in enumerate(doc_tokens):
        for t, c in Counter(toks).items(): post[t].append((j, c))
    run = {}
    for q, toks in zip(qids, qtokens):
        s = np.zeros(N)
        for t in toks:
            p = post.get(t)
            if not p: continue
            j = np.array([x[0] for x in p]); c = np.array([x[1] for x in p], float)
            s[j] += np.log(1 + (N - len(p) + .5) / (len(p) + .5)) * c / (c + norm[j])
        o = np.lexsort((np.arange(N), -s))[:k]
        run[q] = [(ids[j], float(s[j])) for j in o if s[j] > 0]
    return run

def fieldnorm(n):
    """Lucene SmallFloat.byte4ToInt(intToByte4(n)), rounds down, exact below 40"""
    if n < 24: return n
    m = n - 24; bits = m.bit_length()
    if bits < 4: return n
    sh = bits - 4
    return 24 + ((m >> sh) << sh)

# ---------------------------------------------------------------- scoring
MEASURES = {"ndcg_cut.10", "recall.100", "recip_rank", "map", "P.10"}
KEYS = ["ndcg_cut_10", "recall_100", "recip_rank", "map", "P_10"]
def per_query(run, qrels, by="trec", measures=MEASURES):
    """by='trec': pytrec_eval on the scores as they are (sorted by float32 score desc, ties by docid DESCENDING as strings).
    by='listed': the order of the list itself (scores replaced by -rank), so our own tie-break stands."""
    if by == "listed": r = {q: {d: float(-i) for i, (d, _) in enumerate(h)} for q, h in run.items()}
    else: r = {q: dict(h) for q, h in run.items()}
    res = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(r)
    keys = sorted({k for v in res.values() for k in v})
    return {q: res.get(q, {k: 0.0 for k in keys}) for q in qrels}          # missing = 0

def means(run, qrels):
    out = {}
    for by in ("trec", "listed"):
        pq = per_query(run, qrels, by)
        out[by] = {k: float(np.mean([pq[q][k] for q in qrels])) for k in KEYS}
    return out

def write_run(name, run, tag):
    with open(os.path.join(OUT, name), "w") as f:
        for q, h in run.items():
            for i, (d, s) in enumerate(h): f.write(f"{q} Q0 {d} {i + 1} {s!r} {tag}\n")

# ---------------------------------------------------------------- fusion (lists already best first)
def fuse(runs, weights, how, depth=50, k=60, pos=None):
    out = {}
    for q in runs[0]:
        lists = [r.get(q, [])[:depth] for r in runs]; docs = {d: None for l in lists for d, _ in l}
        tot = {d: 0.0 for d in docs}
        for l, w in zip(lists, weights):
            if how == "rrf":
                for i, (d, _) in enumerate(l): tot[d] += w / (k + i + 1)
                continue
            if not l: continue                                     # an empty list adds nothing
            s = np.array([x for _, x in l], float)
            if how == "minmax":
                lo, hi = s.min(), s.max()
                n, miss = (np.ones_like(s), 0.0) if hi == lo else ((s - lo) / (hi - lo), 0.0)
            else:
                sd = s.std()
                n = np.zeros_like(s) if sd == 0 or s.max() == s.min() else (s - s.mean()) / sd
                miss = float(n.min())
            got = {d: float(x) for (d, _), x in zip(l, n)}
            for d in docs: tot[d] += w * got.get(d, miss)
        out[q] = sorted(tot.items(), key=lambda t: (-t[1], pos[t[0]]))
    return out
