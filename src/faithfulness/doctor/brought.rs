//! Cases of answers that a user brings, labelled by people.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde::Serialize;

use super::changes::{
    Draw, Names, deny, shuffled, swap_name, swap_number, with_unrelated, without_evidence,
};
use super::{Case, Check, Form};
use crate::analysis::{Analyser, AnalyserConfig};
use crate::claims::Claiming;
use crate::data::{Digest, Labelled, Passage};

/// The metadata field whose text says what the answer says in other words.
const PARAPHRASE: &str = "paraphrase";

/// Where the cases of labelled answers come from, for reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Brought {
    /// Labelled answers.
    pub answers: usize,
    /// Those that people called supported.
    pub supported: usize,
    /// Groups of those that share a document; each gives one case.
    pub clusters: usize,
}

/// Cases of the answers that people called supported, at most `limit`, changed by the rules of [`super::changes`].
///
/// Answers that share the metadata field `cluster` or, where that is not there, their contexts, are no independent cases: one of each such
/// group is taken, by lot. Names and unrelated contexts come from other groups.
///
/// # Errors
/// Where fewer than two groups have a supported answer.
pub fn cases_of(
    answers: &[Labelled],
    cluster: &str,
    seed: u64,
    limit: Option<usize>,
) -> anyhow::Result<(Vec<Case>, Brought)> {
    let lot = |one: &Labelled| {
        Digest::default()
            .with("seed", seed.to_le_bytes())
            .with("id", &one.id)
            .finish()
    };
    let supported: Vec<&Labelled> = answers.iter().filter(|one| one.supported).collect();
    let mut drawn: Vec<(String, &Labelled)> =
        supported.iter().map(|one| (lot(one), *one)).collect();
    drawn.sort_by(|one, other| (&one.0, &one.1.id).cmp(&(&other.0, &other.1.id)));
    let mut clusters: BTreeSet<String> = BTreeSet::new();
    drawn.retain(|(_, one)| clusters.insert(cluster_of(one, cluster)));
    ensure!(
        drawn.len() > 1,
        "only {} group of answers is supported and can be changed; two are needed, as names and unrelated contexts come from another",
        drawn.len()
    );
    let brought = Brought {
        answers: answers.len(),
        supported: supported.len(),
        clusters: drawn.len(),
    };
    let chosen: Vec<&Labelled> = drawn.into_iter().map(|(_, one)| one).collect();
    let mut names = Names::default();
    for one in &chosen {
        names.add(&one.answer);
        one.contexts
            .iter()
            .for_each(|context| names.add(&context.text));
    }
    let mut analyser = Analyser::new(&AnalyserConfig::default())?;
    let count = limit.unwrap_or(usize::MAX).min(chosen.len());
    let cases = chosen.iter().enumerate().take(count).map(|(place, one)| {
        let other = &chosen[(place + 1) % chosen.len()].contexts[0];
        case(one, other, &names, seed, &mut analyser)
    });
    Ok((cases.collect(), brought))
}

fn cluster_of(one: &Labelled, field: &str) -> String {
    if let Some(document) = one.metadata.get(field) {
        return format!("{}\n{document}", one.set());
    }
    let with = |digest: Digest, passage: &Passage| digest.with("context", &passage.text);
    one.contexts.iter().fold(Digest::default(), with).finish()
}

fn case(
    one: &Labelled,
    other: &Passage,
    names: &Names,
    seed: u64,
    analyser: &mut Analyser,
) -> Case {
    let draw = |check: Check| Draw::of(seed, &one.id, check.name());
    let texts: Vec<&str> = one
        .contexts
        .iter()
        .map(|context| context.text.as_str())
        .collect();
    let (answer, question) = (one.answer.as_str(), one.question.as_str());
    let claiming = Claiming::whole(answer);
    let sentences = claiming.sentences.iter();
    let claims: Vec<&str> = sentences
        .map(|range| &claiming.words[range.clone()])
        .collect();
    let deleted = without_evidence(&claims, &one.contexts, analyser).map(|mut left| {
        // A scorer that is given nothing at all is not asked whether it reads.
        if left.is_empty() {
            left.push(other.clone());
        }
        left
    });
    // Without marks of citations: their numbers are none of the answer's.
    let said = claiming.words.as_str();
    let number = swap_number(said, &texts, question, &mut draw(Check::Number));
    let entity = swap_name(said, &texts, question, names, &mut draw(Check::Entity));
    let unrelated = with_unrelated(&one.contexts, other, &mut draw(Check::Unrelated));
    let shuffled = shuffled(&one.contexts, &mut draw(Check::Shuffle));
    let paraphrase = one
        .metadata
        .get(PARAPHRASE)
        .filter(|text| !text.trim().is_empty());
    let answers = [
        (Check::Number, number),
        (Check::Entity, entity),
        (Check::Negation, deny(said)),
        (Check::Paraphrase, paraphrase.cloned()),
    ];
    let contexts = [
        (Check::Delete, deleted),
        (Check::Unrelated, Some(unrelated)),
        (Check::Shuffle, shuffled),
    ];
    let answers = answers.into_iter().filter_map(|(check, answer)| {
        let contexts = one.contexts.clone();
        Some((
            check,
            Form {
                answer: answer?,
                contexts,
            },
        ))
    });
    let contexts = contexts.into_iter().filter_map(|(check, contexts)| {
        let answer = answer.to_owned();
        Some((
            check,
            Form {
                answer,
                contexts: contexts?,
            },
        ))
    });
    let mut forms: Vec<(Check, Form)> = answers.chain(contexts).collect();
    forms.sort_by_key(|(check, _)| *check);
    Case {
        id: one.id.clone(),
        question: question.to_owned(),
        set: Some(one.set().to_owned()).filter(|set| !set.is_empty()),
        base: Form {
            answer: answer.to_owned(),
            contexts: one.contexts.clone(),
        },
        forms,
    }
}
