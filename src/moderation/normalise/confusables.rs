//! Characters that look like Latin letters, made Latin where they stand for them: the words decide, not the characters.

use std::cell::LazyCell;

use unicode_script::Script;

use super::addresses::Addresses;
use super::bars::{has_inner_bar, write};
use super::characters::{CONFUSABLE, Characters, Look, WORD, script};
use super::draft::Edits;
use super::english::{self, USUAL};

/// A character of a word, with what it is for the decision.
#[derive(Debug, Clone, Copy)]
pub(super) struct Letter {
    pub(super) place: usize,
    pub(super) c: char,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An ASCII letter.
    Plain,
    /// An ASCII digit.
    Digit,
    /// A Latin letter that is not ASCII, a mark, a digit of another script: says nothing.
    Neutral,
    /// A Latin letter that is not ASCII and looks like one that is.
    LatinLook(Look),
    /// A letter of another script that looks like a Latin one.
    ForeignLook(Script, Look),
    /// A sign or digit that looks like a Latin letter.
    SignLook(Look),
    /// A letter that looks like no Latin one: the word is of this script.
    Foreign(Script),
}

/// What the whole text tells about its languages.
#[derive(Debug, Default)]
struct Evidence {
    has_latin_words: bool,
    /// Scripts with a word that can only be of this script.
    scripts: Vec<Script>,
    signs: Signs,
}

/// Characters that only some languages and mathematics have.
#[derive(Debug, Default)]
struct Signs {
    /// Phonetic letters, or letters of African languages.
    has_phonetics: bool,
    has_turkish: bool,
    is_mathematical: bool,
}

pub(super) fn find(text: &str, characters: Characters, edits: &mut Edits) {
    let addresses = LazyCell::new(|| Addresses::of(text));
    // words are runs of letters, marks, digits and signs that look like letters
    let mut letters = Vec::with_capacity(text.len());
    let mut words = Vec::new();
    let mut start = 0;
    for (place, c) in text.char_indices() {
        if let Some(kind) = kind(c, characters) {
            letters.push(Letter { place, c, kind });
        } else if start < letters.len() {
            words.push(start..letters.len());
            start = letters.len();
        }
    }
    words.push(start..letters.len());
    let mut evidence = Evidence::default();
    for word in &words {
        evidence.take(&letters[word.clone()]);
    }
    evidence.signs = Signs::of(text);
    for word in words {
        settle(
            &letters[word],
            &evidence,
            |place| addresses.hold(place),
            edits,
        );
    }
}

fn kind(c: char, characters: Characters) -> Option<Kind> {
    if c.is_ascii() {
        return match c {
            'a'..='z' | 'A'..='Z' => Some(Kind::Plain),
            '0'..='9' => Some(Kind::Digit),
            _ => None,
        };
    }
    let flags = characters.of(c);
    let look = if flags & CONFUSABLE == 0 {
        None
    } else {
        characters.look(c)
    };
    if !c.is_alphabetic() || flags & WORD == 0 {
        return match look {
            Some(look) => Some(Kind::SignLook(look)),
            None => (flags & WORD != 0).then_some(Kind::Neutral),
        };
    }
    Some(match (script(c), look) {
        (Script::Latin, Some(look)) => Kind::LatinLook(look),
        // letters of no script that look Latin are signs of mathematics and phonetics
        (Script::Common | Script::Inherited, Some(look)) => Kind::SignLook(look),
        (Script::Latin | Script::Common | Script::Inherited, None) => Kind::Neutral,
        (script, Some(look)) => Kind::ForeignLook(script, look),
        (script, None) => Kind::Foreign(script),
    })
}

impl Evidence {
    fn take(&mut self, word: &[Letter]) {
        let plain = count(word, |kind| kind == Kind::Plain);
        let foreign = word.iter().find_map(|letter| match letter.kind {
            Kind::Foreign(script) | Kind::ForeignLook(script, Look::Based(_)) => Some(script),
            _ => None,
        });
        self.has_latin_words |= plain >= 2;
        if let Some(script) = foreign
            && plain == 0
            && !self.scripts.contains(&script)
        {
            self.scripts.push(script);
        }
    }
}

impl Signs {
    fn of(text: &str) -> Self {
        let mut found = Self::default();
        for c in text.chars().filter(|c| !matches!(c, 'a'..='z' | ' ')) {
            match c {
                'ə' | 'ɛ' | 'ʊ' | 'ʃ' | 'ʒ' | 'ð' | 'ŋ' | 'ɹ' | 'ɔ' | 'ɖ' | 'ɗ' | 'ɓ' | 'ƒ'
                | 'θ' | 'ː' | 'ˈ' => {
                    found.has_phonetics = true;
                }
                'ğ' | 'Ğ' | 'ş' | 'Ş' | 'İ' | 'ç' | 'Ç' | 'ö' | 'Ö' | 'ü' | 'Ü' => {
                    found.has_turkish = true;
                }
                '='
                | '+'
                | '^'
                | '×'
                | '·'
                | '÷'
                | '±'
                | '°'
                | '²'
                | '³'
                | '¹'
                | '⁰'..='₎'
                | '\u{2200}'..='\u{22FF}' => {
                    found.is_mathematical = true;
                }
                _ => {}
            }
        }
        found
    }
}

fn count(word: &[Letter], is: impl Fn(Kind) -> bool) -> usize {
    word.iter().filter(|letter| is(letter.kind)).count()
}

fn settle(
    word: &[Letter],
    evidence: &Evidence,
    is_address: impl Fn(usize) -> bool,
    edits: &mut Edits,
) {
    let plain = count(word, |kind| kind == Kind::Plain);
    if plain == word.len() && (!has_inner_bar(word) || is_address(word[0].place)) {
        return;
    }
    let becomes: Vec<Option<Look>> = if plain == 0 {
        let whole = is_latin_in_disguise(word, evidence);
        if !whole && !word.iter().any(|letter| is_compatible_bar(letter.c)) {
            return;
        }
        let looks = word
            .iter()
            .map(|letter| look_of(letter.kind).filter(|_| whole || is_compatible_bar(letter.c)));
        looks.collect()
    } else {
        (0..word.len())
            .map(|place| mixed(word, place, plain, evidence))
            .collect()
    };
    let is_inner = has_inner_bar(word) && !is_address(word[0].place);
    write(word, &becomes, is_inner, edits);
}

fn look_of(kind: Kind) -> Option<Look> {
    match kind {
        Kind::LatinLook(look) | Kind::ForeignLook(_, look) | Kind::SignLook(look) => Some(look),
        _ => None,
    }
}

/// The letterlike forms of `I` that the step of compatibility left to this one.
fn is_compatible_bar(c: char) -> bool {
    matches!(
        c,
        'Ｉ' | 'Ⅰ'
            | 'ℐ'
            | 'ℑ'
            | '𝐈'
            | '𝐼'
            | '𝑰'
            | '𝓘'
            | '𝕀'
            | '𝕴'
            | '𝖨'
            | '𝗜'
            | '𝘐'
            | '𝙄'
            | '𝙸'
    )
}

/// Whether a word without any ASCII letter is a Latin one: each of its letters looks Latin, all are of one script, and the text is Latin and has no
/// word that can only be of this script. Scripts that run from right to left or are not alphabets are never meant.
fn is_latin_in_disguise(word: &[Letter], evidence: &Evidence) -> bool {
    let mut scripts = word.iter().filter_map(|letter| match letter.kind {
        Kind::ForeignLook(script, Look::Exact(_) | Look::Bar) => Some(Some(script)),
        Kind::LatinLook(_) => Some(Some(Script::Latin)),
        Kind::Digit | Kind::SignLook(_) => None,
        _ => Some(None),
    });
    let Some(Some(script)) = scripts.next() else {
        return false;
    };
    if !scripts.all(|other| other == Some(script)) {
        // letters of several scripts that all look Latin are no word of any of them
        return evidence.has_latin_words
            && word.len() > 1
            && word.iter().all(|letter| {
                matches!(
                    letter.kind,
                    Kind::ForeignLook(_, Look::Exact(_) | Look::Bar) | Kind::LatinLook(_)
                )
            });
    }
    let letters = count(word, |kind| {
        matches!(kind, Kind::ForeignLook(..) | Kind::LatinLook(_))
    });
    // α and αβ are mathematics
    let least = match script {
        Script::Greek => 3,
        Script::Latin => 2,
        Script::Cyrillic => 1,
        _ if is_alphabet(script) => 2,
        _ => return false,
    };
    let is_guarded = script == Script::Latin && evidence.signs.has_phonetics;
    letters >= least
        && letters == word.len()
        && !is_guarded
        && (evidence.has_latin_words || script == Script::Latin)
        && !evidence.scripts.contains(&script)
}

fn is_alphabet(script: Script) -> bool {
    matches!(
        script,
        Script::Armenian
            | Script::Coptic
            | Script::Cherokee
            | Script::Canadian_Aboriginal
            | Script::Lisu
            | Script::Deseret
            | Script::Osage
            | Script::Elbasan
            | Script::Miao
            | Script::Tifinagh
            | Script::Runic
            | Script::Old_Italic
            | Script::Carian
            | Script::Lycian
            | Script::Lydian
            | Script::Warang_Citi
    )
}

/// What a character becomes in a word that has ASCII letters, if anything.
fn mixed(word: &[Letter], place: usize, plain: usize, evidence: &Evidence) -> Option<Look> {
    let letter = word[place];
    let look = look_of(letter.kind)?;
    if is_compatible_bar(letter.c) {
        return Some(look);
    }
    match letter.kind {
        Kind::LatinLook(_) => {
            let is_written = match letter.c {
                'ı' => evidence.signs.has_turkish,
                _ => evidence.signs.has_phonetics,
            };
            (!is_written).then_some(look)
        }
        Kind::SignLook(_) => is_sign_a_letter(word, place, plain).then_some(look),
        Kind::ForeignLook(script, _) => {
            let is_formula = script == Script::Greek
                && evidence.signs.is_mathematical
                && word.len() <= 4
                && count(word, |kind| matches!(kind, Kind::ForeignLook(..))) == 1;
            (!is_formula && !is_beside_its_script(word, place)).then_some(look)
        }
        _ => None,
    }
}

/// How far the letters around a place are looked at; so long words stay linear.
const REACH: usize = 16;

/// Whether the letters of other scripts around a place hold one that looks like no Latin letter: so they are an ending (`SMSка`), not a disguise.
fn is_beside_its_script(word: &[Letter], place: usize) -> bool {
    let is_foreign =
        |letter: &&Letter| matches!(letter.kind, Kind::ForeignLook(..) | Kind::Foreign(_));
    let after = word[place..].iter().take(REACH).take_while(is_foreign);
    let before = word[..place]
        .iter()
        .rev()
        .take(REACH)
        .take_while(is_foreign);
    after
        .chain(before)
        .any(|letter| matches!(letter.kind, Kind::Foreign(_)))
}

/// A sign is a letter in a word of two letters or more; an operator not beside a digit (`3×4`), and between single letters (`A∪B`) only if that makes a usual word.
fn is_sign_a_letter(word: &[Letter], place: usize, plain: usize) -> bool {
    let is_digit = |place: Option<usize>| {
        place
            .and_then(|place| word.get(place))
            .is_some_and(|letter| letter.kind == Kind::Digit)
    };
    // Spanish begins with it
    if word[place].c == '¡' && place == 0 {
        return false;
    }
    let is_operator =
        matches!(word[place].c, '×' | '∣' | '\u{2200}'..='\u{22FF}' | '\u{27C0}'..='\u{2AFF}');
    if plain < 2 || !is_operator {
        return plain >= 2 || (plain == 1 && !is_operator && word.len() >= 3);
    }
    let is_usual = || {
        let symbols: Vec<u8> = word
            .iter()
            .map(|letter| match look_of(letter.kind) {
                Some(Look::Exact(c) | Look::Based(c)) => english::symbol(c),
                Some(Look::Bar) => english::symbol('l'),
                None => english::symbol(letter.c),
            })
            .collect();
        english::least_level(&symbols) >= USUAL
    };
    !is_digit(place.checked_sub(1))
        && !is_digit(Some(place + 1))
        && (word.len() != 3 || place != 1 || is_usual())
}
