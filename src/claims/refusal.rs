//! Sentences that say "I don't know".

use super::negation::words;

/// Phrases that say so wherever they stand.
const PHRASES: [&str; 36] = [
    "i don't have enough",
    "i do not have enough",
    "i don't have sufficient",
    "i do not have sufficient",
    "i don't have the information",
    "i do not have the information",
    "i don't have information",
    "i do not have information",
    "i don't have any information",
    "i do not have any information",
    "i don't know",
    "i do not know",
    "i cannot answer",
    "i can't answer",
    "i can not answer",
    "i am unable to answer",
    "i'm unable to answer",
    "i could not find",
    "i couldn't find",
    "i cannot find",
    "i can't find",
    "cannot be answered",
    "can't be answered",
    "can not be answered",
    "there is no information",
    "there's no information",
    "no information is available",
    "es gibt keine informationen",
    "keine ausreichenden informationen",
    "nicht genügend informationen",
    "nicht genug informationen",
    "weiß ich nicht",
    "ich weiß es nicht",
    "kann ich nicht beantworten",
    "kann nicht beantwortet werden",
    "nicht beantworten",
];

/// Phrases that say so of the context.
const OF_THE_CONTEXT: [&str; 19] = [
    "not enough information",
    "insufficient information",
    "no information",
    "no mention",
    "not mentioned",
    "not specified",
    "not stated",
    "not provided",
    "not contained",
    "not included",
    "nicht hervor",
    "nicht erwähnt",
    "nicht angegeben",
    "nicht enthalten",
    "keine informationen",
    "keine information",
    "keine angaben",
    "keine angabe",
    "keine hinweise",
];

/// What the context is called.
const CONTEXT: [&str; 19] = [
    "context",
    "source",
    "sources",
    "document",
    "documents",
    "passage",
    "passages",
    "text",
    "texts",
    "excerpts",
    "material",
    "kontext",
    "quelle",
    "quellen",
    "dokument",
    "dokumente",
    "dokumenten",
    "unterlagen",
    "textstellen",
];

/// How it is denied that the context does something.
const DENIALS: [&str; 6] = [
    "does not", "do not", "doesn't", "don't", "did not", "didn't",
];

/// What a context does that answers.
const ANSWERS: [&str; 16] = [
    "contain", "mention", "provide", "include", "specify", "say", "state", "address", "cover",
    "discuss", "answer", "give", "offer", "indicate", "describe", "explain",
];

/// What the whole of a refusal may be.
const WHOLE: [&str; 9] = [
    "unknown",
    "n a",
    "no answer",
    "unanswerable",
    "not answerable",
    "unbekannt",
    "keine antwort",
    "not enough information",
    "insufficient information",
];

/// Beginnings that make a condition of it.
const CONDITIONS: [&str; 9] = [
    "if", "when", "where", "whenever", "unless", "wenn", "falls", "sofern", "should",
];

/// What may stand before it as a sentence of its own.
const APOLOGIES: [&str; 7] = [
    "sorry",
    "i'm sorry",
    "i am sorry",
    "i apologize",
    "unfortunately",
    "es tut mir leid",
    "leider",
];

/// Answers that say no more.
const AGREEMENTS: [&str; 6] = ["yes", "no", "maybe", "ja", "nein", "vielleicht"];

/// Words that turn a sentence round.
const TURNS: [&str; 6] = ["but", "however", "although", "though", "aber", "jedoch"];

/// Whether a sentence says that the question cannot be answered: it has the words of the template's `refusal`, or others that say so in
/// English or German.
pub(super) fn is_refusal(sentence: &str, refusal: &str) -> bool {
    let said = Said::new(sentence);
    let whole = said.0.trim();
    if CONDITIONS.contains(&whole.split(' ').next().unwrap_or_default()) {
        return false;
    }
    let is_of_context = || CONTEXT.iter().any(|name| said.has(name));
    let Said(refusal) = Said::new(refusal);
    (!refusal.trim().is_empty() && said.0.contains(&refusal))
        || PHRASES.iter().any(|phrase| said.has(phrase))
        || WHOLE.contains(&whole)
        || (OF_THE_CONTEXT.iter().any(|phrase| said.has(phrase)) && is_of_context())
        || context_is_silent(&said)
}

/// Whether it only says that it is sorry.
pub(super) fn is_apology(sentence: &str) -> bool {
    APOLOGIES.contains(&Said::new(sentence).0.trim())
}

/// Whether it only agrees or disagrees with what was asked.
pub(super) fn is_agreement(sentence: &str) -> bool {
    AGREEMENTS.contains(&Said::new(sentence).0.trim())
}

/// What stands behind the last word that turns a sentence round, such as `but`; all of it where there is none.
pub(super) fn last_clause(sentence: &str) -> &str {
    let words = words(sentence);
    let turn = words
        .iter()
        .rfind(|(word, _)| TURNS.contains(&word.as_str()));
    turn.map_or(sentence, |(_, range)| &sentence[range.end..])
}

/// Words with single spaces between and around them.
struct Said(String);

impl Said {
    fn new(sentence: &str) -> Self {
        let words: Vec<String> = words(sentence).into_iter().map(|(word, _)| word).collect();
        Self(format!(" {} ", words.join(" ")))
    }

    fn has(&self, phrase: &str) -> bool {
        self.0.match_indices(phrase).any(|(place, _)| {
            self.0[..place].ends_with(' ') && self.0[place + phrase.len()..].starts_with(' ')
        })
    }
}

/// Whether it says that the context does not contain, mention, … something: what the context is called, the denial soon behind it, the verb
/// right behind that.
fn context_is_silent(said: &Said) -> bool {
    DENIALS.iter().any(|denial| {
        said.0.match_indices(denial).any(|(place, _)| {
            let mut before = said.0[..place].split_whitespace().rev().take(4);
            let mut behind = said.0[place + denial.len()..].split_whitespace().take(2);
            before.any(|word| word == "information" || CONTEXT.contains(&word))
                && behind.any(|word| ANSWERS.contains(&word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "I don't have enough information.";

    #[test]
    fn refusals_are_known_in_many_words() {
        for sentence in [
            OWN,
            "Sorry, I don’t have enough information to say.",
            "I do not know.",
            "The provided context does not contain any information about this.",
            "The sources do not explicitly mention a fee.",
            "This cannot be answered from the documents.",
            "There is no information about parking in the context.",
            "The price is not specified in the provided documents.",
            "Unknown.",
            "N/A",
            "Not enough information.",
            "Der Kontext enthält keine Angaben dazu.",
            "Die Quellen enthalten keine Informationen über Parkplätze.",
            "Dazu liegen keine ausreichenden Informationen vor.",
            "Aus dem Kontext geht das nicht hervor.",
            "Das kann ich nicht beantworten.",
            "Die Frage lässt sich nicht beantworten.",
        ] {
            assert!(is_refusal(sentence, OWN), "{sentence}");
        }
        assert!(is_refusal("Da bin ich überfragt!", "Da bin ich überfragt."));
    }

    #[test]
    fn answers_that_deny_something_are_none() {
        for sentence in [
            "Alcohol is not reimbursed.",
            "The plan does not include dental care.",
            "If there is not enough information in the documents, ask.",
            "Employees do not need a receipt.",
            "The fee is not included in the price.",
            "No information may be shared with third parties.",
            "Ohne Angaben wird der Antrag abgelehnt.",
            "Fragen darf man nicht stellen.",
            "",
            "Insufficient funds.",
        ] {
            assert!(!is_refusal(sentence, OWN), "{sentence}");
        }
    }
}
