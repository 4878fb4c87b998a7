"""Golden figures of classifiers of pairs and of tokens, and of faithfulness by them: s23_classifier.py GOLDEN

GOLDEN (here `tests/golden`) holds encoder_tiny.json, whose tokenizers are used again; faithfulness_classifier.json is written there.
"""

import json
import pathlib
import sys
import tempfile

import numpy
import tokenizers
import torch
import transformers
from made_weights import weights
from safetensors.torch import save_file

VERSIONS = {"transformers": transformers.__version__, "tokenizers": tokenizers.__version__, "torch": torch.__version__,
            "numpy": numpy.__version__}
LONG = " ".join("rivers and bridges stand in the passage about ships" for _ in range(12))
PAIRS = [
    ("Which ships pass the lighthouse?", "Zürich: 42 ships, 7 lighthouses & the sea!?"),
    ("What is the capital of France?", "Paris, of course; the river there is the Seine."),
    ("short query", LONG),
    (LONG, "a short passage"),
    (LONG, LONG.replace("rivers", "numbers")),
    ("the sea 🌊", "日本 a_b… Ünïcödé 🌊🌊"),
    ("", "the sea"),
    ("the sea", ""),
    ("", ""),
]
TEXTS = ["The encoder finds a short query.", "", LONG]
LABELS = {
    "sequence": {1: ["LABEL_0"], 2: ["entailment", "not_entailment"], 3: ["contradiction", "entailment", "neutral"]},
    "token": {2: ["supported", "hallucinated"], 3: ["O", "B-HAL", "I-HAL"]},
}

SUBJECTS = [
    {
        "question": "Which ships pass the lighthouse?",
        "sentences": ["Ships pass the lighthouse at Zürich.", "The river is in France!", "42 numbers."],
        "contexts": [["Zürich: 42 ships, 7 lighthouses & the sea!?", ""], ["The capital is on the river Seine.", "Paris"]],
    },
    {"question": "", "sentences": ["A query is short."], "contexts": [["Vectors become a text. A query is short.", ""]]},
]
# Models that judge them.
JUDGES = ["deberta-v3", "deberta-v3-binary", "deberta-v2-apart", "modernbert", "modernbert-token", "deberta-v3-token"]
TEMPLATE = "{contexts}|{question}"

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
# As microsoft/deberta-v3-* says; buckets are few, so that the texts have distances in all of them and beyond.
DEBERTA3 = {"model_type": "deberta-v2", "hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 3, "intermediate_size": 48,
            "max_position_embeddings": 64, "type_vocab_size": 0, "layer_norm_eps": 1e-7, "pad_token_id": 0, "hidden_act": "gelu",
            "relative_attention": True, "position_buckets": 16, "norm_rel_ebd": "layer_norm", "share_att_key": True,
            "pos_att_type": "p2c|c2p", "position_biased_input": False, "max_relative_positions": -1, "pooler_hidden_size": 32,
            "pooler_hidden_act": "gelu", "pooler_dropout": 0}
# As microsoft/deberta-v2-xlarge says, with tables of another width.
DEBERTA2 = {**DEBERTA3, "conv_kernel_size": 3, "conv_act": "gelu", "embedding_size": 20, "type_vocab_size": 2}
# Maps of their own, and no buckets: far distances share the last row. A position table too.
APART = {**DEBERTA3, "share_att_key": False, "position_buckets": -1, "max_relative_positions": 20, "norm_rel_ebd": "none",
         "position_biased_input": True, "max_position_embeddings": 96, "type_vocab_size": 2, "pos_att_type": ["c2p", "p2c"]}
# As answerdotai/ModernBERT-* says: names of the time.
MODERN = {"model_type": "modernbert", "hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 5, "intermediate_size": 24,
          "max_position_embeddings": 128, "norm_eps": 1e-5, "norm_bias": False, "attention_bias": False, "mlp_bias": False,
          "classifier_bias": False, "classifier_activation": "gelu", "classifier_pooling": "mean", "hidden_activation": "gelu",
          "global_attn_every_n_layers": 3, "local_attention": 16, "global_rope_theta": 160000.0, "local_rope_theta": 10000.0,
          "position_embedding_type": "absolute", "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0,
          "sep_token_id": 2}
# As transformers 5 writes it.
LATER = {**{k: v for k, v in MODERN.items() if k not in ("global_attn_every_n_layers", "global_rope_theta", "local_rope_theta")},
         "num_hidden_layers": 3, "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
         "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 90000.0},
                             "sliding_attention": {"rope_type": "default", "rope_theta": 500.0}},
         "norm_bias": True, "attention_bias": True, "mlp_bias": True, "classifier_bias": True, "classifier_pooling": "cls",
         "classifier_activation": "relu", "hidden_activation": "gelu_pytorch_tanh", "local_attention": 10}
# Name, tokenizer, shape of the encoder, kind of head, labels, longest sequence.
MODELS = [
    ("bert", "wordpiece", BERT, "token", 2, 60),
    ("distilbert", "wordpiece", DISTILBERT, "token", 3, 64),
    ("roberta", "bpe", ROBERTA, "token", 2, 96),
    ("xlm-roberta", "unigram", XLM, "token", 2, 60),
    ("mpnet", "wordpiece", MPNET, "token", 2, 60),
    ("deberta-v3", "unigram", DEBERTA3, "sequence", 3, 120),
    ("deberta-v3-binary", "wordpiece", {**DEBERTA3, "relative_attention": True, "pos_att_type": "p2c"}, "sequence", 2, 100),
    ("deberta-v3-token", "wordpiece", DEBERTA3, "token", 2, 200),
    ("deberta-v2", "wordpiece", DEBERTA2, "sequence", 3, 71),
    ("deberta-v2-apart", "wordpiece", APART, "sequence", 1, 96),
    ("deberta-v2-content", "wordpiece", {**APART, "pos_att_type": ["c2p"]}, "sequence", 1, 60),
    ("deberta-v2-plain", "wordpiece", {**APART, "relative_attention": False}, "sequence", 3, 60),
    ("modernbert", "bpe", MODERN, "sequence", 3, 128),
    ("modernbert-later", "bpe", LATER, "sequence", 2, 100),
    ("modernbert-token", "bpe", MODERN, "token", 2, 200),
    ("modernbert-token-later", "bpe", LATER, "token", 3, 90),
]
WORDPIECE = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
OTHERS = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
AUTO = {"sequence": transformers.AutoModelForSequenceClassification, "token": transformers.AutoModelForTokenClassification}


def short(values):
    return [float(f"{value:.7g}") for value in values]


def verdict(head, names, subject, read, longest):
    """Support of each sentence, and the number of the context that supports it best (0 for a model of tokens)."""
    answer = " ".join(subject["sentences"])
    if head == "token":
        numbered = "\n".join(f"passage {n}: {about and about + chr(10)}{text}" for n, (text, about) in enumerate(subject["contexts"], 1))
        ids, texts, offsets, logits = read(TEMPLATE.replace("{contexts}", numbered).replace("{question}", subject["question"]), answer)
        assert len(ids) < longest, len(ids)
        doubt = logits.softmax(1)[:, names.index("hallucinated")].tolist()
    found, start = [], 0
    for sentence in subject["sentences"]:
        end = start + len(sentence)
        if head == "token":
            own = [d for d, text, (a, b) in zip(doubt, texts, offsets) if text == 1 and a < b and a < end and b > start]
            found.append([1 - max(own), 0])
        else:
            chances = []
            for text, about in subject["contexts"]:
                ids, _, _, logits = read(f"{about}\n{text}" if about else text, sentence)
                assert len(ids) < longest, len(ids)
                chances.append(float(logits.sigmoid()[0] if len(names) == 1 else logits.softmax(0)[names.index("entailment")]))
            found.append([max(chances), chances.index(max(chances)) + 1])
        start = end + 1
    return [[float(f"{support:.7g}"), source] for support, source in found]


def classifier(folder, name, kind, tokenizer, config, head, labels, longest):
    folder.mkdir()
    auto = AUTO[head]
    base = transformers.AutoConfig.for_model(config["model_type"])
    names = LABELS[head][labels]
    types = config.get("type_vocab_size", 0) > 1
    files = {
        "config.json": {
            **config, "vocab_size": tokenizers.Tokenizer.from_str(json.dumps(tokenizer)).get_vocab_size(),
            "architectures": [auto._model_mapping[type(base)].__name__],
            "id2label": {str(n): label for n, label in enumerate(names)}, "label2id": {label: n for n, label in enumerate(names)},
        },
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": longest, **(WORDPIECE if kind == "wordpiece" else OTHERS),
            "model_input_names": ["input_ids", "token_type_ids", "attention_mask"] if types else ["input_ids", "attention_mask"],
        },
    }
    for path, content in {**files, "tokenizer.json": tokenizer}.items():
        (folder / path).write_text(json.dumps(content))
    model = auto.from_config(transformers.AutoConfig.from_pretrained(folder))
    shapes = {key: list(value.shape) for key, value in model.state_dict().items() if value.is_floating_point()}
    save_file({key: weights(key, shape) for key, shape in shapes.items()}, folder / "model.safetensors", {"format": "pt"})
    model, told = auto.from_pretrained(folder, attn_implementation="eager", output_loading_info=True)
    assert not any(told.values()), told
    model.eval()
    reader = transformers.PreTrainedTokenizerFast.from_pretrained(folder)
    errors = []

    def read(*inputs):
        # In lists: an empty second text alone would be taken for none.
        encoded = reader(*([text] for text in inputs), truncation=True, return_tensors="pt", return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")[0].tolist()
        # In f64: some models with such weights lose five digits in f32, in transformers as well.
        with torch.no_grad():
            single, logits = model.float()(**encoded).logits[0], model.double()(**encoded).logits[0]
        errors.append((single - logits).abs().max().item())
        return encoded["input_ids"][0].tolist(), encoded.sequence_ids(0), offsets, logits

    def tokens(pair):
        """The tokens of the second text: places in bytes, and logits."""
        _, texts, offsets, logits = read(*pair)
        in_bytes = lambda place: len(pair[1][:place].encode())
        rows = [row for row, text in enumerate(texts) if text == 1]
        return {"tokens": [[in_bytes(start), in_bytes(end)] for start, end in (offsets[row] for row in rows)],
                "logits": [short(logits[row].tolist()) for row in rows]}

    made = {"name": name, "tokenizer": kind, "head": head, "files": files, "tensors": shapes,
            "pair_ids": [read(*pair)[0] for pair in PAIRS]}
    cut = [len(ids) for ids in made["pair_ids"]]
    assert max(cut) == longest and longest in cut, (name, cut)
    if name in JUDGES:
        made["verdicts"] = [verdict(head, names, subject, read, longest) for subject in SUBJECTS]
    if head == "token":
        made["pairs"] = [tokens(pair) for pair in PAIRS]
    else:
        made["pair_logits"] = [short(read(*pair)[3].tolist()) for pair in PAIRS]
        made["text_logits"] = [short(read(text)[3].tolist()) for text in TEXTS]
    return {**made, "f32_error": float(f"{max(errors):.2g}")}


golden = pathlib.Path(sys.argv[1])
tiny = json.loads((golden / "encoder_tiny.json").read_text())
with tempfile.TemporaryDirectory() as scratch:
    scratch = pathlib.Path(scratch)
    models = [classifier(scratch / model[0], *model[:2], tiny["tokenizers"][model[1]], *model[2:]) for model in MODELS]
content = {"how": "python tests/golden/oracle/s23_classifier.py tests/golden", "versions": VERSIONS, "pairs": PAIRS, "texts": TEXTS,
           "subjects": SUBJECTS, "template": TEMPLATE,
           "models": models}
(golden / "faithfulness_classifier.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")))
