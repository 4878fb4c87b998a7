//! What a model's labels mean.

use anyhow::{bail, ensure};

use crate::models::{HeadKind, Label};

/// Names of labels that say that a text is supported, as letters and digits alone.
const SUPPORTED: [&str; 16] = [
    "entailment",
    "entailed",
    "entails",
    "entail",
    "supported",
    "supports",
    "support",
    "attributable",
    "factual",
    "factuallyconsistent",
    "consistent",
    "faithful",
    "aligned",
    "grounded",
    "nothallucinated",
    "nohallucination",
];

/// Names of labels that say that it is not, whatever else it is.
const UNSUPPORTED: [&str; 13] = [
    "hallucinated",
    "hallucination",
    "hallucinations",
    "unsupported",
    "notsupported",
    "notentailment",
    "nonentailment",
    "notentailed",
    "inconsistent",
    "unfaithful",
    "nonfactual",
    "notattributable",
    "ungrounded",
];

/// The labels that tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Any of these: it is supported.
    Supported(Vec<usize>),
    /// Any of these: it is not.
    Unsupported(Vec<usize>),
}

impl Meaning {
    /// What a user chose, or what the labels' names say. Labels without names are those of the field's checkers: 1 of two says
    /// that a sequence is supported (`MiniCheck`), and that a token is hallucinated (`LettuceDetect`); the only one likewise.
    ///
    /// # Errors
    /// Where there is no such label, or it cannot be told which label means what.
    pub(super) fn of(
        labels: &[String],
        kind: HeadKind,
        supported: &[Label],
        unsupported: &[Label],
    ) -> anyhow::Result<Self> {
        if !supported.is_empty() {
            return Ok(Self::Supported(chosen(labels, "supported", supported)?));
        }
        if !unsupported.is_empty() {
            return Ok(Self::Unsupported(chosen(
                labels,
                "unsupported",
                unsupported,
            )?));
        }
        let named = |names: &[&str]| -> Vec<usize> {
            let known = |label: &str| names.contains(&plain(label).as_str());
            let found = labels.iter().enumerate();
            let found = found.filter(|(_, label)| known(label));
            found.map(|(place, _)| place).collect()
        };
        let tells = |found: &[usize]| !found.is_empty() && (found.len() < labels.len().max(2));
        let (yes, no) = (named(&SUPPORTED), named(&UNSUPPORTED));
        let unnamed = labels
            .iter()
            .enumerate()
            .all(|(place, label)| [format!("LABEL_{place}"), place.to_string()].contains(label));
        let last = labels.len().saturating_sub(1);
        match kind {
            HeadKind::Token if tells(&no) => Ok(Self::Unsupported(no)),
            _ if tells(&yes) => Ok(Self::Supported(yes)),
            _ if tells(&no) => Ok(Self::Unsupported(no)),
            HeadKind::Sequence if unnamed && last < 2 => Ok(Self::Supported(vec![last])),
            HeadKind::Token if unnamed && last < 2 => Ok(Self::Unsupported(vec![last])),
            _ => bail!(
                "it cannot be told which labels of the classifier mean that a text is supported; name them with `supported` (or the others with `unsupported`): {}",
                all(labels)
            ),
        }
    }

    /// How probable it is that the text is supported, 0..=1, by its logits.
    ///
    /// One label has a sigmoid, several the softmax over all; several that may hold at once have a sigmoid each, of which the largest counts.
    pub(super) fn support(&self, logits: &[f32], is_multi_label: bool) -> f64 {
        let (Self::Supported(places) | Self::Unsupported(places)) = self;
        let of_places = if logits.len() == 1 || is_multi_label {
            let each = places
                .iter()
                .map(|place| sigmoid(f64::from(logits[*place])));
            each.fold(0.0, f64::max)
        } else {
            let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let weight = |logit: f32| (f64::from(logit) - f64::from(largest)).exp();
            let all: f64 = logits.iter().map(|logit| weight(*logit)).sum();
            let chosen: f64 = places.iter().map(|place| weight(logits[*place])).sum();
            chosen / all
        };
        match self {
            Self::Supported(_) => of_places.min(1.0),
            Self::Unsupported(_) => 1.0 - of_places.min(1.0),
        }
    }

    /// In words, for reports.
    pub(super) fn describe(&self, labels: &[String]) -> String {
        let (Self::Supported(places) | Self::Unsupported(places)) = self;
        let names: Vec<String> = places
            .iter()
            .map(|place| format!("`{}`", labels[*place]))
            .collect();
        let means = match self {
            Self::Supported(_) => "supported",
            Self::Unsupported(_) => "unsupported",
        };
        format!("{} means {means}", names.join(" or "))
    }
}

fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// Letters and digits alone, in lower case, without the `B-` or `I-` of labels for spans.
fn plain(label: &str) -> String {
    let label = label.strip_prefix("B-").unwrap_or(label);
    let label = label.strip_prefix("I-").unwrap_or(label);
    let kept = label.chars().filter(|letter| letter.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

/// The places of the labels that a config names under a key.
fn chosen(labels: &[String], key: &str, named: &[Label]) -> anyhow::Result<Vec<usize>> {
    let mut places = Vec::new();
    for label in named {
        let place = match label {
            Label::Number(number) => Some(*number).filter(|number| *number < labels.len()),
            Label::Name(name) => labels.iter().position(|label| label == name),
        };
        match place {
            Some(place) => places.push(place),
            None => bail!(
                "the classifier has no label {}, which `{key}` names; take some of {}",
                match label {
                    Label::Number(number) => format!("number {number}"),
                    Label::Name(name) => format!("`{name}`"),
                },
                all(labels)
            ),
        }
    }
    places.sort_unstable();
    places.dedup();
    ensure!(
        places.len() < labels.len().max(2),
        "`{key}` names every label of the classifier, so it says nothing; take some of {}",
        all(labels)
    );
    Ok(places)
}

fn all(labels: &[String]) -> String {
    let quoted: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(labels: &[&str], kind: HeadKind) -> anyhow::Result<Meaning> {
        let labels: Vec<String> = labels.iter().map(|&label| label.to_owned()).collect();
        Meaning::of(&labels, kind, &[], &[])
    }

    #[test]
    fn the_labels_of_the_fields_models_are_understood() {
        use HeadKind::{Sequence, Token};
        use Meaning::{Supported, Unsupported};
        for (labels, kind, meaning) in [
            (
                // cross-encoder/nli-deberta-v3-base
                &["contradiction", "entailment", "neutral"][..],
                Sequence,
                Supported(vec![1]),
            ),
            (
                // roberta-large-mnli
                &["CONTRADICTION", "NEUTRAL", "ENTAILMENT"],
                Sequence,
                Supported(vec![2]),
            ),
            (
                // MoritzLaurer/deberta-v3-large-zeroshot-v2.0
                &["entailment", "not_entailment"],
                Sequence,
                Supported(vec![0]),
            ),
            (
                &["SUPPORTS", "REFUTES", "NOT ENOUGH INFO"],
                Sequence,
                Supported(vec![0]),
            ),
            (
                // AlignScore's three-way head
                &["ALIGNED", "CONTRADICT", "NEUTRAL"],
                Sequence,
                Supported(vec![0]),
            ),
            (
                // lytang/MiniCheck-RoBERTa-Large
                &["LABEL_0", "LABEL_1"],
                Sequence,
                Supported(vec![1]),
            ),
            (&["fine", "Hallucination"], Sequence, Unsupported(vec![1])),
            (&["LABEL_0"], Sequence, Supported(vec![0])),
            (
                // KRLabsOrg/lettucedect-base-modernbert-en-v1
                &["LABEL_0", "LABEL_1"],
                Token,
                Unsupported(vec![1]),
            ),
            (&["supported", "hallucinated"], Token, Unsupported(vec![1])),
            (
                &["O", "B-hallucination", "I-hallucination"],
                Token,
                Unsupported(vec![1, 2]),
            ),
        ] {
            assert_eq!(of(labels, kind).unwrap(), meaning, "{labels:?}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_asked_for() {
        for labels in [
            &["LABEL_0", "LABEL_1", "LABEL_2"][..],
            &["no", "yes"],
            &["LABEL_1", "LABEL_0"],
            &["entailment", "supported"],
        ] {
            for kind in [HeadKind::Sequence, HeadKind::Token] {
                assert!(of(labels, kind).is_err(), "{labels:?}");
            }
        }
        assert_eq!(
            of(&["no", "yes"], HeadKind::Token).unwrap_err().to_string(),
            "it cannot be told which labels of the classifier mean that a text is supported; name them with `supported` (or the others with `unsupported`): `no`, `yes`"
        );
    }

    #[test]
    fn a_user_chooses_by_name_or_number() {
        let labels = ["no", "yes", "perhaps"].map(str::to_owned);
        let of = |supported: &[Label], unsupported: &[Label]| {
            Meaning::of(&labels, HeadKind::Sequence, supported, unsupported)
        };
        let name = |name: &str| Label::Name(name.to_owned());
        assert_eq!(
            of(&[name("perhaps"), Label::Number(1), name("yes")], &[]).unwrap(),
            Meaning::Supported(vec![1, 2])
        );
        assert_eq!(
            of(&[], &[name("no")]).unwrap(),
            Meaning::Unsupported(vec![0])
        );
        let failure = |supported: &[Label]| of(supported, &[]).unwrap_err().to_string();
        assert_eq!(
            failure(&[name("maybe")]),
            "the classifier has no label `maybe`, which `supported` names; take some of `no`, `yes`, `perhaps`"
        );
        assert_eq!(
            failure(&[Label::Number(3)]),
            "the classifier has no label number 3, which `supported` names; take some of `no`, `yes`, `perhaps`"
        );
        assert_eq!(
            failure(&[0, 1, 2].map(Label::Number)),
            "`supported` names every label of the classifier, so it says nothing; take some of `no`, `yes`, `perhaps`"
        );
    }

    #[test]
    fn logits_become_probabilities() {
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");
        let yes = Meaning::Supported(vec![1]);
        let no = Meaning::Unsupported(vec![1]);
        // ln 3 against 0 and 0: 3 of 5.
        let logits = [0.0, 3_f32.ln(), 0.0];
        assert!((yes.support(&logits, false) - 0.6).abs() < 1e-7);
        assert!((no.support(&logits, false) - 0.4).abs() < 1e-7);
        assert!((Meaning::Supported(vec![0, 1]).support(&logits, false) - 0.8).abs() < 1e-7);
        assert!((yes.support(&logits, true) - 0.75).abs() < 1e-7);
        close(Meaning::Supported(vec![0]).support(&[0.0], false), 0.5);
        for logit in [-1e38_f32, 1e38] {
            let only = Meaning::Supported(vec![0]).support(&[logit], false);
            close(only, if logit > 0.0 { 1.0 } else { 0.0 });
            close(yes.support(&[0.0, logit], false), only);
            close(no.support(&[0.0, logit], true), 1.0 - only);
        }
    }
}
