//! How tier 1 is trained: on answers that people labelled, in families of collections of one origin, each family and both labels counting alike.

use anyhow::{Context as _, anyhow, ensure};

use super::doctor::{Check, Expected, Form, cases_of};
use super::features::Extractor;
use super::trained::{EncoderFacts, Family, Set, Trained, Training, Weights, Worth};
use super::{Context, Scorer, Subject, Verdict, Words, WordsConfig};
use crate::analysis::{Analyser, AnalyserConfig};
use crate::claims::Claiming;
use crate::data::{Labelled, LabelledAnswers, Metadata};
use crate::learning::nonnegative::{Row, fit};
use crate::metrics::Pooled;
use crate::models::Encoder;
use crate::outputs::Claim;

/// Collections of one origin, labelled.
#[derive(Debug, Clone, PartialEq)]
pub struct Collections {
    /// The family's name.
    pub name: String,
    /// Its answers.
    pub answers: LabelledAnswers,
}

/// How to train.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How text becomes terms.
    pub analyser: AnalyserConfig,
    /// The penalty on squared coefficients of standardised features, above 0.
    pub l2: f64,
    /// Seed of the made-up negatives.
    pub seed: u64,
}

/// What is known of a family's answers, and of those that were made of them.
struct Read<'a> {
    labelled: Vec<Example<'a>>,
    changed: Vec<Example<'a>>,
}

/// An answer with the features of each of its claims.
struct Example<'a> {
    set: &'a str,
    label: bool,
    claims: Vec<Vec<f64>>,
    /// The support that tier 0 gives.
    by_words: f64,
}

impl Example<'_> {
    /// The mean of its claims, feature by feature.
    fn mean(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.claims[0].len()];
        for claim in &self.claims {
            for (sum, value) in sums.iter_mut().zip(claim) {
                *sum += value;
            }
        }
        sums.iter()
            .map(|sum| sum / self.claims.len() as f64)
            .collect()
    }

    /// The support of the whole answer.
    fn support(&self, trained: &Trained) -> f64 {
        let claims = self.claims.iter().map(|values| Claim {
            support: trained.support(values),
            ..Claim::default()
        });
        let verdict = Verdict::by_mean(claims.collect(), 0.0);
        verdict.whole.map_or(0.0, |whole| whole.support)
    }
}

/// Trains weights, and says for every collection what those are worth that were trained on all other families.
///
/// # Errors
/// Where there are fewer than two families, one has one label only, or the encoder fails.
pub fn train(
    families: &[Collections],
    options: &Options,
    encoder: Option<(&str, &Encoder)>,
) -> anyhow::Result<Weights> {
    ensure!(
        families.len() >= 2,
        "there must be two families at least: what weights are worth is measured on the one that they were not trained on"
    );
    let analyser = Analyser::new(&options.analyser)?;
    let extractor = Extractor::new(analyser, encoder.map(|(_, encoder)| encoder));
    let words = Words::open(&WordsConfig {
        analyser: options.analyser.clone(),
        ..WordsConfig::default()
    })?;
    let changed: Vec<Vec<Labelled>> = families
        .iter()
        .map(|family| changed(family, options.seed))
        .collect::<anyhow::Result<_>>()?;
    let both = families.iter().zip(&changed).map(|(family, changed)| {
        Ok(Read {
            labelled: examples(&family.answers.answers, &extractor, &words)?,
            changed: examples(changed, &extractor, &words)?,
        })
    });
    let read: Vec<Read<'_>> = both.collect::<anyhow::Result<_>>()?;
    for (family, read) in families.iter().zip(&read) {
        for label in [true, false] {
            ensure!(
                read.labelled.iter().any(|example| example.label == label),
                "the family `{}` has no answer with `supported = {label}`; both labels are needed",
                family.name
            );
        }
    }
    let groups = |wanted: &dyn Fn(usize) -> bool| -> Vec<Vec<&Example<'_>>> {
        let places = (0..read.len()).filter(|place| wanted(*place));
        places
            .map(|place| read[place].labelled.iter().collect())
            .collect()
    };
    let of_family = |place: usize| {
        let others = groups(&|other| other != place);
        let left_out = trained(&others, options.l2);
        let by_words = threshold(&others, &|one| one.by_words);
        let set = |name: &str, examples: &[&Example<'_>]| {
            let labels: Vec<bool> = examples.iter().map(|one| one.label).collect();
            let supported = labels.iter().filter(|label| **label).count();
            let worth = |support: &dyn Fn(&Example<'_>) -> f64, threshold: f64| {
                let supports: Vec<f64> = examples.iter().map(|one| support(one)).collect();
                worth(&labels, &supports, threshold)
            };
            Set {
                name: name.to_owned(),
                supported,
                unsupported: labels.len() - supported,
                trained: worth(&|one| one.support(&left_out), left_out.threshold),
                words: worth(&|one| one.by_words, by_words),
            }
        };
        let Read { labelled, changed } = &read[place];
        let sets = families[place].answers.sets().into_iter().map(|name| {
            let examples: Vec<&Example<'_>> =
                labelled.iter().filter(|one| one.set == name).collect();
            set(name, &examples)
        });
        Family {
            name: families[place].name.clone(),
            digest: families[place].answers.digest(),
            sets: sets.collect(),
            changed: set("changed", &changed.iter().collect::<Vec<_>>()),
            left_out,
        }
    };
    let all = groups(&|_| true);
    Ok(Weights {
        format: Weights::FORMAT,
        analyser: options.analyser.clone(),
        encoder: encoder.map(|(model, encoder)| EncoderFacts {
            model: model.to_owned(),
            digest: encoder.digest().to_owned(),
        }),
        features: extractor.names(),
        model: trained(&all, options.l2),
        words: threshold(&all, &|one| one.by_words),
        training: Training {
            l2: options.l2,
            seed: options.seed,
        },
        families: (0..families.len()).map(of_family).collect(),
    })
}

/// Supported answers of a family, and the same with a number, a name or a denial changed, or without their evidence: whether weights notice that is
/// measured. Nothing is trained on them: that took more on the families left out than it gave.
fn changed(family: &Collections, seed: u64) -> anyhow::Result<Vec<Labelled>> {
    let (cases, _) = cases_of(&family.answers.answers, "document", seed, None)
        .with_context(|| format!("the family `{}`", family.name))?;
    let mut made = Vec::new();
    for case in cases {
        let falls = |(check, _): &(Check, Form)| check.expected() == Expected::Falls;
        let forms = case.forms.into_iter().filter(falls);
        let labelled = |check: Check, form: Form| Labelled {
            id: format!("{}:{}", case.id, check.name()),
            question: case.question.clone(),
            answer: form.answer,
            contexts: form.contexts,
            supported: check == Check::Base,
            metadata: Metadata::default(),
        };
        made.push(labelled(Check::Base, case.base));
        made.extend(forms.map(|(check, form)| labelled(check, form)));
    }
    Ok(made)
}

fn examples<'a>(
    answers: &'a [Labelled],
    extractor: &Extractor<'_>,
    words: &Words,
) -> anyhow::Result<Vec<Example<'a>>> {
    let read: Vec<Claiming> = answers
        .iter()
        .map(|answer| Claiming::whole(&answer.answer))
        .collect();
    let subjects = answers.iter().zip(&read).map(|(answer, read)| Subject {
        question: &answer.question,
        answer: &read.words,
        sentences: &read.sentences,
        contexts: answer.contexts.iter().map(Context::from).collect(),
        set: None,
    });
    let subjects: Vec<Subject<'_>> = subjects.collect();
    let found = extractor.features(&subjects).into_iter();
    let by_words = words.score(&subjects).into_iter();
    let mut examples = Vec::with_capacity(answers.len());
    for (answer, (found, by_words)) in answers.iter().zip(found.zip(by_words)) {
        let strange = |reason: String| anyhow!("`{}`: {reason}", answer.id);
        let (found, by_words) = (found.map_err(strange)?, by_words.map_err(strange)?);
        // An answer of signs alone claims nothing.
        if let Some(by_words) = by_words.whole {
            examples.push(Example {
                set: answer.set(),
                label: answer.supported,
                claims: found.into_iter().map(|one| one.values).collect(),
                by_words: by_words.support,
            });
        }
    }
    Ok(examples)
}

/// Every example with its weight: 1 is shared among those of one group and label.
fn weighted<'e>(groups: &[Vec<&'e Example<'e>>]) -> Vec<(&'e Example<'e>, f64)> {
    let mut weighted = Vec::new();
    for group in groups {
        let supported = group.iter().filter(|example| example.label).count() as f64;
        let unsupported = group.len() as f64 - supported;
        weighted.extend(group.iter().map(|example| {
            let alike = if example.label {
                supported
            } else {
                unsupported
            };
            (*example, 1.0 / alike)
        }));
    }
    weighted
}

/// A penalty that keeps a slope finite where the labels can be told apart without error, and changes none otherwise.
const ALMOST_NONE: f64 = 1e-4;

/// Trains on groups that count alike.
fn trained(groups: &[Vec<&Example<'_>>], l2: f64) -> Trained {
    let mut rows = Vec::new();
    for (example, weight) in weighted(groups) {
        rows.push(Row {
            values: example.mean(),
            label: example.label,
            weight,
        });
    }
    let model = fit(&rows, l2);
    // A penalty draws all log-odds to the middle. Along the direction that it found one slope is fitted almost without any, so that supports are chances.
    for row in &mut rows {
        row.values = vec![model.log_odds(&row.values)];
    }
    let along = fit(&rows, ALMOST_NONE);
    let slope = along.coefficients[0];
    let mut trained = Trained {
        coefficients: model.coefficients.iter().map(|one| one * slope).collect(),
        intercept: along.intercept + slope * model.intercept,
        threshold: 0.0,
    };
    trained.threshold = threshold(groups, &|one| one.support(&trained));
    trained
}

/// The threshold of the best balanced accuracy, in the mean over groups.
fn threshold(groups: &[Vec<&Example<'_>>], support: &dyn Fn(&Example<'_>) -> f64) -> f64 {
    // Each with what it adds to the sum where it is not said to be supported, and takes from it.
    let mut scored: Vec<(f64, f64)> = Vec::new();
    for (example, weight) in weighted(groups) {
        let gain = if example.label { -weight } else { weight };
        scored.push((support(example), gain));
    }
    scored.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let (mut sum, mut best) = (0.0, (0.0, 0.0));
    for (place, (support, gain)) in scored.iter().enumerate() {
        sum += gain;
        let next = scored.get(place + 1).map(|(next, _)| *next);
        let Some(next) = next.filter(|next| next > support) else {
            continue;
        };
        if sum > best.1 {
            best = (f64::midpoint(*support, next), sum);
        }
    }
    best.0
}

fn worth(labels: &[bool], supports: &[f64], threshold: f64) -> Worth {
    let decided = |support: &f64| f64::from(u8::from(*support >= threshold));
    let decisions: Vec<f64> = supports.iter().map(decided).collect();
    let value = |statistic: Pooled, scores: &[f64]| statistic.value(labels, scores, &[]);
    Worth {
        auroc: value(Pooled::Auroc, supports),
        balanced_accuracy: value(Pooled::BalancedAccuracy, &decisions),
    }
}
