"""Writes src/moderation/normalise/english.bin: how usual letters are beside each other in English, and which words it has.

    apt-get download scowl && dpkg -x scowl_*.deb SCOWL          # Debian's scowl 2020.12.07-2
    python tests/golden/oracle/s26_english.py SCOWL/usr/share/dict/scowl

From SCOWL (Spell Checker Oriented Word Lists) by Kevin Atkinson, whose licence allows any use if its notice goes along: it is in
src/moderation/normalise/english.LICENSE. Taken are words and names of sizes 10 to 50, American and British, without apostrophes; and the words of the
internet below, which are written here. SCOWL has no frequencies; its sizes stand for them: words of the same size share what Zipf's law gives
their ranks, 1/rank of all occurrences; a name counts as a word of the greatest size. Words with accents are in the filter alone.

Symbols: 0 is the edge of a word, 1 to 26 are the letters. The file holds

* 27^3 levels of 4 bits, two per byte, low half first: of trigrams (x, y, z) at place (x * 27 + y) * 27 + z. Level 0: not met; else
  1 + log2(occurrences per 100 million words) / 1.5, rounded down, between 1 and 15;
* 27 * 26 * 27 * 2 bits, low bit first: for (before, letter, after, whether `after` is the last letter of the word or its edge) at place
  ((before * 26 + letter - 1) * 27 + after) * 2 + last, whether the letter stands there at least as often doubled as single;
* MARKS marks of 10 bits of a binary fuse filter (Graf and Lemire 2022) of all these words: first the low 8 bits of each, then the high 2, four per byte, low
  ones first. `hashed` says at which three places the marks together (by exclusive or) are that of a word. One other string in 1,024 is taken for one.
"""

import math
import pathlib
import sys
from collections import Counter

OUT = pathlib.Path(__file__).parents[3] / "src/moderation/normalise/english.bin"
SCOWL = pathlib.Path(sys.argv[1])

SEGMENT, SEGMENTS, SEED, ODD = 2_048, 40, 1, 0x9E3779B97F4A7C15
MARKS = SEGMENT * (SEGMENTS + 2)
SIZES = [10, 20, 35, 40, 50]
REGIONS = ["english", "american", "british"]
TWO = set("am an as at be by do go he if in is it me my no of oh on or so to up us we ok".split())
# what people write and spelling lists lack
INTERNET = """
lol lmao lmfao rofl omg omfg wtf smh tbh idk ikr imo btw brb jk nvm ngl fyi tfw fml stfu gtfo wyd hmu irl
gonna wanna gotta lemme gimme kinda sorta outta dunno tryna finna ima imma ain aint dont cant wont didnt doesnt isnt wasnt couldnt
wouldnt shouldnt youre youve theyre thats whats lets hes shes
yall yeah yea yep yup nah nope haha hahaha lmaoo bro bros bruh dude dudes fam bae hoe hoes thot thots slut sluts whore whores skank skanks
bitch bitches bitchy bitching biatch bih asshole assholes asshat dumbass dumbasses jackass badass bullshit shit shits shitty shitting shithead
shithole fuck fucks fucked fucker fuckers fuckin fucking fuckboy motherfucker motherfuckers motherfucking mofo cunt cunts twat twats
pussy pussies dick dicks dickhead cock cocks cocksucker cum cumming tits titties boobs booty ass asses anus anal blowjob handjob porn porno
dildo milf horny nude nudes sexting rape raped rapes rapist rapists raping molest molester pedo pedos pedophile pedophiles
nigger niggers nigga niggas niggah nigguh negro negroes coon coons darkie darkies chink chinks gook gooks spic spics wetback wetbacks beaner
beaners cracker crackers honky kike kikes paki pakis raghead ragheads towelhead towelheads redneck rednecks fag fags faggot faggots faggy
fagot dyke dykes tranny trannies homo homos queer queers lesbo lesbos shemale retard retards retarded tard tards libtard libtards
nazi nazis hitler kkk antifa jihad jihadi jihadis jihadist jihadists isis taliban islamist islamists muslim muslims islam jew jews jewish
hebrew christian christians christianity catholic catholics mexican mexicans african africans asian asians chinese arab arabs indian indians
american americans british english european europeans trump obama hillary clinton republican republicans democrat democrats
immigrant immigrants feminist feminists feminism feminazi incel incels simp simps cuck cucks snowflake snowflakes
tweet tweets tweeting tweeted twitter facebook instagram snapchat youtube google selfie selfies emoji emojis hashtag hashtags meme memes
troll trolls blog blogs blogger vlog app apps gif gifs spam unfollow unfriend online offline website websites
smartphone iphone android netflix paypal bitcoin crypto viagra covid vaxxer vaxxers antivaxxer
kys suicide suicidal weed molly thug thugs swag ratchet ghetto homie homies homeboy homegirl cuz cus thru tho tonite nite luv plz pls thx ur
goddamn goddam damn dammit damnit arse arsehole wanker wankers tosser bollocks bloody bugger slag slags minger chav chavs scum scumbag scumbags
congrats dat lil gon jus dem pic pics ppl hella dawg dawgs prolly momma naw wassup anyways shoulda coulda woulda mighta hafta oughta alot til etc
shoutout lowkey bday boi luvs wifey hubby shawty yung thang cuz kno wat wut nothin somethin gettin talkin lookin goin doin sayin playin actin comin
trippin thinkin callin chillin tryin havin hatin bein takin feelin eatin smokin poppin tellin makin workin livin lovin killin bitchin drinkin
twerk twerking clickbait lit savage stan cringe sus yeet gamer gamers noob noobs mansplaining friendzone wigga wiggas whitey teabagger teabaggers
moron morons idiot idiots imbecile dumb dumber dumbest stupid stupidest ugliest loser losers creep creeps pervert perverts perv pervs psycho
""".split()


def hashed(word):
    """The three places of a word, from all its bytes of UTF-8, and its mark."""
    text = word.encode()
    h = len(text) ^ SEED << 32
    for start in range(0, len(text), 8):
        h = ((h ^ int.from_bytes(text[start : start + 8], "little")) * ODD) % 2**64
        h ^= h >> 32
    h = (h * ODD) % 2**64
    h ^= h >> 29
    first = ((h >> 32) * SEGMENT * SEGMENTS) >> 32
    second = (first + SEGMENT) ^ (h >> 18) % SEGMENT
    third = (first + 2 * SEGMENT) ^ h % SEGMENT
    return (first, second, third), (h * ODD) % 2**64 >> 54


def marked(words):
    """The marks of a filter that has these words: the words that are alone at a place are set aside until none is left, and set in reverse."""
    hashes = {word: hashed(word) for word in sorted(words)}
    beside = [set() for _ in range(MARKS)]
    for word, (places, _) in hashes.items():
        for place in places:
            beside[place].add(word)
    alone, order = [place for place in range(MARKS) if len(beside[place]) == 1], []
    while alone:
        place = alone.pop()
        if len(beside[place]) != 1:
            continue
        (word,) = beside[place]
        order.append((word, place))
        for other in hashes[word][0]:
            beside[other].discard(word)
            if len(beside[other]) == 1:
                alone.append(other)
    assert len(order) == len(hashes), "the filter is too small: take another SEED or more SEGMENTS"
    marks = [0] * MARKS
    for word, place in reversed(order):
        (first, second, third), mark = hashes[word]
        marks[place] = 0
        marks[place] = mark ^ marks[first] ^ marks[second] ^ marks[third]
    low = bytes(mark & 255 for mark in marks)
    high = bytes(sum((marks[i + j] >> 8) << 2 * j for j in range(4)) for i in range(0, MARKS, 4))
    return low + high


def read(kind, size):
    words = set()
    for region in REGIONS:
        path = SCOWL / f"{region}-{kind}.{size}"
        if path.exists():
            words.update(path.read_text("utf-8").split())
    words = {word.lower() for word in words if word.isalpha()}
    # letters of the alphabet and abbreviations of two letters are words of their own, not the spelling of others
    return {word for word in words if len(word) > 2 or word in TWO | {"a", "i"}}


classes = [read("words", size) for size in SIZES]
classes[2] |= set(INTERNET)
names = set().union(*(read(kind, size) for kind in ("upper", "proper-names") for size in SIZES))
classes[-1] |= {name for name in names if len(name) > 2}
seen, weights, rank = set(), {}, 0
for words in classes:
    words = sorted(words - seen)
    ranks = range(rank + 1, rank + len(words) + 1)
    weights |= dict.fromkeys(words, math.fsum(1 / r for r in ranks) / len(words))
    rank += len(words)
    seen.update(words)
total = math.fsum(weights.values())

trigrams, single, double = Counter(), Counter(), Counter()
lexicon = set()
for word, weight in weights.items():
    per_100m = weight / total * 1e8
    # what is written with repeated letters is no evidence of how words are spelt
    if any(word[i] == word[i + 1] == word[i + 2] for i in range(len(word) - 2)):
        continue
    if len(word) > 1:
        lexicon.add(word)
    if not word.isascii():
        continue
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

table = bytes(levels + doubles) + marked(lexicon)
OUT.write_bytes(table)
print(len(lexicon), "words,", len(trigrams), "trigrams,", len(table), "bytes")
