"""Words of one real file per format, beside those of another tool; writes tests/golden/extraction.json.

    ragkit extract $RAGKIT_DATA/ingest/unstructured_examples/example-docs --out corpus.jsonl
    python s16_extraction.py corpus.jsonl oracle.json ../extraction.json

oracle.json has, for each file, the text by another tool: python-docx, catdoc, odfpy, python-pptx, openpyxl, EbookLib with
beautifulsoup4, striprtf, the email package, pdftotext, beautifulsoup4, or Python's decoder. The files are third party's and stay where
they are: what is kept is the SHA-256 of ragkit's text (a change is seen), and the share of words in common with the tool's (what is kept was right).
"""
import collections, hashlib, json, re, sys

corpus, oracle, out = sys.argv[1:4]
texts = {}
for line in open(corpus):
    document = json.loads(line)
    texts.setdefault(document["_id"].split("#")[0], document)
words = lambda text: collections.Counter(re.findall(r"[^\W_]+", text.lower()))
golden = {}
for file, told in json.load(open(oracle)).items():
    document = texts.get(file)
    if document is None:
        continue
    # The title may stand in the text of the one and beside that of the other.
    ours, theirs = words(document["text"]), words(told["text"])
    title = words(document["title"])
    common = sum((ours & theirs).values())
    recall = sum(((ours | title) & theirs).values()) / max(1, sum(theirs.values()))
    golden[file] = {
        "format": document["metadata"]["format"],
        "tool": told["tool"],
        "characters": len(document["text"]),
        "sha256": hashlib.sha256(document["text"].encode()).hexdigest(),
        "recall": round(recall, 4),
        "precision": round(common / max(1, sum(ours.values())), 4),
    }
json.dump(golden, open(out, "w"), indent=1, sort_keys=True)
for file, row in sorted(golden.items(), key=lambda item: item[1]["recall"]):
    print(f"{row['recall']:.4f} {row['precision']:.4f} {row['characters']:7} {row['format']:9} {file} ({row['tool'][:40]})")
