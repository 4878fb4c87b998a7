"""Golden figures of classifiers of texts and pairs, and of late interaction: s17_cross_encoder.py GOLDEN [MODEL DATA]

GOLDEN (here `tests/golden`) holds encoder_tiny.json, whose tokenizers and encoders are used again; cross_encoder_tiny.json is written
there. With MODEL (all-MiniLM-L6-v2, see .ci/fetch-model) and DATA ($RAGKIT_DATA), late_minilm.json too: of SciFact only ids and scores.
"""

import json
import pathlib
import sys
import tempfile

import numpy
import sentence_transformers
import tokenizers
import torch
import transformers
from made_weights import weights
from safetensors.torch import save_file

VERSIONS = {
    "sentence-transformers": sentence_transformers.__version__,
    "transformers": transformers.__version__,
    "tokenizers": tokenizers.__version__,
    "torch": torch.__version__,
    "numpy": numpy.__version__,
}
LONG = " ".join("rivers and bridges stand in the passage about ships" for _ in range(12))
PAIRS = [
    ("Which ships pass the lighthouse?", "Zürich: 42 ships, 7 lighthouses & the sea!?"),
    ("What is the capital of France?", "Paris, of course; the river there is the Seine."),
    ("Paris, of course; the river there is the Seine.", "What is the capital of France?"),
    ("short query", LONG),
    (LONG, "a short passage"),
    (LONG, LONG.replace("rivers", "numbers")),
    (LONG[:180], LONG[20:215]),
    ("", "the sea"),
    ("the sea", ""),
    ("", ""),
]
TEXTS = ["The encoder finds a short query.", "", LONG]
LABELS = {1: {"0": "LABEL_0"}, 3: {"0": "contradiction", "1": "entailment", "2": "neutral"}}
CHOSEN = 1

BERT = {"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 64,
        "max_position_embeddings": 96, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0, "hidden_act": "gelu"}
DISTILBERT = {"model_type": "distilbert", "dim": 24, "n_heads": 3, "n_layers": 2, "hidden_dim": 40, "activation": "gelu",
              "max_position_embeddings": 64, "pad_token_id": 0}
ROBERTA = {"model_type": "roberta", "hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 48,
           "max_position_embeddings": 98, "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "bos_token_id": 0,
           "eos_token_id": 2, "hidden_act": "gelu"}
MPNET = {"model_type": "mpnet", "hidden_size": 24, "num_attention_heads": 2, "num_hidden_layers": 2, "intermediate_size": 40,
         "max_position_embeddings": 98, "hidden_act": "gelu", "layer_norm_eps": 1e-5, "relative_attention_num_buckets": 32,
         "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
XLM = {**ROBERTA, "model_type": "xlm-roberta", "hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1}
# Name, tokenizer, shape of the encoder, labels, longest sequence.
MODELS = [
    ("bert-1", "wordpiece", BERT, 1, 60),
    ("bert-3", "wordpiece", BERT, 3, 41),
    ("distilbert-1", "wordpiece", DISTILBERT, 1, 64),
    ("distilbert-3", "wordpiece", DISTILBERT, 3, 60),
    ("roberta-1", "bpe", ROBERTA, 1, 60),
    ("roberta-3", "bpe", ROBERTA, 3, 96),
    ("xlm-roberta-1", "unigram", XLM, 1, 60),
    ("xlm-roberta-3", "unigram", XLM, 3, 60),
    ("camembert-1", "unigram", {**XLM, "model_type": "camembert"}, 1, 50),
    ("mpnet-1", "wordpiece", MPNET, 1, 60),
    ("mpnet-3", "wordpiece", MPNET, 3, 60),
]
WORDPIECE = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
OTHERS = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
# What the tokenizer classes of these families hand to their models.
INPUTS = {"bert": ["input_ids", "token_type_ids", "attention_mask"]}


def short(values):
    return [float(f"{value:.7g}") for value in values]


def fill(folder, files, tokenizer, auto):
    """Writes a folder with made-up weights, loads it from there alone, and gives the model with the shapes of its tensors."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(content))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    model = auto.from_config(transformers.AutoConfig.from_pretrained(folder))
    shapes = {key: list(value.shape) for key, value in model.state_dict().items() if value.is_floating_point()}
    save_file({key: weights(key, shape) for key, shape in shapes.items()}, folder / "model.safetensors", {"format": "pt"})
    model, told = auto.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
    assert not any(told.values()), told
    return model.eval(), shapes


def classifier(folder, name, kind, tokenizer, config, labels, longest):
    folder.mkdir()
    family = config["model_type"]
    base = transformers.AutoConfig.for_model(family)
    architecture = transformers.AutoModelForSequenceClassification._model_mapping[type(base)].__name__
    config = {**config, "vocab_size": tokenizers.Tokenizer.from_str(json.dumps(tokenizer)).get_vocab_size(),
              "architectures": [architecture], "id2label": LABELS[labels], "label2id": {v: int(k) for k, v in LABELS[labels].items()}}
    files = {
        "config.json": config,
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": longest, **(WORDPIECE if kind == "wordpiece" else OTHERS),
            "model_input_names": INPUTS.get(family, ["input_ids", "attention_mask"]),
        },
    }
    model, shapes = fill(folder, files, tokenizer, transformers.AutoModelForSequenceClassification)
    reader = transformers.PreTrainedTokenizerFast.from_pretrained(folder)

    def read(*inputs):
        # In lists: an empty second text alone would be taken for none.
        encoded = reader(*([text] for text in inputs), truncation=True, return_tensors="pt")
        with torch.no_grad():
            logits = model(**encoded).logits[0]
        return encoded["input_ids"][0].tolist(), encoded.get("token_type_ids", torch.zeros(1, 0, dtype=int))[0].tolist(), logits

    pairs, texts = [read(*pair) for pair in PAIRS], [read(text) for text in TEXTS]
    cut = [len(ids) for ids, _, _ in pairs]
    assert max(cut) == longest and cut.count(longest) >= 3, cut
    # The whole way of a user: sentence-transformers loads the folder and scores the pairs as one batch.
    scores = sentence_transformers.CrossEncoder(str(folder), device="cpu").predict(PAIRS, activation_fn=torch.nn.Identity(), batch_size=99)
    worst = numpy.abs(numpy.array([l.tolist() for _, _, l in pairs]).reshape(scores.shape) - scores).max()
    assert worst < 1e-5, (name, worst)
    if labels == 1:
        expected = [logits.item() for _, _, logits in pairs]
    else:
        chances = torch.stack([logits for _, _, logits in pairs]).double().softmax(1)[:, CHOSEN]
        expected = (chances.log() - (-chances).log1p()).tolist()
    return {
        "name": name, "tokenizer": kind, "files": files, "tensors": shapes,
        "pair_ids": [ids for ids, _, _ in pairs], "pair_types": [types for _, types, _ in pairs],
        "pair_logits": [short(logits.tolist()) for _, _, logits in pairs],
        "text_logits": [short(logits.tolist()) for _, _, logits in texts],
        "scores": short(expected),
    }


def unit_rows(reader, model, text, longest):
    """Token vectors without the special tokens, each of length 1, in float64."""
    encoded = reader(text, truncation=True, max_length=longest, return_tensors="pt", return_special_tokens_mask=True)
    special = encoded.pop("special_tokens_mask")[0].numpy().astype(bool)
    with torch.no_grad():
        vectors = model(**encoded).last_hidden_state[0].numpy().astype(numpy.float64)[~special]
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def max_sim(query, passage):
    return float((query @ passage.T).max(axis=1).mean()) if len(query) and len(passage) else 0.0


def late_tiny(folder, tokenizer, model):
    folder.mkdir()
    prefix = next(key for key in model["tensors"] if key.endswith("embeddings.word_embeddings.weight"))
    prefix = prefix.removesuffix("embeddings.word_embeddings.weight")
    for path, content in model["files"].items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(json.dumps(content))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    made = transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(folder), attn_implementation="eager").eval()
    made.load_state_dict({key.removeprefix(prefix): weights(key, shape) for key, shape in model["tensors"].items()}, strict=False)
    reader = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    if "token_type_ids" not in made.forward.__code__.co_varnames:
        reader.model_input_names = ["input_ids", "attention_mask"]
    longest = model["files"]["sentence_bert_config.json"].get("max_seq_length", 60)
    rows = lambda text: unit_rows(reader, made, text, longest)
    return {"name": model["name"], "scores": short(max_sim(rows("q: " + query), rows("p: " + passage)) for query, passage in PAIRS)}


golden = pathlib.Path(sys.argv[1])
tiny = json.loads((golden / "encoder_tiny.json").read_text())
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    classifiers = [classifier(scratch / model[0], *model[:2], tiny["tokenizers"][model[1]], *model[2:]) for model in MODELS]
    late = [late_tiny(scratch / model["name"], tiny["tokenizers"][model["tokenizer"]], model) for model in tiny["models"]]
how = "python tests/golden/oracle/s17_cross_encoder.py tests/golden models/all-MiniLM-L6-v2 $RAGKIT_DATA"
dump = lambda name, content: (golden / name).write_text(
    json.dumps({"how": how, "versions": VERSIONS, **content}, ensure_ascii=False, separators=(",", ":"))
)
dump("cross_encoder_tiny.json", {"pairs": PAIRS, "texts": TEXTS, "chosen": CHOSEN, "models": classifiers,
                                 "late_prefixes": ["q: ", "p: "], "late": late})

if len(sys.argv) > 2:
    reader = transformers.AutoTokenizer.from_pretrained(sys.argv[2])
    model = transformers.AutoModel.from_pretrained(sys.argv[2], attn_implementation="eager").eval()
    rows = lambda text: unit_rows(reader, model, text, 256)
    folder = pathlib.Path(sys.argv[3]) / "rag/scifact_beir"
    read = lambda name: {row["_id"]: row for row in map(json.loads, (folder / name).read_text().splitlines())}
    queries, corpus = read("queries.jsonl"), read("corpus.jsonl")
    judged = {}
    for line in (folder / "qrels/test.tsv").read_text().splitlines()[1:]:
        query, document, _ = line.split("\t")
        judged.setdefault(query, document)
    judged = list(judged.items())[:10]
    # Each claim with its own abstract and with that of the next claim.
    ids = [(query, document) for place, (query, own) in enumerate(judged) for document in (own, judged[(place + 1) % 10][1])]
    text = lambda document: corpus[document]["title"] + " " + corpus[document]["text"]
    scifact = [[q, d, float(f"{max_sim(rows(queries[q]['text']), rows(text(d))):.7g}")] for q, d in ids]
    print(sum(len(reader(text(d))["input_ids"]) > 256 for _, d in ids), "of", len(ids), "abstracts are cut")
    dump("late_minilm.json", {"pairs": PAIRS, "scores": short(max_sim(rows(q), rows(p)) for q, p in PAIRS), "scifact": scifact})
