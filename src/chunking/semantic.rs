//! Cuts where the text turns to something else.

use std::collections::HashMap;
use std::ops::Range;

use super::config::Semantic;
use super::pack::windows;
use super::text::Text;
use crate::analysis::Analyser;
use crate::models::Embedder;

/// Sentences on each side of a place whose terms are compared.
const SIDE: usize = 2;

/// Chunks that end where adjacent sentences are little alike; see [`Semantic`].
pub(super) fn cut(
    text: &Text<'_>,
    config: &Semantic,
    likeness: &Likeness<'_>,
) -> anyhow::Result<Vec<Range<usize>>> {
    // A sentence too long for a chunk is cut beforehand.
    let sentences: Vec<Range<usize>> = text
        .sentences()
        .into_iter()
        .flat_map(|sentence| {
            if text.count(&sentence) > config.size {
                windows(text, &sentence, config.size, 0)
            } else {
                vec![sentence]
            }
        })
        .collect();
    let links = likeness.links(text, &sentences)?;
    let sharp = sharp(&links, config.sharpest);
    let mut found = Vec::new();
    let mut from = 0;
    while from < sentences.len() {
        let tokens = |to: usize| text.count(&(sentences[from].start..sentences[to - 1].end));
        let mut most = from + 1;
        while most < sentences.len() && tokens(most + 1) <= config.size {
            most += 1;
        }
        let mut to = most;
        if most < sentences.len() {
            let first_sharp = (from + 1..=most)
                .find(|to| 4 * tokens(*to) >= config.size && links[to - 1] < sharp);
            let second_half = (from + 1..=most).filter(|to| 2 * tokens(*to) >= config.size);
            let weakest = second_half.min_by(|a, b| links[a - 1].total_cmp(&links[b - 1]));
            to = first_sharp.or(weakest).unwrap_or(most);
        } else if let Some(place) =
            (from + 1..most).find(|to| 4 * tokens(*to) >= config.size && links[to - 1] < sharp)
        {
            to = place;
        }
        found.push(sentences[from].start..sentences[to - 1].end);
        from = to;
    }
    Ok(found)
}

/// The similarity below which a share of the links lie.
fn sharp(links: &[f64], share: f64) -> f64 {
    let mut sorted = links.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length"
    )]
    let count = (share * sorted.len() as f64).floor() as usize;
    // Where many are equally low, none of them is sharper than the others.
    sorted.get(count).copied().unwrap_or(f64::INFINITY)
}

/// How alike two stretches of text are.
pub(super) enum Likeness<'a> {
    Terms(&'a Analyser),
    Vectors(&'a dyn Embedder),
}

impl Likeness<'_> {
    /// How alike each sentence and the next are: one value fewer than there are sentences.
    fn links(&self, text: &Text<'_>, sentences: &[Range<usize>]) -> anyhow::Result<Vec<f64>> {
        let texts: Vec<&str> = sentences
            .iter()
            .map(|range| &text.all[range.clone()])
            .collect();
        match self {
            Self::Terms(analyser) => {
                let mut analyser = (*analyser).clone();
                let terms: Vec<Vec<String>> =
                    texts.iter().map(|text| analyser.terms(text)).collect();
                let link = |place: usize| {
                    let before = &terms[place.saturating_sub(SIDE)..place];
                    let after = &terms[place..terms.len().min(place + SIDE)];
                    cosine(&counts(before), &counts(after))
                };
                Ok((1..terms.len()).map(link).collect())
            }
            Self::Vectors(embedder) => {
                let vectors = embedder.embed(&texts)?;
                let dot = |row: usize| {
                    let pairs = vectors.row(row - 1).iter().zip(vectors.row(row));
                    pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
                };
                Ok((1..vectors.rows()).map(dot).collect())
            }
        }
    }
}

fn counts(sentences: &[Vec<String>]) -> HashMap<&str, f64> {
    let mut counts = HashMap::new();
    for term in sentences.iter().flatten() {
        *counts.entry(term.as_str()).or_insert(0.0) += 1.0;
    }
    counts
}

/// Sums of whole numbers, so the order of the terms does not matter.
fn cosine(a: &HashMap<&str, f64>, b: &HashMap<&str, f64>) -> f64 {
    let norm =
        |counts: &HashMap<&str, f64>| counts.values().map(|count| count * count).sum::<f64>();
    let dot: f64 = a
        .iter()
        .filter_map(|(term, count)| Some(count * b.get(term)?))
        .sum();
    let norms = norm(a) * norm(b);
    if norms > 0.0 { dot / norms.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::AnalyserConfig;
    use crate::chunking::tests::document;
    use crate::models::TokenizerConfig;

    #[test]
    fn a_chunk_ends_where_the_subject_does() {
        let document = document(
            "Cats purr. A cat sleeps long. Cats hunt mice. Rockets burn fuel. A rocket needs much fuel. The rocket flies.",
        );
        let (tokens, _) = TokenizerConfig::Words.open().unwrap();
        let text = Text::new(&document, &tokens).unwrap();
        let analyser = Analyser::new(&AnalyserConfig::default()).unwrap();
        let config = Semantic {
            size: 20,
            sharpest: 0.2,
            ..Semantic::default()
        };
        let found = cut(&text, &config, &Likeness::Terms(&analyser)).unwrap();
        let shown: Vec<&str> = found
            .into_iter()
            .map(|range| &document.text[range])
            .collect();
        assert_eq!(
            shown,
            [
                "Cats purr. A cat sleeps long. Cats hunt mice.",
                "Rockets burn fuel. A rocket needs much fuel. The rocket flies."
            ]
        );
    }
}
