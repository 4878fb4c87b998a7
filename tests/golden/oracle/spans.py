"""Independent recomputation of everything that `ragkit eval configs/chunking.toml` reports per query.

    python -m venv venv && venv/bin/pip install tokenizers pyarrow numpy PyStemmer
    RAGKIT_CACHE=cache ragkit eval configs/chunking.toml --reports reports
    venv/bin/python spans.py reports/chunking-* cache models/all-MiniLM-L6-v2/tokenizer.json

Takes from ragkit only the rankings (results.parquet) and the converted corpus ($RAGKIT_CACHE/datasets/*/corpus.jsonl, spans).
1. SpanNDCG@10, SpanYield@10, SpanR@500tok, SpanR@2000tok and nDCG@10 of every variant and query, from sets of characters and
   tokens, compared with examples.parquet to 1e-9: once with the tokens of the whole document that begin in a chunk (ragkit's
   count), once with those of the chunk's text by itself, which differ where a chunk begins or ends inside a word.
2. The windows of `fixed_*`, from the tokenizer's offsets.
3. BM25 (own code: exact lengths, float64) of `fixed_128`: the scores of every ranking to 1e-4, and its order where scores differ.
"""
import bisect, collections, glob, json, math, re, sys
import numpy as np
import pyarrow.parquet as pq
import Stemmer
from tokenizers import Tokenizer

report, cache, tokenizer_file = sys.argv[1:4]
tok = Tokenizer.from_file(tokenizer_file)
tok.no_truncation()
tok.no_padding()
count = lambda text: len(tok.encode(text, add_special_tokens=False).ids)

folder = glob.glob(f"{cache}/datasets/*/corpus.jsonl")[0].rsplit("/", 1)[0]
docs = {d["_id"]: d for d in map(json.loads, open(f"{folder}/corpus.jsonl", encoding="utf-8"))}
queries = {q["_id"]: q["text"] for q in map(json.loads, open(f"{folder}/queries.jsonl", encoding="utf-8"))}
begins = {n: [a for a, b in tok.encode(d["text"], add_special_tokens=False).offsets] for n, d in docs.items()}
gold = collections.defaultdict(set)
spans = (glob.glob(f"{folder}/spans/*") + glob.glob(f"{folder}/spans*.jsonl"))[0]
for s in map(json.loads, open(spans, encoding="utf-8")):
    assert docs[s["document"]]["text"][s["start"]:s["end"]] == s["text"], s
    gold[s["query"]] |= {(s["document"], c) for c in range(s["start"], s["end"])}


def stretch(item):
    name, _, at = item.rpartition("#")
    found = re.fullmatch(r"(\d+)-(\d+)", at)
    return (name, int(found[1]), int(found[2])) if found else (item, 0, len(docs[item]["text"]))


def title(document, start, variant):
    """The headings above a chunk; the corpus has headings of level 1 only, so at most one."""
    if not variant.startswith(("structure", "hierarchical")):
        return docs[document]["title"]
    heads = [b for b in docs[document]["blocks"] if isinstance(b["kind"], dict) and b["start"] <= start]
    head = heads[-1] if heads else None
    above = docs[document]["text"][head["start"]:head["end"]] if head and head["start"] < start else ""
    return " > ".join(filter(None, [docs[document]["title"], above]))


known_tokens = {}
def tokens(item, variant, alone):
    name, start, end = stretch(item)
    key = (name, start, end, title(name, start, variant))
    if key not in known_tokens:
        inside = bisect.bisect_left(begins[name], end) - bisect.bisect_left(begins[name], start)
        known_tokens[key] = [count(key[3]) + n for n in (inside, count(docs[name]["text"][start:end]))]
    return known_tokens[key][alone]


def metrics(query, ranking, variant, alone):
    want, left, gains = gold[query], set(gold[query]), []
    for item in ranking:
        name, start, end = stretch(item)
        new = {c for c in left if c[0] == name and start <= c[1] < end}
        left -= new
        gains.append((len(new), tokens(item, variant, alone)))
    per_doc = sorted(collections.Counter(d for d, _ in want).values(), reverse=True)
    dcg = lambda values: sum(v / math.log2(i + 2) for i, v in enumerate(values[:10]))
    def within(budget):
        used = got = 0
        for g, t in gains:
            used += t
            if used > budget: break
            got += g
        return got / len(want)
    spent = sum(t for _, t in gains[:10])
    order = list(dict.fromkeys(stretch(item)[0] for item in ranking))
    relevant = {d for d, _ in want}
    return {"SpanNDCG@10": dcg([g for g, _ in gains]) / dcg(per_doc),
            "SpanYield@10": sum(g for g, _ in gains[:10]) / spent if spent else 0.0,
            "SpanR@500tok": within(500), "SpanR@2000tok": within(2000),
            "nDCG@10": dcg([d in relevant for d in order]) / dcg([1] * len(relevant))}


answers = collections.defaultdict(dict)
table = pq.read_table(f"{report}/results.parquet", columns=["variant", "example_id", "stage", "rank", "item", "score"])
columns = [table.column(i).to_pylist() for i in range(6)]
for v, q, stage, rank, item, score in zip(*columns):
    if stage == "lexical":
        answers[v, q][rank] = (item, score)
rows = pq.read_table(f"{report}/examples.parquet").to_pylist()
for alone in (False, True):
    worst, bad, checked = 0.0, collections.Counter(), 0
    for row in rows:
        ranked = answers.get((row["variant"], row["example_id"]), {})
        mine = metrics(row["example_id"], [ranked[r][0] for r in sorted(ranked)], row["variant"], alone)
        for name, value in mine.items():
            checked += 1
            worst = max(worst, abs(value - row[name]))
            bad[row["variant"], name] += abs(value - row[name]) > 1e-9
    print(f"tokens of {'the chunk by itself' if alone else 'the document'}: {checked} values, largest difference {worst:.3g};",
          {k: n for k, n in bad.items() if n} or "none beyond 1e-9")
differ = collections.Counter(b - a for a, b in known_tokens.values())
print("chunks by how many tokens more they have by themselves:", dict(sorted(differ.items())))

everything = {}
for size in (64, 128, 256, 500):
    want = set()
    for name, d in docs.items():
        offsets = [o for o in tok.encode(d["text"], add_special_tokens=False).offsets if o[1] > o[0]]
        start = 0
        while True:
            window = offsets[start:start + size]
            want.add(f"{name}#{window[0][0]}-{window[-1][1]}")
            if start + size >= len(offsets): break
            start += size - size // 10
    seen = {i for (v, _), r in answers.items() if v == f"fixed_{size}" for i, _ in r.values()}
    everything[size] = want
    print(f"fixed_{size}: {len(want)} windows, {len(seen)} ever retrieved, {len(seen - want)} of them not mine")

STOP = set("a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".split())
stem = Stemmer.Stemmer("english").stemWord
def terms(text):
    words = (w.lower() for w in re.findall(r"[^\W_]+", text) if len(w.encode()) < 40)
    return [stem(w) for w in words if w not in STOP]

ids = sorted(everything[128])
bags = [collections.Counter(terms(docs[n]["text"][a:b])) for n, a, b in map(stretch, ids)]
lengths = np.array([sum(b.values()) for b in bags], float)
df = collections.Counter(t for b in bags for t in b)
off = disorder = 0
for (v, q), ranked in answers.items():
    if v != "fixed_128": continue
    score = np.zeros(len(ids))
    for t, n in collections.Counter(terms(queries[q])).items():
        tf = np.array([b[t] for b in bags], float)
        idf = math.log(1 + (len(ids) - df[t] + 0.5) / (df[t] + 0.5))
        score += n * idf * tf / (tf + 1.2 * (0.25 + 0.75 * lengths / lengths.mean())) if t in df else 0
    mine = dict(zip(ids, score))
    best = sorted(ids, key=lambda i: -mine[i])[:len(ranked)]
    given = [ranked[r] for r in sorted(ranked)]
    off += any(abs(mine[i] - s) > 1e-4 for i, s in given)
    disorder += any(abs(mine[a] - mine[b]) > 1e-4 for a, (b, _) in zip(best, given))
    off += len(given) != min(100, int((score > 0).sum()))
print(f"BM25 of fixed_128: {off} queries with a score or a length that differs, {disorder} with another order")
