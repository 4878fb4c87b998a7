"""nDCG@10 of BM25 over XQuAD de (240 paragraphs) by bm25s and pytrec_eval, analysed as English and as German.

    venv/bin/pip install bm25s PyStemmer pytrec_eval-terrier
    RAGKIT_CACHE=cache ragkit eval configs/xquad_german.toml      # writes cache/datasets/*/corpus.jsonl
    venv/bin/python s15_german.py cache/datasets/ID tantivy/src/tokenizer/stop_word_filter/stopwords.rs

Tokens: runs of letters and digits, lower case, without those of 40 bytes or more, stop words (English: Lucene's 33; German: tantivy's),
Snowball stems. k1 = 1.2, b = .75, Lucene's BM25.
"""
import json, re, sys
import bm25s, numpy as np, pytrec_eval, Stemmer

folder, stopwords = sys.argv[1:3]
rows = lambda name: [json.loads(line) for line in open(f"{folder}/{name}")]
corpus, queries = rows("corpus.jsonl"), rows("queries.jsonl")
qrels = {}
for line in list(open(f"{folder}/qrels/test.tsv"))[1:]:
    query, document, grade = line.rstrip("\n").split("\t")
    qrels.setdefault(query, {})[document] = int(grade)
source = open(stopwords).read()
german = re.findall(r'"([^"]+)"', source.split("pub const GERMAN")[1].split("];")[0])
english = "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with".split()


def measure(stop, stemmer):
    def tokens(text):
        words = [w.lower() for w in re.findall(r"[^\W_]+", text) if len(w.encode()) < 40]
        words = [w for w in words if w not in stop]
        return stemmer.stemWords(words) if stemmer else words
    vocabulary = {}
    number = lambda words: [vocabulary.setdefault(w, len(vocabulary)) for w in words]
    texts = [tokens(f"{d['title']} {d['text']}") for d in corpus]
    model = bm25s.BM25(k1=1.2, b=0.75, method="lucene")
    model.index(texts, show_progress=False)
    run = {}
    for query in queries:
        terms = [w for w in tokens(query["text"]) if w in model.vocab_dict]
        scores = model.get_scores(terms) if terms else np.zeros(len(corpus))
        run[query["_id"]] = {d["_id"]: float(s) for d, s in zip(corpus, scores) if s > 0}
    found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"}).evaluate(run)
    return np.mean([found[q["_id"]]["ndcg_cut_10"] if q["_id"] in found else 0 for q in queries if q["_id"] in qrels])


print("english", measure(set(english), Stemmer.Stemmer("english")))
print("german", measure(set(german), Stemmer.Stemmer("german")))
print("german_unstemmed", measure(set(german), None))
