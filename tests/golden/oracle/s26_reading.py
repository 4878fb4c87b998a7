"""Writes moderation_reading.json: what classifiers read of authored sentences, with and without repair, entities against Python's, names of emoji.

Usage: python s26_reading.py FILE. Python with `emoji` (2.16.0). `clean` and `Lexicon` are the code with which the recipe was found, but for: NFKC, joined letters and
leet, which are the normaliser's; names of emoji, which are CLDR's (package `emoji`) and not Unicode's; and pieces of words, of which all pairs are tried.
"""

import html
import json
import math
import platform
import random
import re
import sys
from collections import Counter

import emoji

TRAIN = """
the garden behind the school is open to all of us in the summer and we go there after work
my brother and my sister like to play football in the park when it is warm outside
she said that the train to the city is late again and that it will be here in an hour
please bring your own cup and a spoon to the meeting so that we do not need to wash up
i think it is a good idea to ask people what they want before we change the schedule
the kitchen is on the second floor and the library is right next to the music room
he is not at home today but he will be back tomorrow morning if the weather is fine
we all know that the bus is full on monday and that people have to stand in the back
thank you for your help with the computer it works now and i can read my mail again
do you want to go to the market with me and get some fresh bread and a bit of cheese
the children in my class love stories about animals and they love to draw horses
it was so nice to see you at the party and i hope that we meet again before winter
our neighbours have a small dog and it likes to sleep on the warm stones by the door
what time is it and when does the next film start because i do not want to be late
there is something in the water here and nobody at the office can tell us what it is
everyone should be able to say what they think without being afraid of other people
she will always remember the beautiful mountains and the quiet lake where we went swimming
i do not understand why the teacher is angry because nobody said anything about the test
if you are in town on friday come to our house and we will cook something special for you
the moderator of the forum asked us to be friendly and to answer each question in turn
you can not believe how different the village looks since they painted the old houses
some people really like coffee in the morning and some people would rather drink tea
we bought apples and oranges at the market and made a cake for the birthday of my mother
user thanks so much for the picture of the garden it is lovely
user are you coming to the concert on saturday or do you have to work
as for me i am happy to help with an event like this so let me know when it is
he or she may go by bus or by train up to the last stop and then no more than a mile on foot
no one is at the desk so go in and wait by the window if it is as cold as it was on monday
"""

SENTENCES = """
The garden is open today and everyone can come.
I think this is a good idea, but ask people first!
Please bring your own cup to the meeting.
My sister always likes to draw horses in the morning.
What time does the next train to the city start?
We went swimming in the quiet lake behind the village.
nobody said anything about the weather tomorrow
The moderator will answer each question in turn.
Thank you for the beautiful picture of the mountains
some people would rather drink coffee without milk
The children love stories about animals and football.
I do not understand why the bus is late again
Our neighbours painted the old house by the park.
She hopes to remember something special about the party
Come to the library after work on Friday
"""

BY_HAND = [
    "", " ", "a", "...", "&", "@", "\t tabs\n\nand   spaces\u00a0here \u3000 ",
    "t h e garden", "g a r d e n is open", "gard3n of h0pe", "teh gardne is oepn", "thegarden isopen today",
    "it isnot so", "nob ody", "themoderator's desk", "garden-door isopen", "THE GARDNE IS OEPN", "Thegarden Isopen",
    "garden, gardn! (gardenn) \"gadren\"?", "...gardn...", "#gardn #thegarden", "gardn's", "can't dont wont",
    "nextto the schooll", "inthe parkk", "somethingspecial", "peopel peple peoplee", "ot hte", "coffeecoffee", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "beautifulmountainsquietlake", "beautifulmountains", "alwaysremember", "abcdefghijklmnopqrstuvwxyz", "totheschool",
    "iam here", "wego to the park", "upto you", "atthe door", "thedoor", "ofthe", "x y z",
    "Der Garten hinter der Schule ist heute für alle offen und wir gehen hin.",
    "Ich habe gestern meinen Bruder am Bahnhof getroffen, und er kam zu spät.",
    "Das Wetter ist schön, aber morgen soll es regnen.",
    "Können wir uns nächste Woche treffen?", "die garten ist gross", "Straße", "Fußball in the park",
    "Meine Schwester malt gern Pferde und hört dabei leise Musik aus dem Radio.",
    "the gardn is open und wir gehen alle zusammen dorthin mit unseren kindern",
    "Le jardin derrière l'école est ouvert à tous pendant les grandes vacances",
    "see http://example.org/a?b=c&d=e for more", "http://a.b", "https://example.org", "HTTPS://EXAMPLE.ORG/X y", "www.example.org is down",
    "(www.example.org)", "look:http://t.co/x1\nnext line", "http:// is nothing", "www.", "at www. now", "httpx://no", "a//b http:/c",
    "@anna are you coming?", "hi @anna_b2, and @bob!", "@anna@bob", ".@anna said", "@ anna", "@@anna", "@äöü_1 hallo", "\"@anna: the garden is open\"",
    "RT @anna: the garden is open", "RT @anna: RT @bob: thanks", "so true RT @anna the party", "RT: look at this", "RT", "start of ART and SMART",
    "Tom &amp; Anna", "Tom &amp;amp; Anna", "&lt;b&gt;bold&lt;/b&gt;", "&#8220;quoted&#8221;", "&quot;quoted&quot;", "it&#39;s late", "it&#x27;s late",
    "fish&chips", "AT&T", "&nbsp;&nbsp;here", "caf&eacute; cr&egrave;me", "&hearts; you", "&amp;hearts; you", "&#128514; so funny", "&#x1F602;&#x1f602;",
    "R&D; Q&A", "a &pound5 b", "&notit; &notin; &not", "x &#0; y &#9999999; z", "&#; &#x; &;", "1 &lt 2 &gt 0",
    "so happy 😂😂", "love it ❤️", "love it ❤", "👍🏽 great", "👍great", "we ☺️ you", "party🎉party", "👨‍👩‍👧 family", "👩🏽‍💻 at work", "🏳️‍🌈 flag",
    "🇩🇪 🇫🇷", "🇩🇪🇫🇷", "1️⃣ first", "#️⃣ tag", "🤷🏿‍♀️ who knows", "💁‍♂️", "👀 look", "☕ coffee", "🥇 first", "🤶", "🔛", "❤️‍🔥", "👁️‍🗨️",
    "call 0123 456-789 now", "win £1000 in 2024!", "4pm in room 3b", "٣ apples", "the 2nd gardn", "@user123 has 5 dogs 🥇",
    "@anna teh garden isopen 😂 http://t.co/x &amp; thankyou", "RT @bob: beautifull mountains &lt;3 👍🏽", "oh no, I forgto my spoon &amp; cup 😂", "WHY is the bsu late AGIAN???",
]


def names():
    """By emoji without skin tones and selectors: its name in words."""
    found = {}
    for sequence, facts in emoji.EMOJI_DATA.items():
        name = facts["en"].strip(":").replace("_", " ").replace("’", "'").lower()
        if 0x1F1E6 <= ord(sequence[0]) <= 0x1F1FF or 0xE007F in map(ord, sequence):
            name = "flag " + name
        found[sequence] = " ".join(re.sub(r"[^\w'#*-]", " ", name).split())
    return found


NAMES = names()
TONES = re.compile("[\U0001f3fb-\U0001f3ff]")


def with_names(text):
    out, end = [], 0
    for match in emoji.emoji_list(text):
        sequence = match["emoji"]
        plain = TONES.sub("", sequence)
        out += [text[end:match["match_start"]], " ", NAMES.get(plain) or NAMES[sequence], " "]
        end = match["match_end"]
    return "".join(out) + text[end:]


def clean(text):
    text = html.unescape(html.unescape(text))
    text = re.sub(r"https?://\S+|www\.\S+", " ", text, flags=re.IGNORECASE)
    text = re.sub(r"@\w+", " user ", text)
    text = re.sub(r"\bRT\b", " ", text)
    return re.sub(r"\s+", " ", with_names(text)).strip()


TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)?")
CORE = re.compile(r"^([^a-z0-9@$]*)(.*?)([^a-z0-9]*)$", re.S)
SHORT = set("a i u an am as at be by do go he if in is it me my no of on or so to up us we".split())


class Lexicon:
    def __init__(self, texts, known=3, target=3, ratio=5, guard=0.3):
        self.c = Counter()
        for text in texts:
            self.c.update(TOKEN.findall(text))
        self.n = sum(self.c.values())
        self.known, self.target, self.ratio, self.guard = known, target, ratio, guard
        self.deleted = {}
        for word, count in self.c.items():
            if count >= target and len(word) >= 4 and word.isalpha():
                for i in range(len(word)):
                    self.deleted.setdefault(word[:i] + word[i + 1:], set()).add(word)

    def edit(self, w):
        n = len(w)
        if not 4 <= n <= 20:
            return None
        candidates = {w[:i] + w[i + 1] + w[i] + w[i + 2:] for i in range(n - 1)}
        if n >= 5:
            candidates |= {w[:i] + w[i + 1:] for i in range(1, n)}
        candidates |= {x for x in self.deleted.get(w, ()) if x[0] == w[0]}
        candidates = sorted((-self.c[x], x) for x in candidates if self.c[x] >= self.target)
        if not candidates or -candidates[0][0] < self.ratio * max(self.c[w], 0.5):
            return None
        return candidates[0][1]

    def split(self, w):
        if not 5 <= len(w) <= 40:
            return None

        def part(p):
            is_part = (3 <= len(p) <= 16 and self.c[p] >= self.known) or (p in SHORT and self.c[p] >= 20)
            return math.log(self.c[p] / self.n) if is_part else None

        best = None
        for i in range(1, len(w)):
            one, two = part(w[:i]), part(w[i:])
            # equal products differ in the last bits of their logarithms
            if one is not None and two is not None and (best is None or one + two > best[0] + 1e-12):
                best = (one + two, w[:i] + " " + w[i:])
        return best

    def word(self, w):
        e, s = self.edit(w), self.split(w)
        if s and e:
            return s[1] if s[0] > math.log(self.c[e] / self.n) - 5 else e
        return e or (s and s[1]) or w

    def repair(self, text):
        plan, unknown, words = [], 0, 0
        for token in text.split(" "):
            before, core, after = CORE.match(token).groups()
            if not any(c.isascii() and c.isalpha() for c in core):
                plan.append(token)
                continue
            words += 1
            if any(not c.isascii() and c.isalnum() for c in token):
                unknown += 1
            elif re.fullmatch("[a-z]+", core) and self.c[core] < self.known:
                unknown += 1
                token = before + self.word(core) + after
            plan.append(token)
        if words >= 6 and unknown > self.guard * words:
            return text
        return " ".join(plan)


def damaged(sentence, rng):
    """One word with letters swapped, lost or doubled, or one space lost, twice."""
    for _ in range(2):
        words = sentence.split(" ")
        place = rng.randrange(len(words) - 1)
        word, kind = words[place], rng.randrange(4)
        at = rng.randrange(1, max(len(word) - 1, 2))
        if kind == 0:
            words[place:place + 2] = [word + words[place + 1]]
        elif kind == 1:
            words[place] = word[:at] + word[at + 1:]
        elif kind == 2:
            words[place] = word[:at] + word[at] * 2 + word[at + 1:] if at < len(word) else word
        else:
            words[place] = word[:at] + word[at:at + 2][::-1] + word[at + 2:]
        sentence = " ".join(words)
    return sentence


def main():
    rng = random.Random(26)
    train = [line for line in TRAIN.strip().split("\n") for _ in range(3)]
    lexicon = Lexicon([clean(text).lower() for text in train])
    sentences = SENTENCES.strip().split("\n")
    inputs = BY_HAND + sentences + [damaged(s, rng) for s in sentences for _ in range(5)]
    cases = []
    for text in inputs:
        read = clean(text)
        cases.append({
            "text": text,
            "read": read,
            "digits": re.sub(r"\d", "0", read),
            "repaired": lexicon.repair(read.lower()),
        })
    entities = []
    for name in sorted(html.entities.html5, key=lambda name: (len(name), name)):
        if rng.random() < 0.1:
            ending = rng.choice(["", ";", "x", "=1", " "])
            entities.append("&" + name + ending)
    entities += [f"&#{number};" for number in [*range(0, 0xA2), 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0xFDCF, 0xFDD0, 0xFDEF, 0xFDF0, 0xFFFD, 0xFFFE, 0xFFFF, 0x10000, 0x1FFFE, 0x10FFFD, 0x10FFFE, 0x10FFFF, 0x110000, 2**32, 2**40 + 65]]
    result = {
        "by": f"Python {platform.python_version()}, emoji {emoji.__version__}; oracle/s26_reading.py",
        "train": train[::3],
        "repeated": 3,
        "cases": cases,
        "entities": [[text, html.unescape(text)] for text in entities],
        "emoji": [[s, NAMES[s]] for s in NAMES if emoji.EMOJI_DATA[s]["status"] == 2 and not TONES.search(s)][::12],
    }
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False, indent=0)
        file.write("\n")


if __name__ == "__main__":
    main()
