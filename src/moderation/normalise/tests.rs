use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::*;

mod harmless;
mod stability;

fn normalised(text: &str) -> String {
    Normaliser::new(&NormaliserConfig::default())
        .normalise(text)
        .text
}

/// Nothing but capitals changes.
#[test]
fn what_languages_write_stays() {
    for text in [
        "Missstände der Schifffahrtsgesellschaft",
        "Straße, Äpfel und Öl: schön, daß es Übung gibt.",
        "Où est le café ? L'été à Noël, naïve façade, cœur.",
        "¿Dónde está el niño? ¡Mañana! El 1º y la 2ª.",
        "Việt Nam: người Việt nói tiếng Việt, nguyễn đình chiểu",
        "Příliš žluťoučký kůň úpěl ďábelské ódy",
        "Zażółć gęślą jaźń, łódź",
        "Kızım bugün çok ıslandı, ağaç altında",
        "Ég heiti Þórður og æfi íþróttir",
        "Ṣé o ti jẹun? Ọjọ́ dára",
        "Привет, как дела? Мы купили хлеб и сыр, ухо болит.",
        "Съешь же ещё этих мягких французских булок",
        "Слава Україні! Їжак і ґава",
        "Η Αθήνα είναι η πρωτεύουσα της Ελλάδας, το νερό και ο ήλιος",
        "Ἐν ἀρχῇ ἦν ὁ λόγος, ᾧ",
        "שָׁלוֹם עֲלֵיכֶם, הַיּוֹם 25",
        "مرحبا بالعالم، كيف حالك؟ مُحَمَّدٌ",
        "می‌خواهم کتاب‌ها را بخوانم",
        "हिन्दी में क्‍या हाल है? क्षेत्र",
        "বাংলা ভাষা র‍্যাব",
        "ക്രിസ്തു അവന്‍ മലയാളം",
        "ශ්‍රී ලංකාව",
        "தமிழ் மொழி",
        "ภาษาไทย น้ำ ที่นี่",
        "မြန်မာဘာသာ",
        "ភាសាខ្មែរ",
        "བོད་སྐད་",
        "我爱北京天安门。今天是2023年3月5日",
        "日本語を勉強しています、カタカナも",
        "한국어 ㅋㅋㅋ 좋아요 ㅠㅠ",
        "Հայերեն լեզու",
        "ქართული ენა",
        "አማርኛ ቋንቋ",
        "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ",
    ] {
        assert_eq!(normalised(text), text.to_lowercase());
    }
}

#[test]
fn numbers_names_formulas_and_emoji_stay() {
    for text in [
        "x = 3·α² and αx + βy = γ, A∪B, p∨q, 3×4, ½ of H₂O, 5 μm, 2πr, x̂ + ȳ",
        "∀ε>0 ∃δ: |f(x)| ≤ σ² ≈ 10⁻³",
        "2nd 3rd 1st 4pm 10am B2B mp3 MP4 10kg 5km 3D 4K 1337 C3PO R2D2 H1N1 COVID19 F16 i5 A4 PS5 7up",
        "4chan 3some 2morrow gr8 b4 win7 iphone4 top5 web3 level3 5star 3way m4w 1on1 game7 inb4",
        "$5 5$ $TSLA US$ €10 £20 10:30 1,000,000 1000000 3.14 50% C++ c# F# google+",
        "https://example.com/h4te?x=l33t www.b00bs.com me@h0st.com t.co/k1ll @us3r RT @k1ller: hi",
        "yes!no wait!what this|that foo|bar name@home",
        "J. R. R. Tolkien, U.S.A., U.S.S.R., a.k.a., e.g. 5 p.m.",
        "plan a b c d, x, y, z; vitamins A, C, D; I a m; r u a friend, don't b a fool",
        "a * b * c, p - q - r, 1 2 3 4 5, A | B | C",
        "www xxx kkk aaa XIII xviii 0xfff 111000",
        "McIntyre userId getItem DeIcer iPhone SMSка",
        "👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🇺🇸🇬🇧🇩🇪 1️⃣ 2️⃣ 🅰️ 🆗 ㊗️ ™ ℹ️ love❤️you this❌that",
        "ˈɡʊd ˈmɔːnɪŋ, /ðə θɪŋ/",
        "word…word — “quoted” ‘it’s’ • bullet",
        "good food, kill, book, committee, llama",
        "P(A|B) = P(B|A), ℵ₀, pKₐ, λᵢ, № 5, v.end(), e-mail, co-operate, t-shirt",
        "you gave me 4 g in an hour, the y axis, plan b it is, let us go to the m and n",
        "Das war der Fall, am Mo. im Plan, no te preocupes",
        "Cafe\u{301}, naïve, señor, Missstand, M1A1, 3f2b-9a4d-4e0f",
        "نص‎ (C++)‏",
    ] {
        let text: String = text.nfc().collect();
        assert_eq!(normalised(&text), text.to_lowercase());
    }
}

#[test]
fn disguises_are_undone() {
    for (text, expected) in [
        (
            "h4te k1ll @ss $hit 1d10t sh!t he11o a55hole",
            "hate kill ass shit idiot shit hello asshole",
        ),
        (
            "@sshole h3ll0 b00b5 l00000ser 5tupid 7rash ki11",
            "asshole hello boobs loser stupid trash kill",
        ),
        (
            "n1gg3r fa99ot he||o k|ll rac!st pu$$y D!CK",
            "nigger faggot hello kill racist pussy dick",
        ),
        ("h a t e", "hate"),
        ("i will k i l l you", "i will kill you"),
        ("I h a t e you", "i hate you"),
        ("I  h a t e  y o u  all", "i  hate  you  all"),
        (
            "h.a.t.e h-a-t-e h_a_t_e h*a*t*e h|a|t|e h👏a👏t👏e",
            "hate hate hate hate hate hate",
        ),
        ("k 1 l l  @ s s", "kill  ass"),
        (
            "haaaate killlll cooool fuuuck asssss sooooo looool",
            "hate kill cool fuck ass so lol",
        ),
        ("hаtе РауРаl heIIo paypaI", "hate paypal hello paypal"),
        ("you are an Ιdiot, I Ιove it", "you are an idiot, i love it"),
        ("they say ѕех and ԁоg", "they say sex and dog"),
        (
            "𝐡𝐚𝐭𝐞 𝓱𝓪𝓽𝓮 ｈａｔｅ ⓗⓐⓣⓔ ʰᵃᵗᵉ ʜᴀᴛᴇ",
            "hate hate hate hate hate hate",
        ),
        (
            "🅷🅰🆃🅴 🇭🇦🇹🇪 🇭 🇦 🇹 🇪 1️⃣d1️⃣ot h⭕le",
            "hate hate hate idiot hole",
        ),
        (
            "h\u{200B}a\u{200B}t\u{200D}e h\u{AD}a\u{FEFF}t\u{2060}e h\u{E0061}ate",
            "hate hate hate",
        ),
        (
            "\u{202E}etah\u{202C} ha\u{202E}te \u{2066}hate\u{2069} h\u{200E}a\u{200F}te",
            "hate hate hate hate",
        ),
        ("h̷̛̖a̵̺͌t̶̝̎e̸̜͝ h̶a̶t̶e̶ h̲a̲t̲e̲", "hate hate hate"),
        ("kıll the ѕpam, ɡirl", "kill the spam, girl"),
        ("กกก็็็็็็็็", "กกก็็"),
        ("h\u{0}at\u{8}e", "hate"),
        (
            "it was final*ly alm-ond c_uffin y.esterday w-o-n-derful",
            "it was finally almond cuffin yesterday wonderful",
        ),
        (
            "it was yest erday and won d erful but they ha te it",
            "it was yesterday and wonderful but they hate it",
        ),
        (
            "drin👏k fina✨lly hai😂r sweetheart❤️s e❌cellent 🅿️ies",
            "drink finally hair sweethearts excellent pies",
        ),
        (
            "p\u{202E}cal\u{202C}e p\u{2067}la\u{2069}ce \u{200E}\u{202E}nihton\u{202C}\u{200E}",
            "place place nothin",
        ),
        (
            "8itch fuckin9 a8out stra!ght ano+her workou+ ki||ed 2ombie la2y",
            "bitch fucking about straight another workout killed 2ombie lazy",
        ),
        (
            "you must see their co\u{351}\u{301}ngrats thinki\u{301}ng suppo\u{31B}sed l\u{300}\u{309}ove",
            "you must see their congrats thinking supposed love",
        ),
    ] {
        assert_eq!(normalised(text), expected, "{text}");
    }
}

#[test]
fn offsets_lead_back() {
    let origin = |text: &str, found: &str| -> String {
        let normalised = Normaliser::new(&NormaliserConfig::default()).normalise(text);
        let start = normalised.text.find(found).unwrap();
        text[normalised.original(start..start + found.len())].to_owned()
    };
    assert_eq!(origin("I h.a.t.e cats", "hate"), "h.a.t.e");
    assert_eq!(origin("you haaaate cats", "hate"), "haaaate");
    assert_eq!(origin("They hаtе all", "hate"), "hаtе");
    assert_eq!(origin("so 𝐡𝟒𝐭𝐞 it", "hate"), "𝐡𝟒𝐭𝐞");
    assert_eq!(origin("x h\u{200B}4\u{200B}t e", "ha"), "h\u{200B}4");
    assert_eq!(origin("Größe k1ll ÜBER", "über"), "ÜBER");
}

#[test]
fn steps_are_switched_and_counted() {
    let text = "H4TE ha\u{200B}te hааte";
    let all = Normaliser::new(&NormaliserConfig::default()).normalise(text);
    assert_eq!(all.changed_by(Step::Leet), 1);
    assert_eq!(all.changed_by(Step::Invisible), 1);
    assert_eq!(all.changed_by(Step::Confusables), 2);
    assert_eq!(all.changed_by(Step::Case), 3);
    let none = NormaliserConfig {
        compatibility: false,
        invisible: false,
        combining: false,
        confusables: false,
        leet: false,
        spacing: false,
        repeats: false,
        emoji: false,
        case: false,
    };
    let same = Normaliser::new(&none).normalise(text);
    assert_eq!(same.text, text);
    assert_eq!(same.changed, [0; 9]);
    let config: Result<NormaliserConfig, _> = serde_json::from_str(r#"{"leat": true}"#);
    assert!(config.is_err());
    for (step, place) in Step::ALL.into_iter().zip(0..) {
        assert_eq!(step as usize, place);
        let switch = serde_json::to_value(NormaliserConfig::default()).unwrap();
        assert_eq!(switch[step.name()], true);
    }
}

/// The pairs of confusables, with what looks like each key.
fn confusables() -> Option<BTreeMap<String, Vec<String>>> {
    #[derive(Deserialize)]
    struct Other {
        c: String,
    }
    let data = std::env::var_os("RAGKIT_DATA")?;
    let path = std::path::Path::new(&data).join("moderation/unicode_confusables/confusables.json");
    let text = fs_err::read_to_string(path).ok()?;
    let pairs: BTreeMap<String, Vec<Other>> = serde_json::from_str(&text).unwrap();
    let names = |others: Vec<Other>| others.into_iter().map(|other| other.c).collect();
    Some(
        pairs
            .into_iter()
            .map(|(c, others)| (c, names(others)))
            .collect(),
    )
}

const WORDS: [&str; 60] = [
    "hate", "apple", "pizza", "dumb", "bitch", "club", "cat", "public", "kid", "dog", "end",
    "evil", "hello", "five", "half", "fun", "gang", "gun", "hang", "ugly", "hash", "idiot", "kill",
    "taxi", "jew", "jihad", "enjoy", "kick", "black", "love", "small", "girl", "wolf", "mom",
    "camp", "man", "moron", "loser", "pig", "people", "queer", "queen", "iraq", "racist", "trash",
    "murder", "slut", "muslims", "ultra", "you", "vile", "violent", "white", "women", "sexy",
    "gypsy", "gay", "zero", "nazi", "world",
];

/// What is not undone, with the reason: letters of ASCII are taken at their word (`l` for `I`, `rn` for `m`, `|` beside a word, `I` before one); `ſ` is an `s` by
/// NFKC, though the list has it for `f`; U+118C4 is a `y` in the newer data of Unicode 18.
const EXCEPTIONS: [(&str, &str); 6] = [
    ("I", "l"),
    ("m", "rn"),
    ("l", "|"),
    ("l", "I"),
    ("f", "ſ"),
    ("z", "𑣄"),
];

#[test]
fn every_confusable_of_a_letter_is_undone() {
    let Some(pairs) = confusables() else {
        return eprint_skipped();
    };
    let normaliser = Normaliser::new(&NormaliserConfig::default());
    let (mut tried, mut missed) = (0, Vec::new());
    for (key, others) in pairs
        .iter()
        .filter(|(key, _)| key.len() == 1 && key.as_bytes()[0].is_ascii_alphabetic())
    {
        let letter = key.to_lowercase();
        for other in others {
            if EXCEPTIONS.contains(&(key.as_str(), other.as_str())) {
                continue;
            }
            for word in WORDS {
                for (place, _) in word.match_indices(&letter) {
                    let one = format!("{}{other}{}", &word[..place], &word[place + 1..]);
                    for disguised in [one, word.replace(&letter, other)] {
                        tried += 1;
                        let text = normaliser
                            .normalise(&format!("they say {disguised} often"))
                            .text;
                        if text != format!("they say {word} often") {
                            missed.push(format!("{key} as {other}: {text}"));
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 20_000, "{tried}");
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn skeletons_of_all_confusables_are_closed() {
    let Some(pairs) = confusables() else {
        return eprint_skipped();
    };
    assert_eq!(pairs.len(), 9_601);
    let (mut equal, mut all) = (0, 0);
    for (key, others) in &pairs {
        let own = skeleton(key);
        assert_eq!(skeleton(&own), own);
        for other in others {
            all += 1;
            equal += usize::from(skeleton(other) == own);
        }
    }
    // the list is of an older version of the data
    assert!(100 * equal > 98 * all, "{equal} of {all}");
}

#[expect(clippy::print_stderr, reason = "says why nothing was tested")]
fn eprint_skipped() {
    eprintln!("skipped: RAGKIT_DATA names no folder with moderation/unicode_confusables");
}

#[test]
fn skeletons_follow_the_standard() {
    for (one, other) in [
        ("paypal", "раураl"),
        ("scope", "ѕсоре"),
        ("Il1|", "llll"),
        ("m", "rn"),
        ("0", "O"),
        ("a\u{200B}b", "ab"),
    ] {
        assert_eq!(skeleton(one), skeleton(other));
    }
    assert_ne!(skeleton("paypal"), skeleton("paypai"));
}
