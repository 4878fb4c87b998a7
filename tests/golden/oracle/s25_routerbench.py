# AIQ of the single models and of the router that knows the collection, on the whole test part of routerbench_slices: brute force.
import csv,numpy as np
csv.field_size_limit(10**9)
D='/work/shared/data/router/routerbench_slices/'
def load(s,t):
    r=list(csv.DictReader(open(D+f'{s}_{t}.csv')));ms=sorted(c[:-11] for c in r[0] if c.endswith('|total_cost'))
    r=[y for y in r if all(y[m]!='' for m in ms)]
    return ms,[y['prompt'] for y in r],np.array([[float(y[m]) for m in ms] for y in r]),np.array([[float(y[m+'|total_cost']) for m in ms] for y in r])
te={s:load(s,'test') for s in('arc_challenge','mbpp')};tr={s:load(s,'train') for s in('arc_challenge','mbpp')}
ms=te['mbpp'][0]
norm=lambda t:''.join(c for c in t.lower() if c.isalnum())
seen={norm(t) for s in te for t in te[s][1]}
S=np.vstack([te[s][2] for s in te]);C=np.vstack([te[s][3] for s in te]);task=np.array([s for s in te for _ in te[s][1]])
keep={s:np.array([norm(t) not in seen for t in tr[s][1]]) for s in tr}
pred={s:tr[s][2][keep[s]].mean(0) for s in tr}
d=np.vstack([tr[s][3][keep[s]] for s in tr]).mean(0)
lo,hi=C.mean(0).min(),C.mean(0).max()
def height(P,x):
    P=sorted(P);best=0
    for i,(a,b) in enumerate(P):
        if a<=x: best=max(best,b)
        for (c,e) in P[i+1:]:
            if a<=x<=c and c>a: best=max(best,b+(e-b)*(x-a)/(c-a))
    return best
def aiq(P):
    P=list(set(P))+[(0.,0.)]
    xs=np.linspace(lo,hi,20001);xm=(xs[1:]+xs[:-1])/2
    # envelope by brute force at the points' own costs, then midpoints
    k=np.array(sorted({min(max(p[0],lo),hi) for p in P}|{lo,hi}));h=np.array([height(P,x) for x in k])
    return np.trapezoid(h,k)/(hi-lo)
zero=[(C[:,m].mean(),S[:,m].mean()) for m in range(len(ms))]
P=[]
for lam in list(np.geomspace(1e-3,1e5,4000))+[0,1e9]:
    ch=np.array([max(range(len(ms)),key=lambda m:(pred[t][m]-lam*d[m],-d[m])) for t in ('arc_challenge','mbpp')])
    c=np.where(task=='arc_challenge',ch[0],ch[1]);i=np.arange(len(c));P.append((C[i,c].mean(),S[i,c].mean()))
print(len(S),'zero',aiq(zero),'task',aiq(P),'oracle quality',S.max(1).mean())
