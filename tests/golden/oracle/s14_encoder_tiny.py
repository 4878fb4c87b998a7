"""Golden figures of tiny random models by transformers and sentence-transformers: s14_encoder_tiny.py FOLDER (writes tiny.json, here encoder_tiny.json)

Weights are made from the tensors' names alone (see `weights`), here and in `src/models/encoder/tests.rs`, so none are stored.
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
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

CORPUS = [
    "the encoder turns a text into a vector and the index finds the nearest vectors",
    "a query is short and a passage is long but both become vectors of the same length",
    "rivers bridges ships harbours and lighthouses stand in stories about the sea",
    "numbers 0 1 2 3 4 5 6 7 8 9 and marks . , ; : ! ? ( ) - are tokens of their own",
    "What is the capital of France? Paris, of course; the river there is the Seine.",
]
TEXTS = [
    "The encoder finds a short query.",
    "Zürich: 42 ships, 7 lighthouses & the sea!?",
    "",
    " ".join("rivers and bridges stand in the passage about ships" for _ in range(12)),
]


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def bpe():
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=340, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>", show_progress=False)
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


BERT = {"model_type": "bert", "hidden_size": 32, "num_attention_heads": 4, "num_hidden_layers": 2, "intermediate_size": 64,
        "max_position_embeddings": 96, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0}
ROBERTA = {"hidden_size": 36, "num_attention_heads": 3, "num_hidden_layers": 2, "intermediate_size": 80, "max_position_embeddings": 98,
           "type_vocab_size": 1, "layer_norm_eps": 1e-5, "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
MODELS = [
    ("bert-gelu-mean", "wordpiece", "", {**BERT, "hidden_act": "gelu"}, {"pooling_mode_mean_tokens": True}),
    ("bert-gelu-new-cls", "wordpiece", "bert.", {**BERT, "hidden_size": 40, "num_attention_heads": 5, "num_hidden_layers": 1,
     "intermediate_size": 72, "hidden_act": "gelu_new"}, {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}),
    ("distilbert-relu-max", "wordpiece", "distilbert.", {"model_type": "distilbert", "dim": 48, "n_heads": 3, "n_layers": 3, "hidden_dim": 56,
     "activation": "relu", "max_position_embeddings": 64, "pad_token_id": 0}, {"pooling_mode": "max"}),
    ("roberta-gelu-root", "bpe", "roberta.", {**ROBERTA, "model_type": "roberta", "hidden_act": "gelu"}, {"pooling_mode": "mean_sqrt_len_tokens"}),
    ("xlm-roberta-gelu-weighted", "unigram", "", {**ROBERTA, "model_type": "xlm-roberta", "hidden_size": 32, "num_attention_heads": 2,
     "num_hidden_layers": 1, "hidden_act": "gelu"}, {"pooling_mode": "weightedmean"}),
    ("mpnet-gelu-cls-last", "wordpiece", "mpnet.", {"model_type": "mpnet", "hidden_size": 24, "num_attention_heads": 2, "num_hidden_layers": 2,
     "intermediate_size": 40, "max_position_embeddings": 98, "hidden_act": "gelu", "layer_norm_eps": 1e-5, "relative_attention_num_buckets": 32,
     "pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}, {"pooling_mode": ["cls", "lasttoken"]}),
]


def short(values):
    return [float(f"{value:.7g}") for value in values]


def golden(folder, name, tokenizer, prefix, config, pooling):
    folder.mkdir()
    config = {**config, "vocab_size": tokenizer.get_vocab_size()}
    hidden = config.get("hidden_size", config.get("dim"))
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"}
    if "roberta" in name:
        special = {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    files = {
        "config.json": config,
        "modules.json": [
            {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": hidden, **pooling},
        "sentence_bert_config.json": {"max_seq_length": 90, "do_lower_case": False} if "distil" not in name else {},
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 60, **special},
    }
    (folder / "1_Pooling").mkdir()
    for path, content in files.items():
        (folder / path).write_text(json.dumps(content))
    tokenizer.save(str(folder / "tokenizer.json"))
    model = transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(folder))
    tensors = {prefix + key: list(value.shape) for key, value in model.state_dict().items() if value.is_floating_point()}
    save_file({key: weights(key, shape) for key, shape in tensors.items()}, folder / "model.safetensors", {"format": "pt"})

    # Loaded by sentence-transformers from the files alone, as a user would.
    model = sentence_transformers.SentenceTransformer(str(folder), device="cpu", model_kwargs={"attn_implementation": "eager"})
    pooled = model.encode(TEXTS, batch_size=1)
    tokens = model.encode(TEXTS, batch_size=1, output_value="token_embeddings")
    ids = [model.tokenize([text])["input_ids"][0].tolist() for text in TEXTS]
    return {
        "name": name,
        "files": files,
        "tensors": tensors,
        "ids": ids,
        "pooled": [short(vector) for vector in pooled],
        "tokens": short(tokens[1].flatten().tolist()),
    }


out = pathlib.Path(sys.argv[1])
if (out / "tiny.json").exists():
    # Training is not repeatable (ties are broken by hash order), so a second run takes the tokenizers of the first.
    shared = json.loads((out / "tiny.json").read_text())["tokenizers"]
    made = {kind: Tokenizer.from_str(json.dumps(tokenizer)) for kind, tokenizer in shared.items()}
else:
    made = {"wordpiece": wordpiece(), "bpe": bpe(), "unigram": unigram()}
    shared = {kind: json.loads(tokenizer.to_str()) for kind, tokenizer in made.items()}
with tempfile.TemporaryDirectory() as scratch:
    rows = [
        {"tokenizer": kind, **golden(pathlib.Path(scratch) / name, name, made[kind], prefix, config, pooling)}
        for name, kind, prefix, config, pooling in MODELS
    ]
(out / "tiny.json").write_text(
    json.dumps(
        {
            "how": "python oracle/tiny.py tests/golden",
            "versions": {
                "sentence-transformers": sentence_transformers.__version__,
                "transformers": transformers.__version__,
                "tokenizers": tokenizers.__version__,
                "torch": torch.__version__,
            },
            "texts": TEXTS,
            "tokenizers": shared,
            "models": rows,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
)
