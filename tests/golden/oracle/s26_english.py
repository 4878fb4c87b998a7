"""Writes src/moderation/normalise/english.bin: how usual letters are beside each other in English.

    pip install wordfreq==3.1.1
    python tests/golden/oracle/s26_english.py

From the 100,000 most frequent English words of wordfreq (Speer 2022) that are of a-z only, each weighted by its frequency.
Symbols: 0 is the edge of a word, 1 to 26 are the letters. The file holds

* 27^3 levels of 4 bits, two per byte, low half first: of trigrams (x, y, z) at place (x * 27 + y) * 27 + z. Level 0: not met; else
  1 + log2(occurrences per 100 million words) / 1.5, rounded down, between 1 and 15;
* 27 * 26 * 27 * 2 bits, low bit first: for (before, letter, after, whether `after` is the last letter of the word or its edge) at place
  ((before * 26 + letter - 1) * 27 + after) * 2 + last, whether the letter stands there at least as often doubled as single;
* 2^19 bits, low bit first: a Bloom filter of the 40,000 most frequent of these words. Of the 64-bit FNV-1a hash h of a word the places
  ((h & 0xffffffff) + i * ((h >> 32) | 1)) mod 2^19 are set for i = 0 to 6; about one other string in a hundred is taken for a word.
"""

import math
import pathlib
from collections import Counter

import wordfreq

OUT = pathlib.Path(__file__).parents[3] / "src/moderation/normalise/english.bin"

BITS, HASHES, LEXICON = 1 << 19, 7, 40_000


def places_of(word):
    h = 0xCBF29CE484222325
    for byte in word.encode():
        h = ((h ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return [((h & 0xFFFFFFFF) + i * ((h >> 32) | 1)) % BITS for i in range(HASHES)]


trigrams, single, double = Counter(), Counter(), Counter()
lexicon = bytearray(BITS // 8)
words = 0
for word in wordfreq.iter_wordlist("en", wordlist="large"):
    if not (word.isascii() and word.isalpha() and word.islower()):
        continue
    # what is written with repeated letters is no evidence of how words are spelt
    if any(word[i] == word[i + 1] == word[i + 2] for i in range(len(word) - 2)):
        continue
    words += 1
    if words > 100_000:
        break
    per_100m = wordfreq.word_frequency(word, "en", wordlist="large") * 1e8
    # letters of the alphabet and abbreviations of two letters are words of their own, not the spelling of others
    if len(word) < 3 and word not in {"a", "i", "am", "an", "as", "at", "be", "by", "do", "go", "he", "if", "in", "is", "it", "me", "my", "no",
                                      "of", "oh", "on", "or", "so", "to", "up", "us", "we"}:
        continue
    if words <= LEXICON:
        for place in places_of(word):
            lexicon[place // 8] |= 1 << (place % 8)
    symbols = [0, *(ord(c) - 96 for c in word), 0]
    for i in range(len(symbols) - 2):
        trigrams[tuple(symbols[i : i + 3])] += per_100m
    i = 1
    while i < len(symbols) - 1:
        length = 2 if symbols[i] == symbols[i + 1] else 1
        after = symbols[i + length]
        last = int(after == 0 or i + length == len(symbols) - 2)
        (double if length == 2 else single)[symbols[i - 1], symbols[i], after, last] += per_100m
        i += length

levels = bytearray(math.ceil(27**3 / 2))
for (x, y, z), count in trigrams.items():
    place = (x * 27 + y) * 27 + z
    level = min(15, 1 + int(max(0.0, math.log2(max(count, 1.0)) / 1.5)))
    levels[place // 2] |= level << (4 * (place % 2))

doubles = bytearray(math.ceil(27 * 26 * 27 * 2 / 8))
for key, count in double.items():
    if count >= single[key]:
        before, letter, after, last = key
        place = ((before * 26 + letter - 1) * 27 + after) * 2 + last
        doubles[place // 8] |= 1 << (place % 8)

OUT.write_bytes(bytes(levels + doubles + lexicon))
print(words, "words,", len(trigrams), "trigrams,", len(levels + doubles + lexicon), "bytes")
