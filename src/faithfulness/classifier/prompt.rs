//! What a token classifier reads before the answer.

/// The prompts that `LettuceDetect` (<https://github.com/KRLabsOrg/LettuceDetect>) was trained with, which are those of `RAGTruth`.
const QUESTION: &str = "Briefly answer the following question:\n{question}\nBear in mind that your response should be strictly based on the following {count} passages:\n{contexts}\nIn case the passages do not contain the necessary information to answer the question, please reply with: \"Unable to answer based on given passages.\"\noutput:";
/// Where nothing was asked.
const SUMMARY: &str = "Summarize the following text:\n{contexts}\noutput:";

/// What a prompt is made of.
pub(super) struct Prompt<'a> {
    pub(super) template: Option<&'a str>,
    pub(super) question: &'a str,
}

impl Prompt<'_> {
    /// The prompt with these passages, numbered from 1.
    pub(super) fn with(&self, passages: &[String]) -> String {
        let template = self.template.unwrap_or(if self.question.is_empty() {
            SUMMARY
        } else {
            QUESTION
        });
        let numbered: Vec<String> = (1..)
            .zip(passages)
            .map(|(number, passage)| format!("passage {number}: {passage}"))
            .collect();
        let count = passages.len().to_string();
        let contexts = numbered.join("\n");
        filled(
            template,
            &[
                ("{question}", self.question),
                ("{count}", &count),
                ("{contexts}", &contexts),
            ],
        )
    }
}

/// Puts values in the place of names, in one pass: what a value says is not looked at again.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    loop {
        let found = values
            .iter()
            .filter_map(|(name, value)| Some((rest.find(name)?, name.len(), value)));
        let Some((place, length, value)) = found.min_by_key(|(place, ..)| *place) else {
            return text + rest;
        };
        text.push_str(&rest[..place]);
        text.push_str(value);
        rest = &rest[place + length..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_those_that_the_models_were_trained_with() {
        let passages = ["Paris {count}".to_owned(), "Rome".to_owned()];
        let with = |template, question| Prompt { template, question }.with(&passages);
        assert_eq!(
            with(None, "Where is {contexts}?"),
            "Briefly answer the following question:\nWhere is {contexts}?\nBear in mind that your response should be strictly based on the following 2 passages:\npassage 1: Paris {count}\npassage 2: Rome\nIn case the passages do not contain the necessary information to answer the question, please reply with: \"Unable to answer based on given passages.\"\noutput:"
        );
        assert_eq!(
            with(None, ""),
            "Summarize the following text:\npassage 1: Paris {count}\npassage 2: Rome\noutput:"
        );
        assert_eq!(
            with(Some("{contexts} | {question}"), "Q"),
            "passage 1: Paris {count}\npassage 2: Rome | Q"
        );
    }
}
