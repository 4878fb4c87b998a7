"""Own double-precision metrics on one ranked list, for cross-checks (s8_score.py) and for the permutations (s9_ties.py).
labels: for each retrieved document in rank order its grade, or None if it is not in the qrels; judged: all grades of the query.
Negative grades: the document is in the pool but unjudged (trec_eval's RELVALUE_UNJUDGED). All formulas are trec_eval 9's unless
named otherwise; a query with no relevant document scores 0."""
import math

def gain(g): return g if g is not None and g > 0 else 0
def isrel(g, rel=1): return g is not None and g >= rel

def ndcg(labels, judged, k=None, exp=False):
    f = (lambda g: 2.0 ** gain(g) - 1) if exp else (lambda g: float(gain(g)))
    cut = (lambda l: l) if k is None else (lambda l: l[:k])
    dcg = lambda l: sum(f(g) / math.log2(i + 2) for i, g in enumerate(cut(l)))
    ideal = dcg(sorted((g for g in judged if g > 0), reverse=True))
    return dcg(labels) / ideal if ideal else 0.0

def err(labels, judged, k=None, top=4):
    """gdeval.pl: R = (2^g - 1) / 2^4, whatever the highest grade in the qrels"""
    s, decay = 0.0, 1.0
    for i, g in enumerate(labels if k is None else labels[:k]):
        r = (2 ** gain(g) - 1) / 2 ** top
        s += r * decay / (i + 1); decay *= 1 - r
    return s

def ap(labels, judged, k=None, rel=1):
    n = sum(g >= rel for g in judged); hits = s = 0
    for i, g in enumerate(labels if k is None else labels[:k]):
        if isrel(g, rel): hits += 1; s += hits / (i + 1)
    return s / n if n else 0.0

def rr(labels, judged, k=None, rel=1):
    return next((1 / (i + 1) for i, g in enumerate(labels if k is None else labels[:k]) if isrel(g, rel)), 0.0)

def hits(labels, k=None, rel=1): return sum(isrel(g, rel) for g in (labels if k is None else labels[:k]))
def p(labels, judged, k, rel=1): return hits(labels, k, rel) / k
def r(labels, judged, k, rel=1):
    n = sum(g >= rel for g in judged); return hits(labels, k, rel) / n if n else 0.0
def success(labels, judged, k, rel=1): return float(hits(labels, k, rel) > 0)
def rprec(labels, judged, rel=1):
    n = sum(g >= rel for g in judged); return hits(labels, n, rel) / n if n else 0.0
def setp(labels, judged): return hits(labels) / len(labels) if labels else 0.0
def setr(labels, judged): return r(labels, judged, None)
def setf(labels, judged):
    a, b = setp(labels, judged), setr(labels, judged); return 2 * a * b / (a + b) if a + b else 0.0
def setap(labels, judged): return setp(labels, judged) * setr(labels, judged)
def numrelret(labels, judged): return float(hits(labels))

def bpref(labels, judged, rel=1):
    n = sum(g >= rel for g in judged); non = sum(0 <= g < rel for g in judged); above = 0; s = 0.0
    for g in labels:
        if g is None or g < 0: continue
        if g < rel: above += 1
        else: s += 1 - min(above, n) / min(non, n) if above else 1.0
    return s / n if n else 0.0

def infap(labels, judged, rel=1, eps=0.00001):
    """m_infap.c: not in the qrels = outside the pool; grade < 0 = in the pool, unjudged"""
    n = sum(g >= rel for g in judged); non = hit = unj = 0; s = 0.0
    for j, g in enumerate(labels):
        if g is None: continue
        if g < 0: unj += 1
        elif g < rel: non += 1
        else:
            hit += 1
            s += 1.0 if j == 0 else 1 / (j + 1) + (j / (j + 1)) * ((hit - 1 + non + unj) / j) * ((hit - 1 + eps) / (hit - 1 + non + 2 * eps))
    return s / n if n else 0.0

def iprec(labels, judged, level, rel=1):
    """highest precision at any rank where at least int(level * R + 0.9) relevant documents have been seen (m_iprec_at_recall.c)"""
    n = sum(g >= rel for g in judged)
    if not n: return 0.0
    need = int(level * n + 0.9); best = 0.0; h = 0
    for i, g in enumerate(labels):
        h += isrel(g, rel)
        if h >= need: best = max(best, h / (i + 1))
    return best

def rbp(labels, judged, p=0.8, rel=1):
    return (1 - p) * sum(p ** i for i, g in enumerate(labels) if isrel(g, rel))

def judged_at(labels, judged, k):
    top = labels[:k]; return sum(g is not None for g in top) / len(top) if top else 0.0
