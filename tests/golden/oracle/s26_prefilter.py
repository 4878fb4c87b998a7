"""Writes moderation_prefilter.json: in how many of Davidson's tweets the lists of LDNOOBW have a hit, term by term.

Usage: python s26_prefilter.py $RAGKIT_DATA/moderation FILE. Python alone. No automaton: for each place of a tweet the longest term that begins there and
whose bounds are those of words is looked for. Only counts are kept.
"""

import csv
import json
import pathlib
import platform
import re
import sys
import unicodedata

SPACELESS = ("CJK ", "HIRAGANA", "KATAKANA", "HALFWIDTH KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "IDEOGRAPHIC")


def is_word(c):
    """A letter, digit or mark of a script with spaces between words."""
    return unicodedata.category(c)[0] in "LNM" and not unicodedata.name(c, "").startswith(SPACELESS)


def bound(text, place):
    return not (0 < place < len(text) and is_word(text[place - 1]) and is_word(text[place]))


def hits(text, by_first):
    """Leftmost, of these longest, without overlap. Whitespace stretches of a tweet are one space."""
    count, place = 0, 0
    while place < len(text):
        ends = [place + len(term) for term in by_first.get(text[place], ()) if text.startswith(term, place)]
        ends = [end for end in ends if bound(text, place) and bound(text, end)]
        if ends:
            count += 1
            place = max(ends)
        else:
            place += 1
    return count


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    with open(folder / "davidson" / "labeled_data.csv", newline="", encoding="utf-8") as file:
        tweets = [re.sub("[\t-\r ]+", " ", row["tweet"].lower()) for row in csv.DictReader(file)]
    lists, duplicates = [], []
    for path in sorted((folder / "ldnoobw").iterdir()):
        if not re.fullmatch("[a-z]{2,3}", path.name):
            continue
        written = [line.strip() for line in path.read_text(encoding="utf-8").split("\n")]
        seen, second = set(), None
        for number, term in enumerate(written, 1):
            if term and term in seen and second is None:
                second = number
            seen.add(term)
        if second:
            duplicates.append([path.name, second])
            continue
        terms = sorted({" ".join(term.lower().split()) for term in written if term})
        by_first = {}
        for term in terms:
            by_first.setdefault(term[0], []).append(term)
        counts = [hits(tweet, by_first) for tweet in tweets]
        lists.append([path.name, len(terms), sum(count > 0 for count in counts), sum(counts)])
    out = {"by": f"own Python {platform.python_version()}, Unicode {unicodedata.unidata_version}",
           "command": "python tests/golden/oracle/s26_prefilter.py $RAGKIT_DATA/moderation tests/golden/moderation_prefilter.json",
           "row": "[list of LDNOOBW, terms, tweets with a hit, hits]", "posts": len(tweets), "lists": lists, "duplicates": duplicates}
    with open(sys.argv[2], "w") as file:
        json.dump(out, file, separators=(",", ":"))
        file.write("\n")
