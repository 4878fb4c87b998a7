"""rag_answers.json: figures of runs of `scifact_answers`, `pubmedqa` and `xquad_answers`, computed anew from the raw data and from what the runs
recorded (their Parquet files), and how far they agree. Shares no code with ragkit.

Run: python s20_rag_answers.py --data $RAGKIT_DATA --scifact RUN --pubmedqa RUN --xquad RUN --converted .ragkit/datasets
         --model models/all-MiniLM-L6-v2 --prompt configs/prompts/enterprise.toml --out ../rag_answers.json [SECTION …]
SECTION: rm3, late, overlap, extractive, evidence, prompt; all unless given. Sections that are not asked for stay in OUT as they are.
(pip: PyStemmer, pyarrow, numpy, scipy, rouge_score, regex, uniseg; for `late` torch, transformers)
"""
import argparse, collections, csv, functools, importlib.metadata as im, json, math, platform, random, re, string, tomllib, unicodedata
from fractions import Fraction
from pathlib import Path
import numpy as np, pyarrow.parquet as pq, regex, Stemmer

# ---------------------------------------------------------------- data: {set: (documents, {query: (text, gold answers, grades)})}
Doc = collections.namedtuple("Doc", "id title text")
def searched(d): return f"{d.title} {d.text}" if d.title else d.text
def load(data):
    sets, f = {}, data / "rag/scifact_beir"
    docs = [Doc(d["_id"], d["title"], d["text"]) for d in map(json.loads, (f / "corpus.jsonl").open())]
    text = {q["_id"]: q["text"] for q in map(json.loads, (f / "queries.jsonl").open())}
    qrels = collections.defaultdict(dict)
    for line in (f / "qrels/test.tsv").read_text().splitlines()[1:]:
        q, d, grade = line.split("\t"); qrels[q][d] = int(grade)
    sets["scifact"] = docs, {q: (text[q], [], r) for q, r in qrels.items()}
    docs, asked = [], {}
    for i, row in json.loads((data / "rag/pubmedqa/ori_pqal.json").read_text()).items():
        docs.append(Doc(i, "", "\n\n".join(row["CONTEXTS"]))); asked[i] = row["QUESTION"], [row["LONG_ANSWER"]], {i: 1}
    sets["pubmedqa"] = docs, asked
    docs, asked = [], {}
    for a, article in enumerate(json.loads((data / "rag/xquad/xquad.en.json").read_text())["data"], 1):
        for p, paragraph in enumerate(article["paragraphs"], 1):
            docs.append(Doc(f"{a}-{p}", article["title"], paragraph["context"]))
            for qa in paragraph["qas"]: asked[qa["id"]] = qa["question"], [x["text"] for x in qa["answers"]], {docs[-1].id: 1}
    sets["xquad"] = docs, asked
    return sets
def part(docs, item):
    """The passage of an id: a document, or by `#start-end` these characters of it"""
    document, _, place = item.partition("#"); d = docs[document]
    start, end = map(int, place.split("-")) if place else (0, len(d.text))
    return Doc(item, d.title, d.text[start:end].strip())
def table(run, name, **only):
    return pq.read_table(run / f"{name}.parquet", filters=[(k, "=", v) for k, v in only.items()] or None).to_pylist()
def stage(run, variant, name):
    """{query: [(document, score), …]} in the order of the ranks"""
    out = collections.defaultdict(list)
    for r in sorted(table(run, "results", variant=variant, stage=name), key=lambda r: r["rank"]): out[r["example_id"]].append((r["item"], r["score"]))
    return out

# ---------------------------------------------------------------- terms and BM25
STOP = frozenset("a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was "
                 "will with".split())
STEM, RUN_OF = Stemmer.Stemmer("english"), regex.compile(r"[\p{Alphabetic}\p{N}]+")
@functools.cache
def terms(text):
    """Snowball English of runs of letters and digits under 40 bytes, lower-cased one character at a time, without Lucene's 33 stop words"""
    words = ("".join(c.lower() for c in t) for t in RUN_OF.findall(text) if len(t.encode()) < 40)
    return STEM.stemWords([t for t in words if t not in STOP])
class Bm25:
    """Σ weight · ln(1 + (N − n + ½) / (n + ½)) · tf / (tf + k1 (1 − b + b · length / mean)) in float64; ties by descending id"""
    def __init__(self, docs, k1=1.2, b=.75):
        self.docs, self.bags = docs, [terms(searched(d)) for d in docs]
        length = np.array([len(bag) for bag in self.bags], float)
        self.norm, post = k1 * (1 - b + b * length / length.mean()), collections.defaultdict(list)
        for j, bag in enumerate(self.bags):
            for t, n in collections.Counter(bag).items(): post[t].append((j, n))
        self.post = {t: np.array(l).T for t, l in post.items()}
        self.tie = np.empty(len(docs), int); self.tie[sorted(range(len(docs)), key=lambda j: docs[j].id, reverse=True)] = np.arange(len(docs))
    @functools.cache
    def idf(self, term):
        df = self.post[term].shape[1] if term in self.post else 0
        return math.log(1 + (len(self.docs) - df + .5) / (df + .5))
    def search(self, weighted, k):
        s = np.zeros(len(self.docs))
        for t, w in weighted:
            if t in self.post: j, tf = self.post[t]; s[j] += w * self.idf(t) * tf / (tf + self.norm[j])
        return [(int(j), float(s[j])) for j in np.lexsort((self.tie, -s))[:k] if s[j] > 0]
def ndcg10(ranked, grades):
    gain = lambda l: sum(g / math.log2(i + 2) for i, g in enumerate(l[:10]))
    return gain([grades.get(d, 0) for d in ranked]) / gain(sorted(grades.values(), reverse=True))
def mean(values): values = list(values); return math.fsum(values) / len(values)

# ---------------------------------------------------------------- 1. RM3
def rm3_words(index, query, documents=10, count=10, own=.5):
    first, model, out = index.search(collections.Counter(query).items(), documents), collections.Counter(), collections.Counter()
    total = math.fsum(s for _, s in first)
    for j, s in first:
        for t, n in collections.Counter(index.bags[j]).items(): model[t] += s / total * n / len(index.bags[j])
    best = sorted(model.items(), key=lambda x: (-x[1], x[0]))[:count]
    for t, n in collections.Counter(query).items(): out[t] += (own if best else 1) * n / len(query)
    for t, w in best: out[t] += (1 - own) * w / math.fsum(w for _, w in best)
    return sorted(out.items(), key=lambda x: (-x[1], x[0]))
def rm3(a, sets, index):
    out = {}
    for name in ("scifact", "xquad"):
        run, (docs, asked) = getattr(a, name), sets[name]
        theirs = stage(run, "feedback", "lexical"); assert set(theirs) == set(asked)
        words = {r["example_id"]: dict(w.split("^") for w in r["text"].split()) for r in table(run, "texts", variant="feedback", stage="prf")}
        same, gap, gap_of_words, plain, own, their = collections.Counter(), 0., 0., [], [], []
        for q, (text, _, grades) in asked.items():
            weights = rm3_words(index[name], terms(text)); found = index[name].search(weights, 50)
            ranked, known = [docs[j].id for j, _ in found], dict(theirs[q])
            for k in (10, 20): same[k] += ranked[:k] == [d for d, _ in theirs[q]][:k]
            same["words"] += set(words[q]) == {t for t, _ in weights}
            gap_of_words = max([gap_of_words, *(abs(float(words[q][t]) - w) for t, w in weights if t in words[q])])
            gap = max([gap, *(abs(known[docs[j].id] - s) for j, s in found[:20] if docs[j].id in known)])
            plain.append(ndcg10([docs[j].id for j, _ in index[name].search(collections.Counter(terms(text)).items(), 50)], grades))
            own.append(ndcg10(ranked, grades)); their.append(ndcg10([d for d, _ in theirs[q]], grades))
        out[name] = {"queries": len(asked), "same_first_10": same[10], "same_first_20": same[20], "same_words": same["words"], "largest_gap_of_scores": gap,
                     "largest_gap_of_weights": gap_of_words, "nDCG@10": mean(own), "nDCG@10_of_the_run's_stage": mean(their), "nDCG@10_without_feedback": mean(plain)}
    return out

# ---------------------------------------------------------------- 3. EM, F1 (evaluate-v2.0 of SQuAD), ROUGE-L (rouge_score)
REFUSAL, MARK = "I don't have enough information.", re.compile(r" \[\d+\]")
def plain(s): return re.sub(r"\b(a|an|the)\b", " ", "".join(c for c in s.lower() if c not in string.punctuation)).split()
def f1(answer, gold):
    answer, gold = plain(answer), plain(gold)
    same = sum((collections.Counter(answer) & collections.Counter(gold)).values())
    if not answer or not gold or not same: return float(answer == gold)
    precision, recall = same / len(answer), same / len(gold)
    return 2 * precision * recall / (precision + recall)
def compared(run, own):
    """Own values by (variant, example) and metric against examples.parquet, their means against summary.parquet"""
    rows, out = {(r["variant"], r["example_id"]): r for r in table(run, "examples")}, {}
    their = {(r["variant"], r["metric"]): r for r in table(run, "summary", slice="all")}
    for metric in sorted({m for values in own.values() for m in values}):
        if metric not in next(iter(rows.values())): continue
        pairs = [(k, values.get(metric), rows[k][metric]) for k, values in own.items()]
        means = {v: mean(x for (w, _), x, _ in pairs if w == v and x is not None) for v, m in their if m == metric}
        out[metric] = {"n": sum(x is not None for _, x, _ in pairs), "differ": [[*k, x, y] for k, x, y in pairs if (x is None) != (y is None) or x is not None and abs(x - y) > 1e-9],
                       "largest_gap": max((abs(x - y) for _, x, y in pairs if x is not None and y is not None), default=None), "means": means,
                       "largest_gap_of_means": max((abs(means[v] - their[v, metric]["mean"]) for v in means), default=None)}
    return out
def overlap(a, sets, _):
    from rouge_score import rouge_scorer
    rouge, out = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=False), {}
    for name in ("pubmedqa", "xquad"):
        own, ends = {}, []
        for r in table(getattr(a, name), "answers"):
            text, golds = MARK.sub("", r["answer"]), [g for g in sets[name][1][r["example_id"]][1] if plain(g)]
            if re.sub(MARK.pattern + r"(?=\n|$)", "", r["answer"]) != text: ends.append([r["variant"], r["example_id"]])
            best = {"EM": max(float(plain(text) == plain(g)) for g in golds), "F1": max(f1(text, g) for g in golds)}
            if name == "pubmedqa": best["ROUGE-L"] = max(rouge.score(g, text)["rougeL"].fmeasure for g in golds)
            own[r["variant"], r["example_id"]] = {m: 0. if r["answer"] == REFUSAL else x for m, x in best.items()}
        out[name] = {**compared(getattr(a, name), own), "with_marks_copied_from_a_source": ends}
    return out

# ---------------------------------------------------------------- sentences: UAX 29 by uniseg, joined after short forms and initials
SHORT = frozenset("mr mrs ms dr prof st vs etc e.g i.e cf fig no vol approx inc jr sr bzw ca nr z.b d.h bspw".split())
def sentences(text, joined=True):
    from uniseg.sentencebreak import sentences as uax29
    out, joins = [], False
    for s in uax29(text):
        if not s.strip(): continue
        if joins: out[-1] += s
        else: out.append(s)
        last = s.strip().split()[-1]
        word = regex.sub(r"^[^\p{Alphabetic}\p{N}]+", "", last[:-1]) if last.endswith(".") else ""
        joins = joined and (word.lower() in SHORT or (len(word) == 1 and word.isupper()))
    return [s.strip() for s in out]

# ---------------------------------------------------------------- 5. what supports a sentence (English only)
SCALE = {"thousand": 3, "million": 6, "millions": 6, "billion": 9, "billions": 9, "bn": 9}
SPELT = {w: Fraction(n) for n, w in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)}
SEP = ".,'’\u00a0\u202f\u2009"
NUMBER = regex.compile(rf"(?<![\p{{Alphabetic}}\p{{N}}])(?<![\p{{Alphabetic}}\p{{N}}]\.)(?:(?<![.,])\.)?[0-9]+(?:[{SEP}][0-9]+)*")
def numbers(text):
    """Of each number its possible values and whether it is a percentage: `1,250` is 1250 and 1.25, `3.5 million` 3500000, a date its parts"""
    out = []
    for m in NUMBER.finditer(text):
        parts, seps, values = re.split(f"[{SEP}]", m[0]), re.findall(f"[{SEP}]", m[0]), set()
        unit = regex.match(r"[ \-\u00a0\u202f\u2009]*(%|per cent|\p{Alphabetic}*)", text[m.end():], flags=regex.I)[1].lower()
        scale, grouped = 10 ** SCALE.get(unit, 0), lambda p: 1 <= len(p[0]) <= 3 and all(len(x) == 3 for x in p[1:])
        if not seps: values.add(Fraction(m[0]) * scale)
        elif len(set(seps)) == 1 and grouped(parts): values.add(Fraction("".join(parts)) * scale)
        if seps and seps[-1] in ".," and len(set(seps[:-1])) < 2 and seps[-1] not in seps[:-1] and (len(seps) == 1 or grouped(parts[:-1])):
            values.add(Fraction("0" + "".join(parts[:-1]) + "." + parts[-1]) * scale)
        for one in [(values, unit in ("%", "per cent", "percent", "pct"))] if values else [({Fraction(p)}, False) for p in parts if p]:
            if one not in out: out.append(one)
    return out
NO, THAN = frozenset("not no never without cannot nor neither none nobody nothing".split()), frozenset("later more less fewer earlier sooner longer greater".split())
def said(sentence):
    """{term: whether a clause that has it denies}, numbers aside"""
    words, out = [(m[0].replace("’", "'").lower(), *m.span()) for m in regex.finditer(r"[\p{Alphabetic}\p{N}'’]+", sentence)], {}
    clauses = [[]]
    for i, (word, start, end) in enumerate(words):
        if word in ("but", "because", "although", "and") or set(sentence[words[i - 1][2] if i else 0:start]) & set(",;:.()"): clauses.append([])
        one, two = ([w for w, _, _ in words[i + 1:i + 3]] + ["", ""])[:2]
        no = (word in NO or word.endswith("n't")) and not (word == "not" and one == "only") and not (
            word == "no" and (one in THAN and two == "than" or sentence[end:end + 1] == "." and one[:1].isdigit()))
        clauses[-1].append((word, no))
    for clause in clauses:
        denies = any(no for _, no in clause)
        for t in terms(" ".join(re.sub(r"'(s|d|m|ll|re|ve)$", "", w) for w, _ in clause if not w.endswith("n't"))):
            if not re.fullmatch("[0-9]+", t): out[t] = out.get(t, False) or denies
    return out
def evidence_of(text, about):
    found = numbers(text) + numbers(about)
    values = {v for vs, _ in found for v in vs} | {SPELT[w] for w in re.split(r"[\W_]+", f"{text} {about}".lower()) if w in SPELT}
    return [said(s) for s in sentences(re.sub(r"\n(?=[a-z])", " ", text))], said(about), values, {v for vs, p in found if p for v in vs}
def support(sentence, source, idf):
    """(share of the idf of its terms in the best 1 to 3 sentences in a row and the title, half where the sentence that shares most denies a term that the
    claim does not or the other way round) · (share of its numbers in the source)"""
    claim, wanted, (parts, about, values, percents) = said(sentence), numbers(sentence), source
    right = mean(bool(vs & (percents if p else values)) for vs, p in wanted) if wanted else float(bool(claim))
    if not claim: return right
    worth = lambda ts: math.fsum(idf(t) for t in ts if t in claim)
    best = worth(about)
    for i in range(len(parts)):
        for some in (parts[i:i + n] for n in (1, 2, 3)):
            lead = max(some, key=worth)
            half = any(claim.get(t, no) != no for t, no in lead.items())
            best = max(best, worth(set(about).union(*some)) * (.5 if half else 1))
    return right * best / worth(claim)
def holds(nugget, words):
    """Whether twice as many words in a row as the nugget has hold 75 % of its words, those with a digit among them"""
    nugget = plain(nugget); need, width = collections.Counter(nugget), 2 * len(nugget)
    for start in range(max(1, len(words))):
        met = collections.Counter(words[start:start + width]) & need
        if met.total() >= .75 * len(nugget) and all(met[w] == n for w, n in need.items() if any(c.isnumeric() for c in w)): return True
    return False
def evidence(a, sets, index):
    out = {}
    claims = collections.defaultdict(bool)
    for r in csv.DictReader((a.data / "rag/scifact_beir/claims_validation.csv").open()): claims[r["id"]] |= bool(r["evidence_label"])
    gold = {r["_id"]: r for f in a.converted.glob("*/answers.jsonl") for r in map(json.loads, f.open())}
    for name, run in (("scifact", a.scifact), ("pubmedqa", a.pubmedqa), ("xquad", a.xquad)):
        cited, own, answers = collections.defaultdict(list), {}, table(run, "answers")
        rows = table(run, "citations")
        for r in rows: cited[r["variant"], r["example_id"]].append(r)
        for r in answers:
            key, refused = (r["variant"], r["example_id"]), r["answer"] == REFUSAL
            assert refused == r["refused"]
            answerable = claims[key[1]] if name == "scifact" else True
            values = own[key] = {"RefusalRate": float(refused), "RefusalAccuracy": float(refused != answerable)}
            nuggets = [n for n in gold[key[1]].get("nuggets", []) if plain(n)]
            words = [] if refused else plain(MARK.sub("", r["answer"]))
            if answerable and nuggets: values["NuggetRecall"] = mean(holds(n, words) for n in nuggets)
            marks = [x for x in cited[key] if x["cites"] is not None]
            if marks and not refused: values["CitationPrecision"] = mean(x["verified"] for x in marks)
            best = collections.defaultdict(float)
            for x in cited[key]:
                if x["best_source"] is not None: best[x["sentence"]] = max(best[x["sentence"]], x["support"] or 0.)
            if best and not refused: values["CitationRecall"] = mean(s >= .6 for s in best.values())
            values["Confidence"] = mean(best.values()) if best and not refused else 0.
            values["ReviewRate"] = float(not refused and values["Confidence"] < .5)
        figures = compared(run, own)
        doc, read, gaps = {d.id: d for d in sets[name][0]}, {}, {}
        idf_of = collections.defaultdict(lambda: index[name].idf)
        if name == "xquad":
            # The results of 1,190 queries name every chunk
            chunks = {item for found in stage(run, "sentences", "lexical").values() for item, _ in found}; assert len(chunks) == 788
            idf_of["sentences"] = Bm25([part(doc, item) for item in sorted(chunks)]).idf
        held = [r for r in rows if r["support"] is not None]
        for what, some in (("random_200", random.Random(20).sample(held, 200)), ("all_below_1", [r for r in held if r["support"] < 1])):
            gap = []
            for r in some:
                d = part(doc, r["item"])
                if d.id not in read: read[d.id] = evidence_of(d.text, " ".join(d.title.split()))
                gap.append(abs(support(MARK.sub(" ", r["text"]), read[d.id], idf_of[r["variant"]]) - r["support"]))
            gaps[what] = {"citations": len(gap), "within_1e-6": sum(g < 1e-6 for g in gap), "largest_gap": max(gap, default=None)}
        # Marks that a copied sentence brought along: the extractive model puts its own at the end of a line
        copied = [r for r in rows if r["cites"] is not None and not re.search(rf" \[{r['cites']}\](\n|$)", r["text"])]
        unverified = [r for r in rows if r["cites"] is not None and not r["verified"]]
        two_lines = {(r["variant"], r["example_id"], r["sentence"]) for r in rows if "\n" in r["text"]}
        out[name] = {"figures": figures, "support": gaps, "citations": sum(r["cites"] is not None for r in rows), "unverified": len(unverified),
                     "marks_copied_from_a_source": len(copied), "unverified_marks_copied_from_a_source": sum(r in copied for r in unverified),
                     "sentences_made_of_two_lines": len(two_lines), "unverified_in_sentences_made_of_two_lines": sum("\n" in r["text"] for r in unverified)}
    assert sum(claims.values()) == 188
    return out

# ---------------------------------------------------------------- 2. late interaction
def late(a, sets, _, queries=40):
    import torch, transformers
    torch.set_num_threads(1)
    docs, asked = sets["scifact"]; text = {d.id: searched(d) for d in docs}
    tokenizer, model = transformers.AutoTokenizer.from_pretrained(a.model), transformers.AutoModel.from_pretrained(a.model).eval()
    def vectors(s):
        enc = tokenizer(s, truncation=True, max_length=256, return_tensors="pt", return_special_tokens_mask=True)
        own = enc.pop("special_tokens_mask")[0] == 0
        with torch.inference_mode(): return torch.nn.functional.normalize(model(**enc).last_hidden_state[0][own], dim=1)
    theirs, known, gaps, same = stage(a.scifact, "words_late", "rerank"), {}, [], 0
    before = stage(a.scifact, "words_late", "lexical")
    for q in list(asked)[:queries]:
        query, head = vectors(asked[q][0]), [d for d, _ in before[q]][:20]
        for d in head:
            if d not in known: known[d] = vectors(text[d])
        score = {d: float((query @ known[d].T).max(1).values.double().mean()) for d in head}
        order = sorted(sorted(head, reverse=True), key=lambda d: -score[d])
        assert {d for d, _ in theirs[q][:20]} == set(head)
        same += order == [d for d, _ in theirs[q]][:20]; gaps += [abs(score[d] - s) for d, s in theirs[q][:20]]
    return {"queries": queries, "scores": len(gaps), "largest_gap_of_scores": max(gaps), "same_order": same, **whole_run(a, asked)}
def whole_run(a, asked):
    from scipy.stats import bootstrap
    last = {"words": "lexical", "words_late": "rerank", "hybrid": "fuse", "late": "rerank"}
    value = {}
    for v, s in last.items():
        lists = stage(a.scifact, v, s); value[v] = np.array([ndcg10([d for d, _ in lists[q]], r) for q, (_, _, r) in asked.items()])
    their, differences = {r["variant"]: r["mean"] for r in table(a.scifact, "summary", metric="nDCG@10", slice="all")}, {}
    for x, y in (("words_late", "words"), ("late", "hybrid")):
        i = bootstrap((value[x] - value[y],), np.mean, n_resamples=100_000, batch=5000, method="BCa", rng=np.random.default_rng(1)).confidence_interval
        differences[f"{x} - {y}"] = {"mean": float((value[x] - value[y]).mean()), "interval": [float(i.low), float(i.high)]}
    return {"nDCG@10": {v: mean(x) for v, x in value.items()}, "largest_gap_of_means": max(abs(mean(x) - their[v]) for v, x in value.items()), "differences": differences}

# ---------------------------------------------------------------- 4. the extractive model
def extract(question, texts, idf, most, cut, threshold=.3, gain=.1):
    asked, found, chosen, covered = set(terms(question)), [], [], set()
    worth = lambda ts: math.fsum(map(idf, ts))
    for number, text in enumerate(texts, 1):
        for s in cut(text):
            s = s.lstrip("-*• "); has = asked & set(terms(s))
            if has and not s.endswith("?") and s not in (known for _, known, _ in found): found.append((number, s, has))
    while len(chosen) < most and len(chosen) < len(found):
        # The first of the best: they stand in the order of the sources
        best = max((c for c in found if c not in chosen), key=lambda c: (worth(c[2] - covered), worth(c[2])))
        if chosen and worth(best[2] - covered) < gain * worth(asked): break
        chosen.append(best); covered |= best[2]
    if not chosen or worth(covered) < threshold * worth(asked): return REFUSAL
    line = lambda s: s if s.endswith((".", "!", ":", "…", "。")) else s + "."
    return "\n".join(f"{line(' '.join(s.split()))} [{n}]" for n, s, _ in chosen)
def extractive(a, sets, index):
    out, (docs, asked) = {}, sets["xquad"]; text = {d.id: d.text.strip() for d in docs}
    for variant, most in (("one_sentence", 1), ("words", 3), ("feedback", 3), ("top1", 3)):
        rows, known, counts, differ = table(a.xquad, "answers", variant=variant), {}, collections.Counter(), []
        for joined in (True, False):
            cut = lambda t: known.get((t, joined)) or known.setdefault((t, joined), sentences(t, joined))
            for r in rows:
                own = extract(asked[r["example_id"]][0], [text[d] for d in r["sources"]], index["xquad"].idf, most, cut)
                counts[joined] += own == r["answer"]
                if joined and own != r["answer"]: differ.append([r["example_id"], own, r["answer"]])
        out[variant] = {"answers": len(rows), "same": counts[True], "same_with_sentences_not_joined": counts[False], "differ": differ}
    return out

# ---------------------------------------------------------------- 6. tokens of prompts
CJK = r"\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
TOKEN = regex.compile(rf"[[\p{{Alphabetic}}\p{{N}}]--[{CJK}]]+|[^\p{{White_Space}}\p{{Cc}}]", regex.V1)
def tokens(text): return len(TOKEN.findall(text))
def prompt(a, sets, _, budget=3000):
    template, out = tomllib.loads(a.prompt.read_text()), {}
    user = re.sub(r"\[\[Conversation.*?\]\]", "", template["user"], flags=re.S)
    fixed = tokens(template["system"]) + tokens(user.split("{context}")[0])
    def whole(question, sources):
        form = lambda title: re.sub(r"\[\[.*?\]\]", "", template["source"].replace('[[ title="{title}"]]', f' title="{title}"' if title else ""))
        written = [form(title).replace("{number}", str(n)).replace("{text}", text) for n, (title, text) in enumerate(sources, 1)]
        return tokens(template["system"]) + tokens(user.replace("{question}", question).replace("{context}", "\n".join(written)))
    for name, run in (("xquad", a.xquad), ("scifact", a.scifact), ("pubmedqa", a.pubmedqa)):
        docs, asked = sets[name]; doc, counts, worst = {d.id: d for d in docs}, collections.Counter(), 0
        def shown(item):
            d = part(doc, item)
            return " ".join(d.title.split()).replace('"', "&quot;"), d.text
        lists = collections.defaultdict(dict)
        for r in table(run, "results", aside=False):
            if r["rank"] <= 40: lists[r["variant"], r["example_id"]].setdefault(r["step"], []).append((r["rank"], r["item"]))
        rows = table(run, "answers"); some = set(random.Random(20).sample(range(len(rows)), 50))
        for i, r in enumerate(rows):
            question, chunks = asked[r["example_id"]][0], {"top1": 1, "top3": 3, "top10": 10}.get(r["variant"], 5)
            n = whole(question, [shown(d) for d in r["sources"]]); gap = abs(n - r["prompt_tokens"]); worst = max(worst, gap)
            steps = lists[r["variant"], r["example_id"]]
            ranked = [d for _, d in sorted(steps[max(steps)])][:4 * chunks]
            chosen, dropped, seen = [], 0, set()
            for d in ranked:
                same = " ".join(shown(d)[1].lower().split())
                if len(chosen) == chunks or same in seen: continue
                if whole(question, [shown(x) for x in [*chosen, d]]) <= budget: chosen.append(d); seen.add(same)
                else: dropped += len(chosen) + dropped < chunks
            counts.update(answers=1, same_tokens=gap == 0, same_prefix=fixed == r["prefix_tokens"], within_budget=r["prompt_tokens"] <= budget,
                          same_sources=chosen == r["sources"], same_dropped=dropped == r["dropped_sources"], with_dropped=r["dropped_sources"] > 0,
                          same_tokens_of_50=i in some and gap == 0)
        out[name] = {**counts, "largest_gap_of_tokens": worst, "prefix_tokens": fixed}
    return out

# ---------------------------------------------------------------- all
SECTIONS = {"rm3": rm3, "late": late, "overlap": overlap, "extractive": extractive, "evidence": evidence, "prompt": prompt}
HOW = {
 "rm3": "own NumPy in float64 from the raw data: the first 50 by BM25 (k1 1.2, b .75) with RM3's words (10 documents, 10 terms, ½ for the query's own), against the stages `prf` (weights have four decimals) and `lexical` of variant `feedback`",
 "late": "transformers' AutoModel, 256 tokens, special tokens left out, mean over the query's tokens of the largest cosine, first 40 queries × 20 passages (title, blank, text), against stage `rerank` of `words_late`; nDCG@10 of whole runs from their last stage; differences: 95 % BCa, 100,000 resamples of the paired differences (scipy)",
 "overlap": "evaluate-v2.0 of SQuAD (its functions written anew) and rouge_score without a stemmer, after ` [n]` is taken out wherever it stands; refused answers 0; gold answers from the raw data",
 "extractive": "own Python from the texts of `sources`; sentences by uniseg's UAX 29, joined after the abbreviations and initials that ragkit names (`same`) or not",
 "evidence": "own Python from answers.parquet and citations.parquet; answerable: the claim has a label in claims_validation.csv; nuggets: ragkit's converted answers.jsonl; support anew for 200 random citations and for all below 1; `copied` marks stood in the source already",
 "prompt": "words and signs counted by a regular expression in the template filled in anew, all answers (50 random ones beside); sources chosen anew from the last stage: the best that fit into 3,000 tokens, equal texts once",
}
def main():
    p = argparse.ArgumentParser()
    for name in ("data", "scifact", "pubmedqa", "xquad", "converted", "model", "prompt", "out"): p.add_argument(f"--{name}", type=Path, required=True)
    p.add_argument("sections", nargs="*"); a = p.parse_args()
    sets = load(a.data); index = {name: Bm25(docs) for name, (docs, _) in sets.items()}
    found = json.loads(a.out.read_text()) if a.out.exists() else {}
    for name in a.sections or SECTIONS:
        found[name] = {"how": HOW[name], **SECTIONS[name](a, sets, index)}; print(name, "done", flush=True)
    version = lambda run: json.loads((run / "manifest.json").read_text())["identity"]["ragkit"]
    packages = ("PyStemmer", "pyarrow", "numpy", "scipy", "rouge_score", "regex", "uniseg", "torch", "transformers")
    found = {"command": "python s20_rag_answers.py (arguments: its first lines)",
             "runs": {n: {"name": run.name, "ragkit": version(run)} for n, run in (("scifact", a.scifact), ("pubmedqa", a.pubmedqa), ("xquad", a.xquad))},
             "versions": {"python": platform.python_version(), "unicode": unicodedata.unidata_version, **{x: im.version(x) for x in packages}},
             **{n: found[n] for n in SECTIONS if n in found}}
    a.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
main()
