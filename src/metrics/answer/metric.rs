//! The metrics of answers by name, and what a report says of each.

use std::fmt;
use std::str::FromStr;

use super::{
    AnswerFacts, Normalisation, average_precision, exact_match, nugget_recall, rouge_l, rouge_n,
    share, token_f1,
};
use crate::metrics::{Better, MetricFacts};

/// A metric of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerMetric {
    /// `EM`: [`exact_match`]
    ExactMatch,
    /// `F1`: [`token_f1`]
    TokenF1,
    /// `ROUGE-1`: [`rouge_n`] of words
    Rouge1,
    /// `ROUGE-2`: [`rouge_n`] of pairs of words
    Rouge2,
    /// `ROUGE-L`: [`rouge_l`]
    RougeL,
    /// `NuggetRecall`: [`nugget_recall`]
    NuggetRecall,
    /// `AnswerRelevance`: [`super::relevance`]
    AnswerRelevance,
    /// `ContextPrecision`: the share of the sources that are relevant
    ContextPrecision,
    /// `ContextAP`: [`average_precision`] of the sources
    ContextAveragePrecision,
    /// `ContextRecall`: the share of what is relevant that the sources hold
    ContextRecall,
    /// `CitationPrecision`: the share of the citations that are verified
    CitationPrecision,
    /// `CitationRecall`: the share of the claims that have a verified citation
    CitationRecall,
    /// `InventedCitations`: citations of sources that do not exist
    InventedCitations,
    /// `RefusalAccuracy`: refused where there is no answer, answered where there is one
    RefusalAccuracy,
    /// `RefusalRate`: refused
    RefusalRate,
    /// `NoiseSensitivity`: the share of the claims whose best source is not relevant, where the gold does not support them
    NoiseSensitivity,
    /// `Faithfulness`: what is claimed is supported
    Faithfulness,
    /// `ClaimlessRate`: nothing is claimed
    ClaimlessRate,
    /// `JudgeAgreement`: the votes of a judge say the same
    JudgeAgreement,
    /// `ReviewRate`: handed to a person
    ReviewRate,
    /// `Confidence`: how sure the system was
    Confidence,
}

impl AnswerMetric {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::ExactMatch,
        Self::TokenF1,
        Self::Rouge1,
        Self::Rouge2,
        Self::RougeL,
        Self::NuggetRecall,
        Self::AnswerRelevance,
        Self::ContextPrecision,
        Self::ContextAveragePrecision,
        Self::ContextRecall,
        Self::CitationPrecision,
        Self::CitationRecall,
        Self::InventedCitations,
        Self::RefusalAccuracy,
        Self::RefusalRate,
        Self::NoiseSensitivity,
        Self::Faithfulness,
        Self::ClaimlessRate,
        Self::JudgeAgreement,
        Self::ReviewRate,
        Self::Confidence,
    ];

    /// The value for one answer; `None` where it does not apply or what it needs is not known.
    pub fn score(self, facts: &AnswerFacts<'_>) -> Option<f64> {
        let (text, normalisation) = (facts.text, facts.normalisation);
        let of_truth = |truth: bool| f64::from(u8::from(truth));
        match self {
            Self::ExactMatch => {
                facts.best_or_refusal(|gold| of_truth(exact_match(text, gold, normalisation)))
            }
            Self::TokenF1 => facts.best_or_refusal(|gold| token_f1(text, gold, normalisation)),
            Self::Rouge1 => {
                facts.if_answerable(|| facts.best(|gold| rouge_n(text, gold, 1, normalisation)))
            }
            Self::Rouge2 => {
                facts.if_answerable(|| facts.best(|gold| rouge_n(text, gold, 2, normalisation)))
            }
            Self::RougeL => {
                facts.if_answerable(|| facts.best(|gold| rouge_l(text, gold, normalisation)))
            }
            Self::NuggetRecall if facts.nuggets.is_empty() => facts.if_answerable(|| {
                let found = |gold: &str| nugget_recall(text, [gold], normalisation).unwrap_or(0.0);
                facts.best(found)
            }),
            Self::NuggetRecall => facts.if_answerable(|| {
                let text = if facts.refused { "" } else { text };
                nugget_recall(
                    text,
                    facts.nuggets.iter().map(String::as_str),
                    normalisation,
                )
            }),
            Self::AnswerRelevance if facts.refused => facts.if_answerable(|| Some(0.0)),
            Self::AnswerRelevance => facts.relevance,
            Self::ContextPrecision => {
                facts.if_known(|| Some(share(facts.sources.iter().copied()).unwrap_or(0.0)))
            }
            Self::ContextAveragePrecision => {
                facts.if_known(|| Some(average_precision(facts.sources)))
            }
            Self::ContextRecall => share(facts.relevant.iter().copied()),
            Self::CitationPrecision | Self::Faithfulness if facts.refused => None,
            Self::CitationPrecision => share(facts.citations.iter().copied()),
            Self::CitationRecall => share(facts.claims().map(|sentence| sentence.cited)),
            Self::InventedCitations => Some(facts.invented as f64),
            Self::RefusalAccuracy => facts
                .answerable
                .map(|answerable| of_truth(facts.refused != answerable)),
            Self::RefusalRate => Some(of_truth(facts.refused)),
            Self::NoiseSensitivity => share(facts.claims().filter_map(|sentence| sentence.noise)),
            Self::Faithfulness => share(facts.claims?.iter().copied()),
            Self::ClaimlessRate => Some(of_truth(facts.refused || facts.claims?.is_empty())),
            Self::JudgeAgreement => facts.agreement,
            Self::ReviewRate => facts.review.map(of_truth),
            Self::Confidence => facts.confidence,
        }
    }

    /// Which way is better.
    pub fn better(self) -> Better {
        match self {
            Self::InventedCitations
            | Self::ClaimlessRate
            | Self::RefusalRate
            | Self::NoiseSensitivity
            | Self::ReviewRate => Better::Lower,
            _ => Better::Higher,
        }
    }

    /// Whether it is of the sources offered to the answer, and not of the answer.
    pub fn is_of_context(self) -> bool {
        matches!(
            self,
            Self::ContextPrecision | Self::ContextAveragePrecision | Self::ContextRecall
        )
    }

    /// Whether it is a share of the citations or of the sentences that should have one.
    pub fn is_of_citations(self) -> bool {
        matches!(self, Self::CitationPrecision | Self::CitationRecall)
    }

    /// Whether it needs a scorer of faithfulness.
    pub fn needs_verdicts(self) -> bool {
        matches!(
            self,
            Self::Faithfulness | Self::ClaimlessRate | Self::JudgeAgreement
        )
    }

    /// Whether it needs to know which sources are relevant.
    pub fn needs_relevance(self) -> bool {
        self.is_of_context() || self == Self::NoiseSensitivity
    }

    /// What a report says about it, for answers and gold answers normalised this way.
    pub fn facts(self, normalisation: Normalisation) -> MetricFacts {
        let unit = match self {
            Self::InventedCitations => "citations",
            _ => "1",
        };
        let errors = match self.better() {
            Better::Higher => "",
            Better::Lower => "; errors are left out",
        };
        MetricFacts {
            name: self.to_string(),
            unit: unit.to_owned(),
            better: self.better(),
            convention: self.convention(normalisation) + errors,
            judge: None,
            pooled: None,
            aside: false,
            exact: false,
        }
    }

    /// What exactly is computed, what is left out, and where the definition stands.
    fn convention(self, normalisation: Normalisation) -> String {
        const REFUSED: &str = "a refused answer scores 0; questions without an answer, and those without a gold answer, are left out";
        const UNANSWERABLE: &str = "a refused answer scores 0; of a question without an answer a refused or empty one scores 1 and any other 0 (where it is not said whether there is one, there is none if no gold answer has a word); questions without a gold answer are left out";
        const SAID: &str = "citation marks are left out";
        let words = format!("{}; {SAID}", normalisation.convention());
        let tokens = format!("{}; {SAID}", normalisation.rouge_convention());
        match self {
            Self::ExactMatch => format!(
                "1 where the answer equals a gold answer; {words}; {UNANSWERABLE}; as evaluate-v2.0 of SQuAD"
            ),
            Self::TokenF1 => format!(
                "F1 of the answer's words against a gold answer's, the best of them; {words}; {UNANSWERABLE}; as evaluate-v2.0 of SQuAD"
            ),
            Self::Rouge1 | Self::Rouge2 => {
                let of = if self == Self::Rouge1 { "tokens" } else { "pairs of tokens" };
                format!(
                    "F1 of the answer's {of} against a gold answer's, the best of them; {tokens}; {REFUSED}; Lin 2004, as rouge_score 0.1.2"
                )
            }
            Self::RougeL => format!(
                "F1 of the longest common subsequence of tokens of the answer and a gold answer, the best of them, over the text as one; {tokens}; {REFUSED}; Lin 2004, as rouge_score 0.1.2"
            ),
            Self::NuggetRecall => format!(
                "the share of the nuggets found: at least {} of a nugget's words, all with a digit among them, within a window of the answer twice as long; {words}; nuggets without words are left out; of a question without nuggets 1 where any gold answer is found so; a refused answer scores 0; questions without an answer, and those with neither nuggets nor a gold answer, are left out; by words alone, after Lin and Demner-Fushman 2005 (POURPRE) and Marton and Radul 2006 (Nuggeteer)",
                super::NUGGET_THRESHOLD
            ),
            Self::AnswerRelevance => "cosine of the weighted terms of question and answer; a refused answer scores 0, and is left out where the question has no answer; questions without weighted terms are left out".to_owned(),
            Self::ContextPrecision => "the share of the sources offered to the answer that are relevant, 0 where none was offered; questions without anything relevant are left out; precision of a set".to_owned(),
            Self::ContextAveragePrecision => "the mean of precision at the rank of each relevant source offered, 0 where there is none; what was not offered costs nothing; questions without anything relevant are left out; the context precision of ragas".to_owned(),
            Self::ContextRecall => "the share of what is relevant that the sources offered to the answer hold; questions without anything relevant are left out; recall of a set".to_owned(),
            Self::CitationPrecision => "the share of an answer's citations that are verified, each against its own sentence; invented ones are not; answers that are refused or cite nothing are left out; after Gao et al. 2023 (ALCE), which counts answers without citations as 0 and a citation also where only several together support the sentence".to_owned(),
            Self::CitationRecall => "the share of an answer's claiming sentences with at least one verified citation; answers that are refused or claim nothing are left out; after Gao et al. 2023 (ALCE), which verifies a sentence against all its citations together and counts every sentence".to_owned(),
            Self::InventedCitations => "citations of an answer whose number no source has, each sentence's counted once; answers without one count 0".to_owned(),
            Self::RefusalAccuracy => "1 where the answer is refused and the question has no answer, or is not and has one; questions of which that is not known are left out".to_owned(),
            Self::RefusalRate => "1 where the answer is refused; right or wrong: RefusalAccuracy tells".to_owned(),
            Self::NoiseSensitivity => "the share of an answer's claiming sentences of which the best source supports them and is not relevant, that cite no relevant source which supports them, and that the gold (answers, nuggets, spans) does not support; answers that are refused or claim nothing, and those of which it is not known what is relevant, are left out; after the noise sensitivity (irrelevant) of ragas and RAGChecker (Ru et al. 2024)".to_owned(),
            Self::Faithfulness => "the share of an answer's claims that its sources support; answers that are refused, claim nothing or could not be judged are left out (`ClaimlessRate` counts the first two)".to_owned(),
            Self::ClaimlessRate => "1 where an answer is refused or claims nothing, so that `Faithfulness` leaves it out; answers that could not be judged are left out".to_owned(),
            Self::JudgeAgreement => "how far a judge agrees with itself: the share of the votes on a claim that say what most say, in the mean over an answer's claims; answers without a claim that was voted on at least twice are left out".to_owned(),
            Self::ReviewRate => "1 where the system hands the answer to a person".to_owned(),
            Self::Confidence => "how sure the system says it is, 0 to 1".to_owned(),
        }
    }

    /// The metric of a name; `None` where it is the name of something else.
    pub fn named(name: &str) -> Option<Self> {
        let plain = plain(name);
        let same = |metric: &Self| self::plain(&metric.to_string()) == plain;
        match plain.as_str() {
            "exactmatch" => Some(Self::ExactMatch),
            "tokenf1" => Some(Self::TokenF1),
            _ => Self::ALL.into_iter().find(same),
        }
    }
}

/// A name in lower case, without what only parts its words: `ROUGE-L`, `rouge_l` and `rougeL` are one.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| !matches!(c, '-' | '_'));
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

impl fmt::Display for AnswerMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExactMatch => "EM",
            Self::TokenF1 => "F1",
            Self::Rouge1 => "ROUGE-1",
            Self::Rouge2 => "ROUGE-2",
            Self::RougeL => "ROUGE-L",
            Self::NuggetRecall => "NuggetRecall",
            Self::AnswerRelevance => "AnswerRelevance",
            Self::ContextPrecision => "ContextPrecision",
            Self::ContextAveragePrecision => "ContextAP",
            Self::ContextRecall => "ContextRecall",
            Self::CitationPrecision => "CitationPrecision",
            Self::CitationRecall => "CitationRecall",
            Self::InventedCitations => "InventedCitations",
            Self::RefusalAccuracy => "RefusalAccuracy",
            Self::RefusalRate => "RefusalRate",
            Self::NoiseSensitivity => "NoiseSensitivity",
            Self::Faithfulness => "Faithfulness",
            Self::ClaimlessRate => "ClaimlessRate",
            Self::JudgeAgreement => "JudgeAgreement",
            Self::ReviewRate => "ReviewRate",
            Self::Confidence => "Confidence",
        })
    }
}

impl FromStr for AnswerMetric {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::named(name).ok_or_else(|| {
            let names: Vec<String> = Self::ALL.iter().map(ToString::to_string).collect();
            format!(
                "`{name}` is not a metric of answers: expected one of {}",
                names.join(", ")
            )
        })
    }
}
