"""Golden figures of the caches of answers: s19_cache.py PAIRS MODEL TRACE > cache_pairs.json

Similarities by sentence-transformers and scikit-learn, the split, the guards, the fit and the rates by own Python; hit shares of a prefix cache by
an own model of vLLM's queue of free blocks. Prints a table with Clopper-Pearson intervals on stderr.
"""

import collections
import hashlib
import json
import re
import struct
import sys

import numpy as np
import scipy
import sentence_transformers
import sklearn
import torch
import transformers
from scipy.stats import beta
from sklearn.feature_extraction.text import HashingVectorizer

PAIRS, MODEL, TRACE = sys.argv[1:]
SEED, MAX_FALSE_HITS, FIXED = 17, 0.01, 0.9
torch.set_num_threads(2)
pairs = [json.loads(line) for line in open(PAIRS, encoding="utf-8")]
strata = ["paraphrase", "negation", "swapped_number", "swapped_entity", "swapped_roles", "unrelated"]


# ---------------------------------------------------------------- the split
def digest(*parts):
    sha = hashlib.sha256()
    for part in parts:
        for field in part:
            sha.update(struct.pack("<Q", len(field.encode())) + field.encode())
    return sha.hexdigest()


keys = [digest(("seed", str(SEED)), ("cluster", pair["metadata"]["base"])) for pair in pairs]
ordered = sorted(set(keys))
is_fit = np.array([key < ordered[len(ordered) // 2] for key in keys])
same = np.array([pair["same"] for pair in pairs])
stratum = np.array([pair["stratum"] for pair in pairs])

# ---------------------------------------------------------------- similarities
new, cached = [pair["text"] for pair in pairs], [pair["cached"] for pair in pairs]
model = sentence_transformers.SentenceTransformer(MODEL, device="cpu")
encode = lambda texts: model.encode(texts, batch_size=16, normalize_embeddings=True).astype("float64")
hashing = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=4096)
similarity = {
    "minilm": (encode(new) * encode(cached)).sum(axis=1).round(6),
    "terms": np.asarray(hashing.transform(new).multiply(hashing.transform(cached)).sum(axis=1)).ravel().round(6),
}

# ---------------------------------------------------------------- guards
WORD = re.compile(r"\w+(?:(?:(?<=[^\W\d_])['’.:·](?=[^\W\d_])|(?<=\d)[.,;'’](?=\d))\w+)*")
NEGATION = re.compile(
    r"^(cannot|neither|never|no|nobody|none|nor|not|nothing|nowhere|unless|without|.*n't|"
    r"(ai|are|ca|could|did|does|do|had|has|have|is|might|must|should|was|were|wo|would)nt)$"
)
NUMBER_WORDS = dict(
    zip(
        "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty sixty seventy eighty ninety".split(),
        [*range(2, 13), *range(20, 91, 10)],
    )
)


def words(question):
    return [(match.start(), match.group().replace("’", "'")) for match in WORD.finditer(question)]


def bare(word):
    return word.removesuffix("'s")


def numbers(question):
    found = []
    for number in re.findall(r"\d(?:\d|[.,](?=\d))*", question):
        number = number.replace(",", "")
        found.append(number if number.count(".") > 1 else float(number))
    found += [float(NUMBER_WORDS[word.lower()]) for _, word in words(question) if word.lower() in NUMBER_WORDS]
    return collections.Counter(found)


def negations(question):
    return sum(bool(NEGATION.match(word.lower())) for _, word in words(question)) % 2


def names(question):
    found, end = [], 0
    for start, word in words(question):
        begins = end == 0 or re.search(r"[.?!:\n]", question[end:start])
        end = start + len(word)
        word = bare(word)
        if word == "I" or word.startswith("I'"):
            continue
        capitals = sum(c.isupper() for c in word)
        mixed = any(c.isalpha() for c in word) and any(c.isdigit() for c in word)
        if capitals >= 2 or (mixed and not re.fullmatch(r"\d+(st|nd|rd|th|s)", word, re.I)) or (word[0].isupper() and not begins):
            found.append(word.lower())
    return collections.Counter(found)


def bag(question):
    return collections.Counter(bare(word.lower()) for _, word in words(question))


def turned_around(one, other):
    a, b = [[bare(word.lower()) for _, word in words(question)] for question in (one, other)]
    common = (collections.Counter(a) & collections.Counter(b)).total()
    if common * 5 < max(len(a), len(b)) * 4:
        return False
    length = np.zeros((len(a) + 1, len(b) + 1), int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            length[i + 1, j + 1] = length[i, j] + 1 if x == y else max(length[i, j + 1], length[i + 1, j])
    return bool(length[-1, -1] < common)


GUARDS = {
    "numbers": lambda a, b: numbers(a) == numbers(b),
    "negation": lambda a, b: negations(a) == negations(b),
    "entities": lambda a, b: names(a) <= bag(b) and names(b) <= bag(a),
    "order": lambda a, b: not turned_around(a, b),
}
admits = {name: np.array([guard(a, b) for a, b in zip(new, cached)]) for name, guard in GUARDS.items()}


# ---------------------------------------------------------------- fit and rates
def share(successes, n):
    low = 0.0 if successes == 0 else beta.ppf(0.025, successes, n - successes + 1)
    high = 1.0 if successes == n else beta.ppf(0.975, successes + 1, n - successes)
    return [float(low), float(high)]


def normalised(question):
    key = " ".join(question.split()).lower()
    return key.rstrip("?!.…,;:？！。؟;‽ ") or key


variants, nearest_miss = {}, 1.0


def variant(name, hits, threshold=None, fitted=None):
    rates = {}
    for which in strata:
        chosen = ~is_fit & (stratum == which)
        rates[which] = {"n": int(chosen.sum()), "hits": int(hits[chosen].sum())}
    chosen = ~is_fit & ~same
    rates["different"] = {"n": int(chosen.sum()), "hits": int(hits[chosen].sum())}
    variants[name] = {"threshold": threshold, "fit": fitted, "test": rates}
    line = [f"{r['hits'] / r['n']:.3f} [{share(r['hits'], r['n'])[0]:.3f}, {share(r['hits'], r['n'])[1]:.3f}]" for r in rates.values()]
    print(f"{name:24}", "-" if threshold is None else f"{threshold:.4f}", *line, sep=" | ", file=sys.stderr)


def semantic(name, by, guards, fixed=None, max_false_hits=MAX_FALSE_HITS, keep=True):
    global nearest_miss
    admitted = np.ones(len(pairs), bool)
    for guard in guards:
        admitted &= admits[guard]
    threshold, fitted = fixed, None
    wrong, right = is_fit & ~same, is_fit & same
    if fixed is None:
        found = [None, 0, 0]
        for candidate in sorted(set(similarity[by][is_fit & admitted])):
            hits = admitted & (similarity[by] >= candidate)
            if hits[wrong].sum() / wrong.sum() <= max_false_hits:
                found = [float(candidate), int(hits[right].sum()), int(hits[wrong].sum())]
                break
        threshold = found[0]
        fitted = {"same": [int(right.sum()), found[1]], "different": [int(wrong.sum()), found[2]]}
    hits = admitted & (similarity[by] >= threshold) if threshold is not None else np.zeros(len(pairs), bool)
    if threshold is not None and by == "minilm":
        # How far the nearest pair is from changing sides.
        gaps = np.abs(similarity[by][admitted] - threshold)
        nearest_miss = min(nearest_miss, float(gaps[gaps > 0].min()))
    if keep:
        variant(name, hits, threshold, fitted)
    return hits, threshold


print("variant | threshold |", " | ".join(strata), "| all different", file=sys.stderr)
variant("exact", np.array([normalised(a) == normalised(b) for a, b in zip(new, cached)]))
semantic("terms", "terms", [])
semantic("terms-guarded", "terms", GUARDS)
semantic("minilm", "minilm", [])
semantic("minilm-guarded", "minilm", GUARDS)
semantic("minilm-at-90", "minilm", [], FIXED)
for guard in GUARDS:
    semantic(f"minilm-at-90-{guard}", "minilm", [guard], FIXED)
semantic("minilm-at-90-guarded", "minilm", GUARDS, FIXED)
for by in ("terms", "minilm"):
    for label, guards in (("none", []), *((f"all but {name}", [g for g in GUARDS if g != name]) for name in GUARDS), ("all", GUARDS)):
        for most in (0.01, 0.02, 0.05, 0.1):
            hits, threshold = semantic("", by, guards, max_false_hits=most, keep=False)
            test = [int(hits[~is_fit & same].sum()), int((~is_fit & same).sum()), int(hits[~is_fit & ~same].sum()), int((~is_fit & ~same).sum())]
            print(f"sweep {by} guards {label}, at most {most}: threshold {threshold}; test hits {test[0]}/{test[1]} = {test[0] / test[1]:.3f} {share(*test[:2])}, "
                  f"false {test[2]}/{test[3]} = {test[2] / test[3]:.3f} {share(*test[2:])}", file=sys.stderr)
print("nearest to a threshold:", nearest_miss, file=sys.stderr)


# ---------------------------------------------------------------- the prefix cache
def replay(requests, capacity):
    """vLLM's block pool: free blocks in a queue, those freed last at its end, of one request its last block first."""
    blocks = capacity or len({key for _, keys in requests for key in keys})
    slot_of, key_of = {}, [None] * blocks
    free = collections.OrderedDict.fromkeys(range(blocks))
    hit_blocks = hit_tokens = 0
    for length, keys in requests:
        held = []
        for key in keys:
            if key not in slot_of:
                break
            held.append(slot_of[key])
        hit_blocks += len(held)
        hit_tokens += min(512 * len(held), length)
        for slot in held:
            del free[slot]
        for key in keys[len(held):]:
            if not free:
                break
            slot, _ = free.popitem(last=False)
            if key_of[slot] is not None:
                del slot_of[key_of[slot]]
            key_of[slot], slot_of[key] = key, slot
            held.append(slot)
        for slot in reversed(held):
            free[slot] = None
    return {"capacity": capacity, "hit_blocks": hit_blocks, "hit_tokens": hit_tokens}


requests = [(row["input_length"], row["hash_ids"]) for row in map(json.loads, open(TRACE))]
assert all(len(set(keys)) == len(keys) for _, keys in requests)
prefix = {
    "file": "router/mooncake_traces/synthetic_trace.jsonl",
    "block": 512,
    "requests": len(requests),
    "blocks": sum(len(keys) for _, keys in requests),
    "tokens": sum(length for length, _ in requests),
    "replays": [replay(requests, capacity) for capacity in (None, 100, 1000, 5000, 20000)],
}
for one in prefix["replays"]:
    print(one, f"{one['hit_blocks'] / prefix['blocks']:.4f} of blocks, {one['hit_tokens'] / prefix['tokens']:.4f} of tokens", file=sys.stderr)

json.dump(
    {
        "how": "python oracle/s19_cache.py datasets/cache/pairs.jsonl models/all-MiniLM-L6-v2 $RAGKIT_DATA/router/mooncake_traces/synthetic_trace.jsonl",
        "versions": {
            module.__name__: module.__version__ for module in (sentence_transformers, transformers, torch, sklearn, scipy, np)
        },
        "pairs_sha256": hashlib.sha256(open(PAIRS, "rb").read()).hexdigest(),
        "seed": SEED,
        "fit": [pair["_id"] for pair, fit in zip(pairs, is_fit) if fit],
        "similarities": {
            pair["_id"]: [float(similarity["terms"][place]), float(similarity["minilm"][place])] for place, pair in enumerate(pairs)
        },
        "refused": {name: [pair["_id"] for pair, admitted in zip(pairs, admits[name]) if not admitted] for name in GUARDS},
        "variants": variants,
        "prefix": prefix,
    },
    sys.stdout,
    separators=(",", ":"),
)
