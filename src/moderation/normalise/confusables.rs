//! Characters that look like Latin letters, made Latin where they stand for them: the words decide, not the characters.

use unicode_script::Script;

use super::characters::{CONFUSABLE, Characters, Look, WORD, script};
use super::draft::Edits;
use super::english::{self, EDGE, Reading, STRANGE, USUAL};

/// A character of a word, with what it is for the decision.
#[derive(Debug, Clone, Copy)]
struct Letter {
    place: usize,
    c: char,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
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
    /// Phonetic letters, or letters of African languages.
    has_phonetics: bool,
    has_turkish: bool,
    is_mathematical: bool,
}

pub(super) fn find(text: &str, characters: Characters, edits: &mut Edits) {
    let mut evidence = Evidence::default();
    let mut word = Vec::new();
    each_word(text, characters, &mut word, |word| evidence.take(word));
    evidence.look_at_signs(text);
    let mut word = Vec::new();
    each_word(text, characters, &mut word, |word| {
        settle(word, &evidence, edits);
    });
}

/// Calls for each word: a run of letters, marks, digits and signs that look like letters.
fn each_word(
    text: &str,
    characters: Characters,
    word: &mut Vec<Letter>,
    mut visit: impl FnMut(&[Letter]),
) {
    for (place, c) in text.char_indices() {
        if let Some(kind) = kind(c, characters) {
            word.push(Letter { place, c, kind });
        } else if !word.is_empty() {
            visit(word);
            word.clear();
        }
    }
    if !word.is_empty() {
        visit(word);
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

    fn look_at_signs(&mut self, text: &str) {
        for c in text.chars().filter(|c| !matches!(c, 'a'..='z' | ' ')) {
            match c {
                'ə' | 'ɛ' | 'ʊ' | 'ʃ' | 'ʒ' | 'ð' | 'ŋ' | 'ɹ' | 'ɔ' | 'ɖ' | 'ɗ' | 'ɓ' | 'ƒ'
                | 'θ' | 'ː' | 'ˈ' => {
                    self.has_phonetics = true;
                }
                'ğ' | 'Ğ' | 'ş' | 'Ş' | 'İ' | 'ç' | 'Ç' | 'ö' | 'Ö' | 'ü' | 'Ü' => {
                    self.has_turkish = true;
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
                    self.is_mathematical = true;
                }
                _ => {}
            }
        }
    }
}

fn count(word: &[Letter], is: impl Fn(Kind) -> bool) -> usize {
    word.iter().filter(|letter| is(letter.kind)).count()
}

fn settle(word: &[Letter], evidence: &Evidence, edits: &mut Edits) {
    let plain = count(word, |kind| kind == Kind::Plain);
    if plain == word.len() && !has_inner_bar(word) {
        return;
    }
    let becomes: Vec<Option<Look>> = if plain == 0 {
        let whole = is_latin_in_disguise(word, evidence);
        let looks = word
            .iter()
            .map(|letter| look_of(letter.kind).filter(|_| whole || is_compatible_bar(letter.c)));
        looks.collect()
    } else {
        (0..word.len())
            .map(|place| mixed(word, place, plain, evidence))
            .collect()
    };
    write(word, &becomes, edits);
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
    let is_guarded = script == Script::Latin && evidence.has_phonetics;
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
                'ı' => evidence.has_turkish,
                _ => evidence.has_phonetics,
            };
            (!is_written).then_some(look)
        }
        Kind::SignLook(_) => is_sign_a_letter(word, place, plain).then_some(look),
        Kind::ForeignLook(script, _) => {
            let is_formula = script == Script::Greek
                && evidence.is_mathematical
                && word.len() <= 4
                && count(word, |kind| matches!(kind, Kind::ForeignLook(..))) == 1;
            (!is_formula && !is_beside_its_script(word, place)).then_some(look)
        }
        _ => None,
    }
}

/// Whether the letters of other scripts around a place hold one that looks like no Latin letter: so they are an ending (`SMSка`), not a disguise.
fn is_beside_its_script(word: &[Letter], place: usize) -> bool {
    let is_foreign =
        |letter: &&Letter| matches!(letter.kind, Kind::ForeignLook(..) | Kind::Foreign(_));
    // A disguise needs no more of the word than this; so long words stay linear.
    const REACH: usize = 16;
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

/// Whether there is an ASCII `I` behind a small letter.
fn has_inner_bar(word: &[Letter]) -> bool {
    word.windows(2)
        .any(|pair| pair[1].c == 'I' && pair[0].c.is_ascii_lowercase())
}

/// By how much the levels of `l` must be better for an ASCII `I` to be one, where no word decides: identifiers (`userId`) stay.
const MARGIN: i64 = 3;

fn write(word: &[Letter], becomes: &[Option<Look>], edits: &mut Edits) {
    let (i, l) = (english::symbol('i'), english::symbol('l'));
    let is_shouted = is_shouted(word, becomes);
    let places = word.iter().zip(becomes).map(|(letter, look)| -> Reading {
        match look {
            Some(Look::Exact(c) | Look::Based(c)) => [english::symbol(*c), EDGE],
            Some(Look::Bar) if is_shouted || word.len() == 1 => [i, EDGE],
            Some(Look::Bar) => [l, i],
            None if letter.c.is_ascii_alphabetic() => [english::symbol(letter.c), EDGE],
            None => [STRANGE, EDGE],
        }
    });
    let has_inner = has_inner_bar(word);
    let read = if has_inner || becomes.contains(&Some(Look::Bar)) {
        english::read(&places.collect::<Vec<_>>())
    } else {
        Vec::new()
    };
    let inner = if has_inner {
        inner_bars(word, &read)
    } else {
        Vec::new()
    };
    for (place, (letter, look)) in word.iter().zip(becomes).enumerate() {
        let at = letter.place..letter.place + letter.c.len_utf8();
        match look {
            Some(Look::Exact(c) | Look::Based(c)) => edits.put(at, *c),
            Some(Look::Bar) if read[place] == l => edits.put(at, 'l'),
            Some(Look::Bar) => edits.put(at, 'I'),
            None if inner.contains(&place) => edits.put(at, 'l'),
            None => {}
        }
    }
}

/// The places of ASCII `I` behind small letters, if the word is more usual with `l` in all of them.
fn inner_bars(word: &[Letter], read: &[u8]) -> Vec<usize> {
    let mut is_behind_small = false;
    let mut places = Vec::new();
    for (place, letter) in word.iter().enumerate() {
        if letter.c != 'I' {
            is_behind_small = letter.c.is_ascii_lowercase();
        } else if is_behind_small {
            places.push(place);
        }
    }
    let mut with_l = read.to_vec();
    for place in &places {
        with_l[*place] = english::symbol('l');
    }
    let is_meant = match (english::is_word(&with_l), english::is_word(read)) {
        (true, false) => true,
        (false, true) => false,
        _ => english::sum(&with_l) >= english::sum(read) + MARGIN,
    };
    if !is_meant {
        places.clear();
    }
    places
}

/// A word in capitals; its bars are `I`.
fn is_shouted(word: &[Letter], becomes: &[Option<Look>]) -> bool {
    let mut others = word
        .iter()
        .zip(becomes)
        .filter_map(|(letter, look)| match look {
            Some(Look::Exact(c) | Look::Based(c)) => Some(*c),
            Some(Look::Bar) => None,
            None => Some(letter.c),
        });
    let mut capitals = 0;
    others.all(|c| {
        capitals += usize::from(c.is_uppercase());
        !c.is_lowercase()
    }) && capitals > 0
}
