//! How two texts are made comparable before their words are counted.

use serde::{Deserialize, Serialize};
use unicode_properties::{GeneralCategoryGroup as Group, UnicodeGeneralCategory};

/// How texts are normalised, by the language's code: what is punctuation, which words are articles, where words end.
///
/// English is SQuAD's (its punctuation is ASCII's), the others are those of MLQA, whose punctuation is Unicode's and ASCII's. For
/// a language that is not here, `none` is right where words are parted by white space: it is what MLQA does for Hindi.
///
/// Source: evaluate-v1.1.py of SQuAD (Rajpurkar et al. 2016); `mlqa_evaluation_v1.py` (Lewis et al. 2020).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// English: without `a`, `an` and `the`.
    #[default]
    En,
    /// German: without `ein`, `der` and their forms.
    De,
    /// Spanish: without `un`, `el` and their forms.
    Es,
    /// Vietnamese: without five words that MLQA takes for articles.
    Vi,
    /// Arabic: without every `ال`, also inside words, as MLQA does.
    Ar,
    /// Chinese: no articles; every Han character is a word.
    Zh,
    /// No articles; words are parted by white space.
    None,
}

impl Normalisation {
    /// What a report says of it.
    pub(super) fn convention(self) -> String {
        let articles = match self {
            Self::En => return "SQuAD's normalisation: lower-case, without ASCII punctuation and the articles a, an, the".to_owned(),
            Self::Ar => "every `ال`".to_owned(),
            Self::Zh | Self::None => {
                let words = if self == Self::Zh { "; every Han character is a word" } else { "" };
                return format!("MLQA's normalisation: lower-case, without Unicode's and ASCII's punctuation{words}");
            }
            Self::De | Self::Es | Self::Vi => self.articles().join(", "),
        };
        format!(
            "MLQA's normalisation: lower-case, without Unicode's and ASCII's punctuation and {articles}"
        )
    }

    /// What a report says of the tokens that ROUGE counts.
    pub(super) fn rouge_convention(self) -> &'static str {
        match self {
            Self::En => "tokens: runs of a-z and 0-9, lower-cased, not stemmed",
            Self::Zh => {
                "tokens: runs of Unicode letters, marks and digits, lower-cased, not stemmed, every Han character its own"
            }
            _ => "tokens: runs of Unicode letters, marks and digits, lower-cased, not stemmed",
        }
    }

    fn articles(self) -> &'static [&'static str] {
        match self {
            Self::En => &["a", "an", "the"],
            Self::De => &[
                "ein", "eine", "einen", "einem", "eines", "einer", "der", "die", "das", "den",
                "dem", "des",
            ],
            Self::Es => &["un", "una", "unos", "unas", "el", "la", "los", "las"],
            Self::Vi => &["của", "là", "cái", "chiếc", "những"],
            Self::Ar | Self::Zh | Self::None => &[],
        }
    }

    fn is_punctuation(self, c: char) -> bool {
        c.is_ascii_punctuation()
            || (self != Self::En && c.general_category_group() == Group::Punctuation)
    }

    /// The words of a text: lower-cased, without punctuation and articles. Texts are equal under SQuAD's and MLQA's
    /// normalisation where these are.
    pub fn words(self, text: &str) -> Vec<String> {
        let text: String = text
            .to_lowercase()
            .chars()
            .filter(|c| !self.is_punctuation(*c))
            .collect();
        let text = match self {
            Self::Ar => text.replace("ال", " "),
            _ => without(&text, self.articles()),
        };
        self.parts(text.split(is_space))
    }

    /// The tokens that ROUGE counts. For English those of Google's `rouge_score` without a stemmer, runs of a-z and 0-9, to
    /// which `über` is `ber`; for other languages runs of letters, marks and digits of any script.
    pub fn rouge_tokens(self, text: &str) -> Vec<String> {
        let text = text.to_lowercase();
        let inside = |c: char| match self {
            Self::En => c.is_ascii_alphanumeric(),
            _ => matches!(
                c.general_category_group(),
                Group::Letter | Group::Mark | Group::Number
            ),
        };
        self.parts(text.split(|c| !inside(c)))
    }

    /// The parts that are not empty, where the language has it so with every Han character by itself.
    fn parts<'a>(self, parts: impl Iterator<Item = &'a str>) -> Vec<String> {
        let parts = parts.filter(|part| !part.is_empty());
        if self == Self::Zh {
            parts.flat_map(han_apart).collect()
        } else {
            parts.map(str::to_owned).collect()
        }
    }
}

/// A space where one of `words` stood between other characters than letters and digits: `re.sub(r"\b(…)\b", " ", text)`.
fn without(text: &str, words: &[&str]) -> String {
    let is_word = |c: char| matches!(c.general_category_group(), Group::Letter | Group::Number);
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.find(|c| !is_word(c)).unwrap_or(rest.len()));
        kept.push_str(if words.contains(&word) { " " } else { word });
        let (gap, next) = after.split_at(after.find(is_word).unwrap_or(after.len()));
        kept.push_str(gap);
        rest = next;
    }
    kept
}

/// White space as Python's `str.split` knows it: Unicode's, and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Every Han character by itself (MLQA's range), and what stands between them.
fn han_apart(text: &str) -> Vec<String> {
    let (mut words, mut joins) = (Vec::<String>::new(), false);
    for c in text.chars() {
        let is_han = ('\u{4e00}'..='\u{9fa5}').contains(&c);
        match words.last_mut() {
            Some(word) if joins && !is_han => word.push(c),
            _ => words.push(c.to_string()),
        }
        joins = !is_han;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_language() {
        assert_eq!(
            Normalisation::En.words("The U.S.A. and a “quote”, an 'n"),
            ["usa", "and", "“quote”", "n"]
        );
        assert_eq!(
            Normalisation::De.words("Die „Größe“ des Hauses – the end"),
            ["größe", "hauses", "the", "end"]
        );
        assert_eq!(
            Normalisation::Zh.words("在 HTTP/2 中，快！"),
            ["在", "http2", "中", "快"]
        );
        assert_eq!(Normalisation::None.words("the\u{1f}Haus"), ["the", "haus"]);
        assert!(Normalisation::En.words(" a, the? ").is_empty());
        // ASCII's hyphen is punctuation and goes first; a dash is not in English, and an article between two parts the words.
        assert_eq!(Normalisation::En.words("up-the-hill"), ["upthehill"]);
        assert_eq!(Normalisation::En.words("up–the–hill"), ["up–", "–hill"]);
    }

    #[test]
    fn rouge_tokens_are_ascii_in_english_only() {
        assert_eq!(
            Normalisation::En.rouge_tokens("Über 3.5 %"),
            ["ber", "3", "5"]
        );
        assert_eq!(
            Normalisation::De.rouge_tokens("Über 3.5 %"),
            ["über", "3", "5"]
        );
    }

    #[test]
    fn names_are_the_codes_of_languages() {
        let de: Normalisation = serde_json::from_str("\"de\"").unwrap();
        assert_eq!(de, Normalisation::De);
    }
}
