//! Support by a model that reads a source before a claim.

use std::ops::Range;

use super::windows::Cut;
use super::{Classifier, Judged};
use crate::faithfulness::Subject;
use crate::models::SequenceClassifier;
use crate::outputs::{Claim, Evidence};

/// A window of a source, by number from 1, with what the model reads of it.
struct Window {
    source: u32,
    range: Range<usize>,
    text: String,
}

impl Classifier {
    pub(super) fn judge_sequences(
        &self,
        model: &SequenceClassifier,
        subject: &Subject<'_>,
        claims: &[Range<usize>],
    ) -> anyhow::Result<Judged> {
        let room = model.pair_tokens();
        let mut sources = Vec::new();
        for (number, context) in (1..).zip(&subject.contexts) {
            let about = self.tokens.of(context.about)?.len();
            // What would crowd out the source itself is left out.
            let about = (about > 0 && about <= room / 4).then_some((context.about, about));
            sources.push((
                number,
                context.text,
                about,
                Cut::of(context.text, &self.tokens)?,
            ));
        }
        let mut judged = Vec::new();
        let mut cut = 0;
        for claim in claims {
            let text = &subject.answer[claim.clone()];
            let own = self.tokens.of(text)?.len();
            // The longer text of a pair loses its end: half of the room stays for the source.
            let taken = own.min(room / 2);
            cut += usize::from(own > taken);
            let mut windows = Vec::new();
            for (source, whole, about, sentences) in &sources {
                let taken = taken + about.map_or(0, |(_, tokens)| tokens);
                let of_source =
                    sentences.windows(self.room(room, taken), self.config.overlap_tokens);
                windows.extend(of_source.into_iter().map(|range| Window {
                    source: *source,
                    text: match about {
                        Some((about, _)) => format!("{about}\n{}", &whole[range.clone()]),
                        None => whole[range.clone()].to_owned(),
                    },
                    range,
                }));
            }
            judged.push(self.best(model, claim, text, windows)?);
        }
        Ok(Judged {
            claims: judged,
            degraded: (cut > 0).then(|| {
                format!(
                    "{cut} of {} claims are longer than the model reads, and lost their ends",
                    claims.len()
                )
            }),
        })
    }

    /// A claim by the window that supports it best, the first where several do.
    fn best(
        &self,
        model: &SequenceClassifier,
        claim: &Range<usize>,
        text: &str,
        windows: Vec<Window>,
    ) -> anyhow::Result<Claim> {
        let pairs: Vec<(&str, &str)> = windows
            .iter()
            .map(|window| (window.text.as_str(), text))
            .collect();
        let logits = model.logits_of_pairs(&pairs)?;
        let mut best: Option<(f64, Window)> = None;
        for (row, window) in windows.into_iter().enumerate() {
            let support = self
                .meaning
                .support(logits.row(row), model.is_multi_label());
            if best.as_ref().is_none_or(|(before, _)| support > *before) {
                best = Some((support, window));
            }
        }
        let support = best.as_ref().map_or(0.0, |(support, _)| *support);
        Ok(Claim {
            evidence: best.map(|(_, window)| Evidence {
                source: window.source,
                start: window.range.start,
                end: window.range.end,
                ..Evidence::default()
            }),
            ..self.claim(claim, support)
        })
    }
}
