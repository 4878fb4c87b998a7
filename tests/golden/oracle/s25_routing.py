#!/usr/bin/env python3
"""Independent oracle of routing figures; exact rationals (Fraction of the doubles) except influences.
Run: /work/scratch/scorers/venv/bin/python s25_routing.py  -> routing.json beside it (deterministic).

Conventions written out:
 curve          one point per distinct positive lambda at which any prompt changes its choice, plus the start
                (lambda = infinity: lowest d, then highest p, then earliest model). Points are NOT deduplicated.
                At lambda = breakpoint the lower d still holds, so the move shows just below it.
 envelope       corners of the non-decreasing upper concave envelope of the curve, without (0,0): only strict
                corners (no collinear points, no flat tail); rising cost, rising quality.
 envelope_zero  the same together with (0,0).
 heights        [x, height] of envelope_zero on 9 costs over the AIQ range and beyond (brute force over pairs).
 null           aiq*, where max = min of the models' mean costs; savings where never reached, or where ref costs 0;
                perf_gain where ref's mean quality is 0; apgr/cpt where Q_s <= Q_w.
"""
import json, os, sys
from fractions import Fraction as F
import numpy as np
from scipy.optimize import linprog
from sklearn.metrics import f1_score

HERE = os.path.dirname(os.path.abspath(__file__))

# ---------- exact part ----------
def fx(a): return [[F(float(v)) for v in r] for r in a]

def choose(p, d, lam):
    """argmax p - lam d; ties lower d, then earlier"""
    best = 0
    for m in range(1, len(p)):
        a, b = p[m] - lam * d[m], p[best] - lam * d[best]
        if a > b or (a == b and d[m] < d[best]): best = m
    return best

def sweep(p, d):
    """list of choice vectors, lambda from infinity to 0, brute force at one lambda inside every interval"""
    n, M = len(p), len(p[0])
    brk = set()
    for i in range(n):
        for a in range(M):
            for b in range(a):
                if d[i][a] != d[i][b]:
                    l = (p[i][a] - p[i][b]) / (d[i][a] - d[i][b])
                    if l > 0: brk.add(l)
    brk = sorted(brk, reverse=True)
    lams = [(brk[0] + 1) if brk else F(1)]
    lams += [(brk[k] + (brk[k + 1] if k + 1 < len(brk) else 0)) / 2 for k in range(len(brk))]
    lams.append(F(0))
    out = []
    for l in lams:
        ch = [choose(p[i], d[i], l) for i in range(n)]
        if not out or out[-1] != ch: out.append(ch)
    # lambda = breakpoint itself must equal the choice just above it
    for k, b in enumerate(brk):
        up = (brk[k - 1] + b) / 2 if k else b + 1
        assert [choose(p[i], d[i], b) for i in range(n)] == [choose(p[i], d[i], up) for i in range(n)]
    return out

def mean(v): v = list(v); return sum(v, F(0)) / len(v)
def points(ch, c, s):
    n = len(c)
    return [(mean(c[i][k[i]] for i in range(n)), mean(s[i][k[i]] for i in range(n))) for k in ch]

def height(pts, x):
    """brute force; None left of the cheapest point"""
    L = [q for q in pts if q[0] <= x]; R = [q for q in pts if q[0] >= x]
    if not L: return None
    h = max(q[1] for q in L)
    for a in L:
        for b in R:
            if b[0] > a[0] and b[1] > h:
                v = a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0])
                if v > h: h = v
    return h

def corners(pts):
    u = sorted(set(pts)); top = {}
    for x, y in u: top[x] = max(y, top.get(x, y))
    u = sorted(top.items()); out = []
    for k, (x, y) in enumerate(u):
        h = height(u[:k] + u[k + 1:], x)
        if h is None or h < y: out.append((x, y))
    for a, b, e in zip(out, out[1:], out[2:]):   # strictly concave
        assert (b[1]-a[1])*(e[0]-b[0]) > (e[1]-b[1])*(b[0]-a[0])
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in zip(out, out[1:]))
    return out

def aiq(pts, lo, hi):
    if hi == lo: return None
    z = pts + [(F(0), F(0))]
    xs = sorted({lo, hi} | {x for x, _ in corners(z) if lo < x < hi})
    hs = [height(z, x) for x in xs]
    return sum((b - a) * (g + h) / 2 for a, b, g, h in zip(xs, xs[1:], hs, hs[1:])) / (hi - lo)

def xstar(pts, q):
    cs = corners(pts)
    if cs[0][1] >= q: return cs[0][0]
    for a, b in zip(cs, cs[1:]):
        if b[1] >= q: return a[0] + (q - a[1]) * (b[0] - a[0]) / (b[1] - a[1])
    return None

def pgr_curve(p, s, w, st):
    """[(share, quality)] at every distinct threshold, from share 0"""
    n = len(p); gap = [p[i][st] - p[i][w] for i in range(n)]
    out = [(F(0), mean(s[i][w] for i in range(n)))]
    for t in sorted(set(gap), reverse=True):
        k = [i for i in range(n) if gap[i] >= t]; ks = set(k)
        out.append((F(len(k), n), mean(s[i][st] if i in ks else s[i][w] for i in range(n))))
    return out

def apgr_cpt(p, s, w, st, targets=(F(1,5), F(1,2), F(4,5))):
    cu = pgr_curve(p, s, w, st); qw, qs = cu[0][1], cu[-1][1]
    if qs <= qw: return None, [None] * len(targets)
    r = [(x, (q - qw) / (qs - qw)) for x, q in cu]
    area = sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in zip(r, r[1:]))
    cpt = []
    for t in targets:
        v = None
        for a, b in zip(r, r[1:]):
            if b[1] >= t:
                v = a[0] + (t - a[1]) * (b[0] - a[0]) / (b[1] - a[1]); break
        cpt.append(v)
    return area, cpt

def calibration(p, s):
    P = np.asarray(p, float).ravel(); S = np.asarray(s, float).ravel(); tot = 0.0
    edges = [k / 10 for k in range(1, 10)]
    b = np.array([sum(v >= e for e in edges) for v in P])
    assert all(b == np.clip(np.floor(P * 10), 0, 9)), "edge-sensitive"   # both ways of binning agree
    for k in range(10):
        m = b == k
        if m.any(): tot += m.mean() * abs(S[m].mean() - P[m].mean())
    return float(tot)

def figures(s, c, p, d):
    n, M = len(s), len(s[0])
    pts = points(sweep(p, d), c, s)
    mc = [mean(c[i][m] for i in range(n)) for m in range(M)]
    mq = [mean(s[i][m] for i in range(n)) for m in range(M)]
    lo, hi = min(mc), max(mc)
    z = pts + [(F(0), F(0))]
    A, A0 = aiq(pts, lo, hi), aiq(list(zip(mc, mq)), lo, hi)
    x = xstar(pts, mq[0])
    sav = None if x is None or mc[0] == 0 else 1 - x / mc[0]
    pg = None if mq[0] == 0 else max(q for _, q in pts) / mq[0] - 1
    right = max(hi, max(q[0] for q in pts)) * F(5, 4)
    xs = [right * F(k, 8) for k in range(9)]
    by = []
    for m in range(M):
        x = xstar(pts, mq[m]); by.append((None if x is None or mc[m] == 0 else 1 - x / mc[m], None if mq[m] == 0 else max(q for _, q in pts) / mq[m] - 1))
    return dict(savings_by_ref=[v[0] for v in by], perf_gain_by_ref=[v[1] for v in by], curve=pts, envelope=corners(pts), envelope_zero=corners(z),
                heights=[(x, height(z, x)) for x in xs], aiq=A, aiq_zero=A0,
                aiq_gain=None if A is None else A - A0, savings=sav, perf_gain=pg,
                model_cost=mc, model_quality=mq)

# ---------- LP check of the oracle ----------
def lp_check(s, c, name):
    S, C = np.array([[float(v) for v in r] for r in s]), np.array([[float(v) for v in r] for r in c])
    n, M = S.shape
    pts = points(sweep(s, c), c, s); z = pts + [(F(0), F(0))]
    lo, hi = pts[0][0], pts[-1][0]; worst = 0.0; k = 0
    sc = float(C.max()) or 1.0                    # costs scaled for the solver
    A1 = np.kron(np.eye(n), np.ones(M))
    for f in (0, .13, .37, .5, .71, .93, 1):
        B = float(lo) + f * (float(hi) - float(lo))
        r = linprog(-S.ravel() / n, A_ub=[C.ravel() / n / sc], b_ub=[B / sc + 1e-13], A_eq=A1, b_eq=np.ones(n), method="highs",
                    options=dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10))
        assert r.status == 0, (name, r.message)
        h = float(height(pts, max(F(B), lo))); worst = max(worst, abs(-r.fun - h)); k += 1
    for f in (.25, .6, .9, 1.1, 1.7, 3):          # global share of "no answer" t: envelope with (0,0)
        B = float(lo) * f if lo > 0 else f * float(hi) / 3
        r = linprog(np.r_[-S.ravel() / n, 0], A_ub=[np.r_[C.ravel() / n / sc, 0]], b_ub=[B / sc], A_eq=np.c_[A1, -np.ones(n)],
                    b_eq=np.zeros(n), bounds=[(0, None)] * (n * M) + [(0, 1)], method="highs",
                    options=dict(primal_feasibility_tolerance=1e-10, dual_feasibility_tolerance=1e-10))
        assert r.status == 0, (name, r.message)
        worst = max(worst, abs(-r.fun - float(height(z, F(B))))); k += 1
    return k, worst

# ---------- weighted float figures, for influences ----------
class Weighted:
    def __init__(self, s, c, p, d):
        self.ch = np.array(sweep(p, d)); n = len(s); self.n = n
        self.S = np.array([[float(v) for v in r] for r in s]); self.C = np.array([[float(v) for v in r] for r in c])
        i = np.arange(n); self.cs, self.ss = self.C[i, self.ch], self.S[i, self.ch]
        g = [p[k][-1] - p[k][0] for k in range(n)]
        self.taken = np.array([[0] * n] + [[1 if v >= t else 0 for v in g] for t in sorted(set(g), reverse=True)])
    @staticmethod
    def hull(pts):
        h = []
        for q in sorted(pts, key=lambda q: (q[0], -q[1])):
            if h and q[0] <= h[-1][0] + 1e-18: continue
            if h and q[1] <= h[-1][1]: continue
            while len(h) > 1 and (h[-1][1]-h[-2][1])*(q[0]-h[-2][0]) <= (q[1]-h[-2][1])*(h[-1][0]-h[-2][0]): h.pop()
            h.append(q)
        return np.array(h)
    def aiq(self, pts, lo, hi):
        h = self.hull(list(pts) + [(0.0, 0.0)])
        xs = np.r_[lo, h[(h[:, 0] > lo) & (h[:, 0] < hi), 0], hi]
        return float(np.trapezoid(np.interp(xs, h[:, 0], h[:, 1]), xs) / (hi - lo))
    def __call__(self, w):
        w = w / w.sum(); X, Y = self.cs @ w, self.ss @ w; pts = list(zip(X, Y))
        mc, mq = w @ self.C, w @ self.S; lo, hi = mc.min(), mc.max(); o = {}
        if hi - lo > 1e-12 * hi:
            o["aiq"] = self.aiq(pts, lo, hi); o["aiq_gain"] = o["aiq"] - self.aiq(list(zip(mc, mq)), lo, hi)
        h = self.hull(pts)
        for m, nm in ((0, "savings"), (-1, "savings_last")):
            q = mq[m] - 1e-13
            if mc[m] > 0 and h[-1, 1] >= q:
                k = int(np.argmax(h[:, 1] >= q))
                x = h[0, 0] if k == 0 else h[k-1, 0] + (mq[m] - h[k-1, 1]) * (h[k, 0] - h[k-1, 0]) / (h[k, 1] - h[k-1, 1])
                o[nm] = 1 - x / mc[m]
        if mq[0] > 0: o["perf_gain"] = Y.max() / mq[0] - 1
        if mq[-1] > mq[0] + 1e-13:
            sh = self.taken @ w; Q = (self.taken @ (w * (self.S[:, -1] - self.S[:, 0]))) / (mq[-1] - mq[0])
            o["apgr"] = float(np.trapezoid(Q, sh))
        return o

def influences(s, c, p, d, exact):
    W = Weighted(s, c, p, d); n = W.n; b = W(np.ones(n)); h = 1e-6; out = {}
    exact = dict(exact, savings_last=exact["savings_by_ref"][-1])
    for k in ("aiq", "aiq_gain", "savings", "savings_last", "perf_gain", "apgr"):
        assert (k in b) == (exact[k] is not None), k
        if k in b: assert abs(b[k] - float(exact[k])) < 1e-11, (k, b[k], float(exact[k]))
    pl = []; mi = []
    for i in range(n):
        w = np.ones(n); w[i] += h; pl.append(W(w)); w[i] -= 2 * h; mi.append(W(w))
    for k in b:
        if any(k not in a or k not in e for a, e in zip(pl, mi)):
            out[k] = dict(influence=None, undefined_nearby=True, kinks=[]); continue
        ce = np.array([(a[k] - e[k]) / (2 * h) for a, e in zip(pl, mi)]) * n
        fw = np.array([(a[k] - b[k]) / h for a in pl]) * n
        bw = np.array([(b[k] - e[k]) / h for e in mi]) * n
        kink = [int(i) for i in np.where(np.abs(fw - bw) > 1e-3 * (1 + np.abs(ce)))[0]]
        # forward = brief's "+1e-6"; central is given, as it is exact to ~1e-9 where there is no kink
        out[k] = dict(influence=[float(v) for v in ce], kinks=kink, se=float(np.std(ce, ddof=1) / np.sqrt(n)),
                      se_ddof0=float(np.sqrt((ce ** 2).mean() / n)), sum=float(ce.sum()))
        if kink: out[k]["influence_plus"] = [float(v) for v in fw]
    return out

# ---------- cases ----------
R = np.random.default_rng(20251125)
def col(v, n): return np.tile(np.asarray(v, float), (n, 1))
cases = []
def case(name, s, c, p, d, note=""):
    s, c, p, d = (np.asarray(a, float) for a in (s, c, p, d)); assert s.shape == c.shape == p.shape == d.shape
    cases.append((name, s, c, p, d, note))
U = lambda *a: R.random(a)

def build():
    n = 20; s = (U(n, 2) < [.55, .85]) * 1.
    case("two_binary", s, col([.0002, .003], n) * (.5 + U(n, 2)), np.clip(.5 * s + .5 * U(n, 2), 0, 1), col([.0002, .003], n), "0/1 scores, d constant per model")
    n = 40; s = .6 * U(n, 5) + .1 * np.arange(5); d = np.array([.0001, .0004, .002, .005, .012]) * (.6 + .8 * U(n, 5))
    case("five_real", s, d * (.8 + .4 * U(n, 5)), .4 * s + .6 * U(n, 5) + .02 * np.arange(5), d, "real scores, informative p, p above 1 possible")
    n = 24; case("dyadic_ties", np.minimum(R.integers(0, 4, (n, 4)) + [0, 1, 0, 1], 4) / 4, R.integers(1, 9, (n, 4)) / 4096, R.integers(0, 9, (n, 4)) / 8, R.integers(1, 5, (n, 4)) / 1024,
                 "ties in p, d, c and in lambda over prompts; all values dyadic, so doubles are exact")
    n = 16; case("equal_costs_equal_d", np.c_[np.arange(n) % 4 == 0, np.arange(n) % 4 < 2, np.arange(n) % 4 > 0] * 1., col([.001953125] * 3, n), U(n, 3), col([.001953125] * 3, n), "one point (best p each); AIQ null")
    n = 6; case("equal_costs_d_differs", (U(n, 2) < .6) * 1., col([.00390625] * 2, n), U(n, 2), U(n, 2) / 100, "all c equal, d not: points share one cost; AIQ null")
    n = 15; s = np.c_[np.ones(n) * .875, U(n) * .8]; s[3, 0] = .9375
    case("worse_strong", s, col([.001, .01], n) * (.9 + .2 * U(n, 2)), U(n, 2), col([.001, .01], n), "the last model is worse on every prompt: APGR/CPT null; router's cheapest point = ref 0")
    n = 17; s = np.c_[U(n) * .6, np.full(n, .95), U(n) * .7]; c = np.c_[.004 + U(n) * .002, .0005 + U(n) * .0002, .009 + U(n) * .003]
    case("dominating", s, c, np.clip(s + .1 * R.standard_normal((n, 3)), 0, 1), c, "model 1 cheapest and best: cheapest point already better than ref 0")
    case("one_prompt", [[0, 1]], [[.001, .004]], [[.25, .75]], [[.001, .004]], "n = 1; ref 0 has quality 0: perf_gain null; savings 0")
    case("one_prompt_three", [[.5, .75, .25]], [[.002, .001, .003]], [[.5, .25, .75]], [[.002, .001, .003]], "n = 1; last model worse; p misleads")
    n = 22; s = (U(n, 3) < [.9, .5, .55]) * 1.
    case("never_reached", s, col([.02, .001, .002], n) * (.7 + .6 * U(n, 3)), 1 - .8 * s - .1 * U(n, 3), col([.02, .001, .002], n), "p runs against s: ref 0 (best, dearest) is never reached; last model weaker than ref")
    n = 31; s = np.c_[.5 + .5 * U(n), .5 * U(n), .4 * U(n)]; d = np.c_[.01 + .01 * U(n), .001 + .001 * U(n), .003 + .001 * U(n)]
    case("ends_at_ref", s, d, np.c_[.7 + .3 * U(n), .6 * U(n), .6 * U(n)], d, "at lambda = 0 every prompt is at ref 0 (real doubles): savings is exactly 0 in exact arithmetic, never null; last model weaker")
    # non-monotone PGR that touches 0.2, 0.5 and 0.8 exactly at thresholds, then dips
    g = [1, 1, -1, 0, 1, 1, 1, -1, 0, 1, 1, 1, 1, -1, -1, 1, 1, -1, 1, 1]
    n = len(g); w = [0 if v > 0 else 1 if v < 0 else k % 2 for k, v in enumerate(g)]; st = [a + b for a, b in zip(w, g)]
    gap = np.arange(n, 0, -1) / 64; perm = R.permutation(n)
    case("cpt_touches", np.c_[w, st][perm], col([.001, .008], n), np.c_[np.full(n, .25), .25 + gap][perm], col([.001, .008], n),
         "mean gap 8/20... PGR meets targets exactly at thresholds and dips after; rounding must not pass the crossing")
    n = 18; case("all_gaps_equal", (U(n, 2) < [.4, .8]) * 1., col([0, .0078125], n), col([.375, .625], n), col([0, .0078125], n), "all gaps tie: APGR = 1/2, CPT = target; model 0 is free (cost 0): savings null")
    n = 12; p = R.integers(1, 8, (n, 5)) / 8; p[:, 1] = p[:, 0]; p[:, 4] = p[:, 2]; d = col([1, 1, 2, 3, 4], n) / 512
    p[:4, 2] = p[:4, 0] + .125; p[:4, 3] = p[:4, 0] + .25; p[:4, 4] = p[:4, 0] + .375
    case("twins_and_lines", (U(n, 5) < .6) * 1., d * (.5 + U(n, 5)), p, d, "model 1 equals model 0 in p and d (earlier wins); model 4 = model 2 in p at higher d (never chosen) except in four prompts where 0,2,3,4 lie on one line (0 jumps to 4)")
    n = 25; s = (U(n, 3) < [.3, .5, .7]) * 1.; c = np.array([.0005, .002, .006]) * (.5 + U(n, 3))
    case("perfect_predictions", s, c, s, c, "p = s, d = c: curve, envelope must equal the oracle_* fields")
    n = 30; s = U(n, 4); d = np.array([.01, .001, .004, .012]) * (.5 + U(n, 4)); s[:, 3] = .3 + .7 * s[:, 3]
    case("overshoot", s, d * (.3 + 1.4 * U(n, 4)), 1.6 * s - .3 + .25 * R.standard_normal((n, 4)), d, "p outside 0..1; actual cost strays from d, so costs along the curve may fall")

def fl(v):
    if v is None: return None
    if isinstance(v, (list, tuple)): return [fl(x) for x in v]
    return float(v)

def main():
    build(); out = []; nlp = 0; wlp = 0.
    for name, s_, c_, p_, d_, note in cases:
        s, c, p, d = fx(s_), fx(c_), fx(p_), fx(d_); n, M = s_.shape
        f = figures(s, c, p, d); f["apgr"], (f["cpt20"], f["cpt50"], f["cpt80"]) = apgr_cpt(p, s, 0, M - 1)
        o = figures(s, c, s, c)
        k, w = lp_check(s, c, name); nlp += k; wlp = max(wlp, w)
        e = {k: fl(v) for k, v in f.items()}; e["calibration_error"] = calibration(p_, s_)
        e.update({"oracle_" + k: fl(o[k]) for k in ("curve", "envelope", "envelope_zero", "aiq", "aiq_gain", "savings", "perf_gain")})
        if name == "perfect_predictions": assert f["curve"] == o["curve"]
        # dense grid check of AIQ
        if e["aiq"] is not None:
            lo, hi = min(e["model_cost"]), max(e["model_cost"]); xs = lo + (np.arange(4000) + .5) / 4000 * (hi - lo)
            h = np.array(e["envelope_zero"]); assert abs(np.interp(xs, h[:, 0], h[:, 1]).mean() - e["aiq"]) < 1e-5, name
        r = dict(name=name, note=note, n=n, m=M, ref=0, weak=0, strong=M - 1, s=s_.ravel().tolist(), c=c_.ravel().tolist(),
                 p=p_.ravel().tolist(), d=d_.ravel().tolist(), expected=e)
        if n >= 15: r["influence"] = influences(s, c, p, d, f)
        out.append(r)
        print(f"{name:22s} n={n:2d} M={M} pts={len(f['curve']):3d} corners={len(f['envelope'])}", *(f"{q}={e[q]:.6f}" if e[q] is not None else f"{q}=null"
              for q in ("aiq", "aiq_gain", "savings", "perf_gain", "apgr", "cpt20", "cpt50", "cpt80", "calibration_error")), "by_ref:", [None if v is None else round(float(v), 4) for v in f["savings_by_ref"]],
              "kinks:" + ",".join(k for k, v in r.get("influence", {}).items() if v["kinks"] or v["influence"] is None))
    f1 = []
    for name, t, g in [("three_classes", [0,0,1,1,2,2,2,0,1,2,0,0], [0,1,1,1,2,0,2,0,2,2,0,1]), ("never_given_or_never_told", [0,0,1,1,3,3,3], [0,2,1,0,0,2,2]),
                       ("one_class", [4,4,4], [4,4,4]), ("all_wrong", [0,1], [1,0])]:
        f1.append(dict(name=name, **{"true": t, "given": g}, macro_f1=float(f1_score(t, g, average="macro", zero_division=0))))
    pc = [[0., .1, .2, .3, .4, .5], [.6, .7, .8, .9, 1., -.2], [1.7, .05, .35, .3, .95, .6999999]]; sc = [[0, 0, 1, 0, 1, 1], [0, 1, 1, 1, 1, 0], [1, .5, .25, .75, 1, .5]]
    cal = [dict(name="edges_and_outside", p=np.ravel(pc).tolist(), s=np.ravel(sc).astype(float).tolist(), calibration_error=calibration(pc, sc))]
    json.dump(dict(cases=out, macro_f1=f1, calibration=cal), open(os.path.join(HERE, "routing.json"), "w"), indent=1, allow_nan=False)
    print(f"LP: {nlp} programs, largest difference {wlp:.2e}"); print(f1, cal[0]["calibration_error"])
main()
