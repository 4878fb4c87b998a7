"""answers.json: scores of answers by Google's rouge_score, the official scripts of SQuAD and MLQA (their functions written anew, as
they compute), scikit-learn and SciPy; correlations and their intervals; figures on PubMedQA, XQuAD de and RAGChecker's
human preferences.

Run: OMP_NUM_THREADS=1 RAGKIT_DATA=... python s18_answers.py OUT
(pip: rouge_score 0.1.2, numpy, scipy, scikit-learn)
"""
import collections, importlib.metadata as im, json, os, platform, random, re, string, sys, unicodedata
import numpy as np
from rouge_score import rouge_scorer, tokenizers
from scipy import stats
from scipy.special import ndtr, ndtri
from sklearn.feature_extraction import DictVectorizer
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity

OUT, DATA = sys.argv[1], os.environ.get("RAGKIT_DATA", "/work/shared/data")
rng = random.Random(20261125)
PUNCT = {chr(i) for i in range(sys.maxunicode) if unicodedata.category(chr(i)).startswith("P")}.union(string.punctuation)
HAN = re.compile("[\u4e00-\u9fa5]")

# ---------------------------------------------------------------- SQuAD: evaluate-v1.1.py and evaluate-v2.0.py
def squad_normalize(s):
    s = "".join(ch for ch in s.lower() if ch not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", s).split())

# ---------------------------------------------------------------- MLQA: mlqa_evaluation_v1.py
ARTICLES = {"es": r"\b(un|una|unos|unas|el|la|los|las)\b", "vi": r"\b(của|là|cái|chiếc|những)\b",
            "de": r"\b(ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b", "ar": r"\sال^|ال"}
def mixed_segmentation(text):
    out, run = [], ""
    for char in text:
        if HAN.search(char) or char in PUNCT:
            out.extend(run.split()); run = ""; out.append(char)
        else: run += char
    return out + run.split()
def mlqa_normalize(s, lang):
    s = "".join(ch for ch in s.lower() if ch not in PUNCT)
    if lang in ARTICLES: s = re.sub(ARTICLES[lang], " ", s)
    tokens = mixed_segmentation(s) if lang == "zh" else s.split()
    return " ".join(t for t in tokens if t.strip() != "")

# `none` is what MLQA does for Hindi: nothing is an article
def normalize(s, lang): return squad_normalize(s) if lang == "en" else mlqa_normalize(s, lang)

def f1_v1(pred, gold, lang):                      # evaluate-v1.1 and MLQA
    p, g = normalize(pred, lang).split(), normalize(gold, lang).split()
    same = sum((collections.Counter(p) & collections.Counter(g)).values())
    if same == 0: return 0
    precision, recall = 1.0 * same / len(p), 1.0 * same / len(g)
    return (2 * precision * recall) / (precision + recall)
def f1_v2(pred, gold, lang):                      # evaluate-v2.0
    p, g = normalize(pred, lang).split(), normalize(gold, lang).split()
    if len(g) == 0 or len(p) == 0: return int(g == p)
    return f1_v1(pred, gold, lang)
def exact(pred, gold, lang): return int(normalize(pred, lang) == normalize(gold, lang))
def raw_scores(pred, golds, lang):                # get_raw_scores of evaluate-v2.0
    golds = [g for g in golds if normalize(g, lang)] or [""]
    return max(exact(pred, g, lang) for g in golds), max(f1_v2(pred, g, lang) for g in golds)

# ---------------------------------------------------------------- ROUGE
class Unicode(tokenizers.Tokenizer):
    """runs of letters, marks and digits; for Chinese every Han character by itself"""
    def __init__(self, han): self.han = han
    def tokenize(self, text):
        out, run = [], ""
        for ch in text.lower():
            inside = unicodedata.category(ch)[0] in "LMN"
            if not inside or (self.han and HAN.match(ch)):
                if run: out.append(run)
                run = ""
                if inside: out.append(ch)
            else: run += ch
        return out + ([run] if run else [])
KINDS = ["rouge1", "rouge2", "rougeL"]
SCORER = {"en": rouge_scorer.RougeScorer(KINDS, use_stemmer=False)}
for lang in ("de", "es", "vi", "ar", "zh", "none"):
    SCORER[lang] = rouge_scorer.RougeScorer(KINDS, tokenizer=Unicode(lang == "zh"))
def rouge(pred, gold, lang):
    s = SCORER[lang].score(gold, pred); return [s[k].fmeasure for k in KINDS]
def rouge_best(pred, golds, lang):
    s = SCORER[lang].score_multi(golds, pred); return [s[k].fmeasure for k in KINDS]

# ---------------------------------------------------------------- authored and generated texts
AUTHORED = [
 ("en", "", ["Paris"]), ("en", "", [""]), ("en", "Paris", [""]), ("en", "the", [""]), ("en", "...", ["!?"]), ("en", "a", ["the", "Paris"]),
 ("en", "the", ["The, a!"]), ("en", "   \t\n", [" "]), ("en", "Paris", ["paris."]), ("en", "The Paris", ["Paris", "London"]),
 ("en", "It is in Paris, France.", ["Paris", "Paris France", "the city of Paris"]), ("en", "an apple a day", ["apples a day", "An Apple day"]),
 ("en", "1,000", ["1000"]), ("en", "3.5 %", ["35"]), ("en", "3.5 percent", ["3.5", "3,5 percent"]), ("en", "$5 million", ["5 million", "$5,000,000"]),
 ("en", "U.S.A.", ["USA", "U S A"]), ("en", "co-operate", ["cooperate", "co operate"]), ("en", "rock'n'roll", ["rock n roll", "rocknroll"]),
 ("en", "the the the cat cat", ["cat the cat", "cat cat cat"]), ("en", "dog dog dog", ["dog"]), ("en", "dog", ["dog dog dog"]),
 ("en", "Über den Wolken", ["über den wolken", "Uber den Wolken"]), ("en", "naïve café", ["naive cafe", "naïve café"]),
 ("en", "“quoted” – text", ["quoted text", "“quoted” – text"]), ("en", "the–end", ["–end", "the end"]), ("en", "a/b", ["b", "ab"]),
 ("en", "an_the", ["anthe", "the"]), ("en", "theatre and another", ["atre nd nother", "theatre another"]), ("en", "A1 the2 3an", ["a1 the2 3an"]),
 ("en", "İstanbul", ["istanbul", "i̇stanbul"]), ("en", "K", ["k"]), ("en", "ΟΔΟΣ", ["οδος", "οδοσ"]), ("en", "ﬁne", ["fine", "ﬁne"]),
 ("en", "x\u00a0y\u2003z\u3000w", ["x y z w"]), ("en", "x\u001cy\u001fz\u0085w", ["x y z w"]), ("en", "zero\u200bwidth", ["zerowidth", "zero width"]),
 ("en", "e\u0301 a\u0301 the\u0301", ["é á thé", "e\u0301 \u0301 \u0301"]), ("en", "日本 の 首都", ["日本", "日本 の"]), ("en", "😀 the 😀", ["😀 😀", "😀"]),
 ("en", "no answer", ["I do not know", "there is no answer to it"]), ("en", "Der Hund", ["der hund", "hund"]), ("en", "٣ kg", ["3 kg", "٣ kg"]),
 ("en", "the cat sat on the mat", ["the mat sat on the cat", "on the mat the cat sat"]), ("en", "a b c d e f g", ["g f e d c b a", "a c e g"]),
 ("en", "one", ["one"]), ("en", "one two", ["two one"]), ("en", "COVID-19", ["COVID 19", "covid19"]), ("en", "H2O", ["H₂O", "h2o"]), ("en", "x² + y³", ["x2 y3", "x² y³"]),
 ("de", "Die Größe des Hauses", ["Größe Hauses", "GRÖSSE DES HAUSES"]), ("de", "STRASSE", ["Straße", "strasse"]), ("de", "ẞ", ["ß", "ss"]),
 ("de", "„Faust“, eine Tragödie", ["Faust Tragödie", "Faust. Eine Tragödie"]), ("de", "einer der Großen", ["großen", "der einer"]), ("de", "Einheit", ["heit", "einheit"]),
 ("de", "den dem des", [""]), ("de", "", ["die"]), ("de", "der–die–das", ["", "derdiedas"]), ("de", "3,5 Millionen €", ["3.5 millionen €", "35 millionen"]),
 ("de", "Ende der 1990er-Jahre", ["Ende 1990er Jahre", "1990erjahre"]), ("de", "the end", ["end", "the end"]), ("de", "Übermut tut selten gut", ["ÜBERMUT TUT SELTEN GUT"]),
 ("de", "u\u0308ber", ["über", "u\u0308ber"]), ("es", "El niño y la niña", ["niño y niña", "un niño"]), ("es", "¿Qué? ¡Nada!", ["qué nada", "que nada"]), ("es", "unos años", ["años", "unosaños"]),
 ("vi", "Những con mèo của tôi", ["con mèo tôi", "mèo của tôi"]), ("vi", "là", ["", "la"]), ("ar", "القاهرة", ["قاهرة", "القاهرة"]), ("ar", "مدينة القاهرة الكبرى", ["مدينة قاهرة كبرى", "القاهرة"]),
 ("ar", "بالعالم", ["ب عالم", "بعالم"]), ("ar", "؟،", [""]), ("zh", "北京是中国的首都。", ["北京", "中国的首都", "北京是首都"]), ("zh", "HTTP/2 很快", ["http2 很 快", "http 2"]),
 ("zh", "在2024年", ["2024年", "在 2024 年"]), ("zh", "，。！", ["。"]), ("zh", "A股 the 市场", ["a股the市场", "市场"]), ("zh", "㐀龦", ["㐀 龦", "㐀龦"]),
 ("none", "हिन्दी में उत्तर है।", ["हिन्दी उत्तर", "हिन्दी में उत्तर है"]), ("none", "the and a", ["and", "the and a"]), ("none", "«Ответ» — да", ["ответ да", "Ответ: да."]),
 ("none", "Ω ≈ 3", ["ω ≈ 3", "ω 3"]), ("none", "ราคา 5 บาท", ["5 บาท", "ราคา ๕ บาท"]), ("none", "१२ रुपये", ["१२ रुपये", "12 रुपये"]),
 # too long for a metric of short answers, none the less
 ("en", "lorem ipsum " * 40, ["ipsum lorem " * 30, "dolor"]),
]
WORDS = {
 "en": "the a an of and in was is not reactor turbine energy 1986 3.5 (two) Paris's co-op “north” – U.S. café — 7% year years city: city".split(),
 "de": "der die das ein eines und nicht Größe Straße „Haus“ 1986 3,5 Mädchen über Übung läuft – Turbine, Turbine. Fuß den".split(),
 "es": "el la unos una y no niño años, ¿cuándo? 1986 ciudad Río energía «norte»".split(), "vi": "của là cái chiếc những mèo nhà, 1986 thành phố không".split(),
 "ar": "القاهرة مدينة الكبرى في من ، عالم ١٩٨٦ الشمس".split(), "zh": "北 京 首都 是 1986 年 ， HTTP/2 能源 。 不".split(), "none": "the मैं नहीं है 1986 «да» нет, город ราคา — x²".split(),
}
def text(lang, length):
    words = [rng.choice(WORDS[lang]) for _ in range(length)]
    return rng.choice([" ", " ", "  ", "\u00a0"]).join(words) if lang != "zh" else "".join(w + rng.choice(["", " "]) for w in words)
def changed(lang, t):
    words = t.split(" ")
    for _ in range(rng.randint(0, 4)):
        at = rng.randrange(len(words) + 1)
        how = rng.choice(["drop", "add", "swap", "upper"])
        if how == "drop" and words: words.pop(at % len(words))
        elif how == "add": words.insert(at, rng.choice(WORDS[lang]))
        elif how == "swap" and len(words) > 1: words[at % len(words)], words[0] = words[0], words[at % len(words)]
        elif words: words[at % len(words)] = words[at % len(words)].upper()
    return " ".join(words)
cases = list(AUTHORED)
for i in range(210):
    lang = ["en", "en", "de", "de", "es", "vi", "ar", "zh", "none"][i % 9]
    answer = text(lang, rng.randint(0, 25))
    golds = [changed(lang, answer) if rng.random() < .7 else text(lang, rng.randint(0, 25)) for _ in range(rng.randint(1, 3))]
    cases.append((lang, answer, golds))
texts = []
for lang, answer, golds in cases:
    em, f1 = raw_scores(answer, golds, lang)
    worded = [g for g in golds if normalize(g, lang)]
    texts.append({"language": lang, "answer": answer, "golds": golds, "words": normalize(answer, lang).split(),
                  "pairs": [{"EM": exact(answer, g, lang), "F1": f1_v2(answer, g, lang), "F1_v1": f1_v1(answer, g, lang), "ROUGE": rouge(answer, g, lang)} for g in golds],
                  "EM": em, "F1": f1, "ROUGE": rouge_best(answer, worded, lang) if worded else None})
print(len(texts), "texts")

# ---------------------------------------------------------------- long texts, made by formulas so that they need not be stored
h = lambda i: (i * 2654435761 % 2**32) / 2**32
def long_tokens(n, vocabulary, shift): return [f"w{int(h(i + shift) ** 2 * vocabulary)}" for i in range(n)]
def lcs_by_rows(a, b):
    ids = {t: i for i, t in enumerate(dict.fromkeys(a + b))}
    a, b = np.array([ids[t] for t in a]), np.array([ids[t] for t in b])
    row = np.zeros(len(b) + 1, int)
    for x in a:
        grown = np.concatenate([[0], np.maximum(row[1:], row[:-1] + (b == x))])
        row = np.maximum.accumulate(grown)
    return int(row[-1])
longs = []
for n, m, vocabulary in [(63, 64, 10), (64, 65, 10), (128, 129, 4), (2000, 1500, 300), (10000, 9000, 2000)]:
    a, b = long_tokens(n, vocabulary, 1), long_tokens(m, vocabulary, 77777)
    length = lcs_by_rows(a, b); p, r = length / n, length / m; f = 2 * p * r / (p + r)
    if n <= 2000: assert abs(rouge(" ".join(a), " ".join(b), "en")[2] - f) < 1e-15
    longs.append({"answer": [n, vocabulary, 1], "gold": [m, vocabulary, 77777], "lcs": length, "ROUGE-L": f})

# ---------------------------------------------------------------- nuggets: own code, every window looked at
def nugget_found(nugget, answer):
    n = collections.Counter(nugget)
    figures = collections.Counter({w: c for w, c in n.items() if any(unicodedata.category(ch)[0] == "N" for ch in w)})
    size = 2 * len(nugget)
    for start in range(max(1, len(answer))):
        window = collections.Counter(answer[start:start + size])
        if sum((window & n).values()) >= .75 * len(nugget) and not (figures - window): return True
    return False
nuggets = []
for i in range(40):
    lang = ["en", "en", "de", "zh"][i % 4]
    answer = text(lang, rng.randint(0, 60)); words = answer.split()
    listed = []
    for _ in range(rng.randint(1, 6)):
        if rng.random() < .75 and len(words) > 6:
            at = rng.randrange(len(words) - 5); listed.append(changed(lang, " ".join(words[at:at + rng.randint(2, 9)])))
        else: listed.append(text(lang, rng.randint(0, 6)))
    flags = [nugget_found(normalize(t, lang).split(), normalize(answer, lang).split()) for t in listed if normalize(t, lang)]
    nuggets.append({"language": lang, "answer": answer, "nuggets": listed, "recall": sum(flags) / len(flags) if flags else None})
print("nugget recall", collections.Counter(round(n["recall"], 2) if n["recall"] is not None else None for n in nuggets))

# ---------------------------------------------------------------- cosines and average precision
cosines = []
for i in range(20):
    terms = [f"t{j}" for j in range(12)]
    q = {t: round(rng.uniform(.1, 9), 3) for t in rng.sample(terms, rng.randint(1, 6))}
    a = {t: round(rng.uniform(.1, 9), 3) for t in rng.sample(terms, rng.randint(1, 9))}
    m = DictVectorizer(sparse=False).fit_transform([q, a])
    cosines.append({"question": q, "answer": a, "cosine": float(cosine_similarity(m)[0, 1])})
aps = []
for i in range(25):
    relevant = [rng.random() < .4 for _ in range(rng.randint(1, 12))]
    if not any(relevant): continue
    aps.append({"relevant": relevant, "AP": float(average_precision_score(relevant, [-j for j in range(len(relevant))]))})

# ---------------------------------------------------------------- correlations
g = np.random.default_rng(20261125)
def correlations(x, y):
    return {"pearson": float(stats.pearsonr(x, y)[0]), "spearman": float(stats.spearmanr(x, y)[0]), "kendall": float(stats.kendalltau(x, y, variant="b")[0])}
columns = [([1, 2, 3], [1, 3, 2]), ([1, 1, 2], [5, 6, 5]), ([0.1, 0.2, 0.3], [1e9, 1e9 + 1, 1e9 + 3]), ([0, -0.0, 1, 1], [1, 2, 3, -0.0])]
for n in (4, 7, 20, 20, 60, 60, 200):
    x = np.round(g.normal(size=n), 2); columns.append((x.tolist(), np.round(.5 * x + g.normal(size=n), 2).tolist()))
    columns.append((g.integers(-2, 3, n).astype(float).tolist(), np.round(g.exponential(size=n), 1).tolist()))
    columns.append((g.integers(0, 2, n).astype(float).tolist(), g.integers(-2, 3, n).astype(float).tolist()))
correlated = [{"x": list(map(float, x)), "y": list(map(float, y)), **correlations(x, y)} for x, y in columns if len(set(x)) > 1 and len(set(y)) > 1]

RESAMPLES = 100_000
def rows(kind, x, y):
    """the correlation of every row of x with that of y"""
    if kind == "spearman": x, y = stats.rankdata(x, axis=-1), stats.rankdata(y, axis=-1)
    x, y = x - x.mean(-1, keepdims=True), y - y.mean(-1, keepdims=True)
    with np.errstate(invalid="ignore"): return (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1))
def bca(kind, x, y, members, seed):
    """BCa as scipy.stats.bootstrap has it, with whole clusters of one size drawn, and left out by the jackknife"""
    x, y, members = np.asarray(x, float), np.asarray(y, float), np.asarray(members)
    r, k = np.random.default_rng(seed), len(members)
    theta = rows(kind, x[None], y[None])[0]
    draws = []
    for _ in range(RESAMPLES // 1000):
        at = members[r.integers(0, k, (1000, k))].reshape(1000, -1); draws.append(rows(kind, x[at], y[at]))
    draws = np.concatenate(draws); draws = draws[~np.isnan(draws)]
    jack = np.array([rows(kind, np.delete(x, m)[None], np.delete(y, m)[None])[0] for m in members]); d = jack.mean() - jack
    a = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    z0 = ndtri(((draws < theta).sum() + (draws <= theta).sum()) / (2 * len(draws)))
    z = z0 + ndtri([.025, .975]); return np.quantile(draws, ndtr(z0 + z / (1 - a * z))).tolist()
intervals = []
for n, noise in ((40, 1.0), (120, .4)):
    x = np.round(g.normal(size=n), 3); y = np.round(x + noise * g.exponential(size=n), 3)
    for kind in ("pearson", "spearman"):
        of = lambda x, y, axis=-1: rows(kind, np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1))
        c = stats.bootstrap((x, y), of, paired=True, vectorized=True, n_resamples=RESAMPLES, batch=1000, method="BCa", rng=np.random.default_rng(1)).confidence_interval
        own = bca(kind, x, y, np.arange(n)[:, None], 2)
        print(kind, n, "scipy", c, "own", own)
        intervals.append({"figure": kind, "by": "scipy.stats.bootstrap", "x": x.tolist(), "y": y.tolist(), "clusters": None, "interval": [float(c.low), float(c.high)]})
k = 30; centre = np.repeat(g.normal(size=k), 4)
x = np.round(centre + .3 * g.normal(size=4 * k), 3); y = np.round(centre + .8 * g.normal(size=4 * k), 3)
for kind in ("pearson", "spearman"):
    intervals.append({"figure": kind, "by": "own NumPy", "x": x.tolist(), "y": y.tolist(), "clusters": np.repeat(np.arange(k), 4).tolist(),
                      "interval": bca(kind, x, y, np.arange(4 * k).reshape(k, 4), 3)})
    print("clustered", kind, intervals[-1]["interval"], "not", bca(kind, x, y, np.arange(4 * k)[:, None], 3))

# ---------------------------------------------------------------- real data
def mean_scores(rows_, lang):
    table = np.array([[*raw_scores(a, golds, lang), *rouge_best(a, golds, lang)] for a, golds in rows_], float)
    return dict(zip(["EM", "F1", "ROUGE-1", "ROUGE-2", "ROUGE-L"], table.mean(0).tolist()))
pubmedqa = json.load(open(f"{DATA}/rag/pubmedqa/ori_pqal.json", encoding="utf-8"))
# the answer: what stands behind the last ". " of the last context
of_pubmedqa = mean_scores([(row["CONTEXTS"][-1].rsplit(". ", 1)[-1], [row["LONG_ANSWER"]]) for row in pubmedqa.values()], "en")
xquad = []
for article in json.load(open(f"{DATA}/rag/xquad/xquad.de.json", encoding="utf-8"))["data"]:
    for paragraph in article["paragraphs"]:
        for qa in paragraph["qas"]:
            first = qa["answers"][0]; start, end = first["answer_start"], first["answer_start"] + len(first["text"])
            # the answer: the first gold answer with eight characters of the context before and behind
            xquad.append((paragraph["context"][max(0, start - 8):end + 8], [a["text"] for a in qa["answers"]]))
of_xquad = mean_scores(xquad, "de")
print("pubmedqa", of_pubmedqa, "xquad.de", len(xquad), of_xquad)

meta = json.load(open(f"{DATA}/rag/ragchecker_meta/human_labeled_data.json", encoding="utf-8"))
own = json.load(open(f"{DATA}/rag/ragchecker_meta/baseline_ragchecker.json", encoding="utf-8"))
assert [r["instance_id"] for r in meta] == [i // 2 for i in range(560)] and [r["instance_id"] for r in own] == list(range(280))
KIND = {"F1": lambda a, gold: f1_v2(a, gold, "en"), **{name: (lambda i: lambda a, gold: rouge(a, gold, "en")[i])(i) for i, name in enumerate(["ROUGE-1", "ROUGE-2", "ROUGE-L"])}}
def agreement(d, hs):
    d, hs = np.asarray(d), np.asarray(hs); d, hs = d[hs != 0], hs[hs != 0]
    return float(np.mean(np.where(d == 0, .5, np.sign(d) == np.sign(hs))))
figures, control = {}, {}
pairs = np.arange(560).reshape(280, 2)
for label in ("correctness", "completeness", "overall"):
    human = np.array([r[f"{label}_label"] for r in meta], float)
    both = human[0::2] + human[1::2]
    # RAGChecker's own scores against the same labels: the published correlations show that the coding is right
    d = np.array([o["model2"]["ragchecker"][f"{label}_label"] - o["model1"]["ragchecker"][f"{label}_label"] for o in own])[np.arange(560) // 2]
    control[label] = {**correlations(d, human), "agreement": agreement(d, human), "between_annotators": correlations(human[0::2], human[1::2])}
    for name, score in KIND.items():
        d = np.array([score(r["model2"]["response"], r["gt_answer"]) - score(r["model1"]["response"], r["gt_answer"]) for r in meta])
        figures.setdefault(name, {})[label] = {
            "rows": {**correlations(d, human), "agreement": agreement(d, human)},
            "pairs": {**correlations(d[0::2], both), "agreement": agreement(d[0::2], both)},
            "intervals_of_rows": {kind: bca(kind, d, human, pairs, 4) for kind in ("pearson", "spearman")}}
        print(label, name, figures[name][label])
print("control", json.dumps(control, indent=1))

json.dump({
 "command": "OMP_NUM_THREADS=1 python s18_answers.py ../answers.json",
 "versions": {**{p: im.version(p) for p in ("rouge_score", "numpy", "scipy", "scikit-learn")}, "python": platform.python_version(), "unicode": unicodedata.unidata_version},
 "conventions": {
  "texts": "`words`: SQuAD's normalisation for en, MLQA's for the others (none: its rule for Hindi). Per gold answer in `pairs`: EM; F1 of evaluate-v2.0; F1_v1 of evaluate-v1.1 and MLQA; ROUGE-1, -2, -L of rouge_score without a stemmer, for en with its own tokens, else with runs of letters, marks and digits (zh: Han characters one by one). Beside them the best by get_raw_scores of evaluate-v2.0 and score_multi over gold answers with words",
  "longs": "[n, v, s] is the text of the tokens w0..: floor(h(i + s)^2 * v) for i < n, h(i) = (i * 2654435761 mod 2^32) / 2^32; the subsequence by NumPy's rows, up to 2,000 tokens by rouge_score too",
  "nuggets": "own Python: every window of the answer twice as long as the nugget; 75 % of its words, all with a digit among them",
  "cosines": "sklearn cosine_similarity", "average_precision": "sklearn average_precision_score with falling scores: ragas' context precision",
  "correlations": "scipy pearsonr, spearmanr, kendalltau(variant='b')",
  "intervals": f"95 % BCa, {RESAMPLES} resamples: scipy.stats.bootstrap(paired), with clusters the same by NumPy with clusters drawn whole and left out by the jackknife",
  "pubmedqa": "1,000 rows of ori_pqal.json; answer: what stands behind the last '. ' of the last context; gold answer: LONG_ANSWER; means",
  "xquad_de": "1,190 questions; answer: the first gold answer with eight characters of the context before and behind; means",
  "ragchecker_meta": "560 rows, two annotators' of each of 280 pairs of responses to a question. A label is -2..2, above 0 where model2's response is preferred (RAGChecker's meta_eval.py; `control` has its own scores' correlations so coded). Difference: score(model2) - score(model1), each against gt_answer. `rows`: all 560, as meta_eval.py does; `pairs`: 280, the two labels added; agreement: rows with a label other than 0, equal scores one half; intervals: whole pairs drawn"},
 "texts": texts, "longs": longs, "nuggets": nuggets, "cosines": cosines, "average_precision": aps, "correlations": correlated, "intervals": intervals,
 "pubmedqa": of_pubmedqa, "xquad_de": of_xquad, "ragchecker_meta": {"control": control, "figures": figures},
}, open(OUT, "w", encoding="utf-8"), indent=1, ensure_ascii=False)
