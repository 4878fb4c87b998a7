//! One prompt in the making: which sources are taken, and how much of them.

use std::ops::Range;

use anyhow::{Context, anyhow, ensure};

use super::WhenFull;
use super::chosen::{Chosen, Seen, arranged};
use super::pack::{Candidate, Packed, Packer};
use super::template::{Messages, SourceValues, Values};
use crate::analysis::sentences;
use crate::models::language::Prompt;
use crate::outputs::Source;
use crate::prompts::{attribute, quoted};

/// A prompt in the making.
pub(super) struct Packing<'p, 'c> {
    packer: &'p Packer,
    question: &'p str,
    history: &'p str,
    /// By rank.
    chosen: Vec<Chosen<'c>>,
    /// About how many tokens the whole takes. Exact with no source or one.
    tokens: usize,
    /// Lines of the history that were left out.
    forgotten: usize,
}

impl<'p, 'c> Packing<'p, 'c> {
    /// A prompt without any source.
    ///
    /// # Errors
    /// Where even that is too long.
    pub(super) fn new(
        packer: &'p Packer,
        question: &'p str,
        history: &'p str,
    ) -> anyhow::Result<Self> {
        let mut packing = Self {
            packer,
            question,
            history: "",
            chosen: Vec::new(),
            tokens: 0,
            forgotten: 0,
        };
        packing.tokens = packing.whole(&[])?;
        let budget = packer.budget();
        ensure!(
            packing.tokens <= budget,
            "the question makes a prompt of {} tokens without any source, `budget_tokens` is {budget}; raise it or shorten the question",
            packing.tokens
        );
        packing.remember(history)?;
        Ok(packing)
    }

    /// Takes the last lines of what was said before that fit into half of what is left.
    fn remember(&mut self, history: &'p str) -> anyhow::Result<()> {
        let most = self.tokens + (self.packer.budget() - self.tokens) / 2;
        let tokens = self.packer.tokens.of(history)?;
        // A start from which even the history alone has more is not tried.
        let too_many = tokens.len().checked_sub(most);
        let earliest = too_many.map_or(0, |place| tokens[place].start);
        let lines = history.match_indices('\n').map(|(place, _)| place + 1);
        let starts = std::iter::once(0).chain(lines).chain([history.len()]);
        for from in starts.filter(|from| *from >= earliest) {
            self.history = &history[from..];
            let whole = self.whole(&[])?;
            if whole <= most {
                self.tokens = whole;
                self.forgotten = history[..from].lines().count();
                break;
            }
        }
        Ok(())
    }

    /// Chooses sources; how many had no room, and how many said nothing new.
    pub(super) fn choose(
        &mut self,
        candidates: &'c [Candidate<'c>],
    ) -> anyhow::Result<(usize, usize)> {
        let config = &self.packer.config;
        let wanted = config.chunks.get();
        let mut seen = Seen::default();
        let (mut dropped, mut duplicates, mut is_full) = (0, 0, false);
        for candidate in candidates {
            let is_wanted = self.chosen.len() + dropped < wanted;
            if self.chosen.len() == wanted || (is_full && !is_wanted) {
                break;
            }
            if seen.has(candidate) {
                duplicates += 1;
                continue;
            }
            if !is_full {
                let source = if self.chosen.is_empty() {
                    Some(self.first(candidate)?)
                } else {
                    self.next(candidate)?
                };
                if let Some(source) = source {
                    is_full = source.truncated;
                    self.chosen.push(source);
                    seen.add(candidate);
                    continue;
                }
                is_full = config.when_full != WhenFull::Skip;
            }
            dropped += usize::from(is_wanted);
        }
        Ok((dropped, duplicates))
    }

    /// The best candidate, which stands in every prompt.
    fn first(&mut self, candidate: &'c Candidate<'c>) -> anyhow::Result<Chosen<'c>> {
        let budget = self.packer.budget();
        let whole = self.source(candidate);
        if self.may_fit(&whole.text, budget)? {
            self.tokens = self.whole(&[&whole])?;
            if self.tokens <= budget {
                return Ok(whole);
            }
        }
        let smallest = self.packer.config.smallest_part_tokens.get();
        let bare = Chosen {
            about: Vec::new(),
            ..whole.clone()
        };
        for (source, least) in [(&whole, smallest), (&bare, 1)] {
            if let Some((part, tokens)) = self.shortened(source, least)? {
                self.tokens = tokens;
                return Ok(part);
            }
        }
        let empty = Chosen {
            text: String::new(),
            ..bare
        };
        let frame = self.whole(&[&empty])?;
        Err(anyhow!(
            "the prompt takes {frame} tokens with the question and an empty source, `budget_tokens` is {budget}, so nothing of the first source fits; raise it"
        ))
    }

    /// A further candidate, or what is to be taken of it, where it fits.
    fn next(&mut self, candidate: &'c Candidate<'c>) -> anyhow::Result<Option<Chosen<'c>>> {
        let budget = self.packer.budget();
        let source = self.source(candidate);
        let room = budget.saturating_sub(self.tokens);
        // Parts rarely count differently when they stand together. Near the limit only the whole tells.
        let doubt = 4 + 2 * self.chosen.len();
        if self.may_fit(&source.text, room + doubt)? {
            let part = self.tokens + self.packer.tokens.of(&self.written(1, &source))?.len();
            if part + doubt <= budget {
                self.tokens = part;
                return Ok(Some(source));
            }
            if part <= budget + doubt {
                let whole = self.with(&source)?;
                if whole <= budget {
                    self.tokens = whole;
                    return Ok(Some(source));
                }
            }
        }
        let smallest = self.packer.config.smallest_part_tokens.get();
        if self.packer.config.when_full != WhenFull::Truncate || room < smallest {
            return Ok(None);
        }
        let part = self.shortened(&source, smallest)?;
        Ok(part.map(|(part, tokens)| {
            self.tokens = tokens;
            part
        }))
    }

    /// As much of a source as fits beside the chosen, `least` tokens of its text or all that it has, with the tokens of the whole prompt.
    fn shortened(
        &self,
        source: &Chosen<'c>,
        least: usize,
    ) -> anyhow::Result<Option<(Chosen<'c>, usize)>> {
        let budget = self.packer.budget();
        let part = |text: &str| Chosen {
            text: text.to_owned(),
            truncated: true,
            ..source.clone()
        };
        let frame = self.with(&part(""))?;
        let Some(mut room) = budget.checked_sub(frame) else {
            return Ok(None);
        };
        let tokens = self.start(&source.text, room)?;
        let least = least.min(tokens.len());
        while room >= least {
            let cut = part(cut(&source.text, &tokens, room, least));
            let whole = self.with(&cut)?;
            if whole <= budget {
                return Ok(Some((cut, whole)));
            }
            // Counted together, it is more than its parts.
            let Some(less) = room.checked_sub(whole - budget) else {
                break;
            };
            room = less;
        }
        Ok(None)
    }

    /// Whether a text may have `tokens` tokens or fewer, without counting all of a long one.
    fn may_fit(&self, text: &str, tokens: usize) -> anyhow::Result<bool> {
        Ok(text.len() <= tokens || self.start(text, tokens)?.len() <= tokens)
    }

    /// The tokens of a text, or of a start of it that has more than `wanted`.
    fn start(&self, text: &str, wanted: usize) -> anyhow::Result<Vec<Range<usize>>> {
        // The last tokens of a start may differ from those that stand there in the whole.
        let enough = wanted.saturating_add(16);
        let mut length = enough.saturating_mul(16);
        while length < text.len() {
            let tokens = self
                .packer
                .tokens
                .of(&text[..text.floor_char_boundary(length)])?;
            if tokens.len() > enough {
                return Ok(tokens);
            }
            length = length.saturating_mul(4);
        }
        self.packer.tokens.of(text)
    }

    /// All of a candidate, quoted.
    fn source(&self, candidate: &'c Candidate<'c>) -> Chosen<'c> {
        let tags = self.packer.template().tags();
        let value = |name: &str| match name {
            "title" => Some(candidate.title),
            "document" => Some(candidate.document),
            name => {
                let value = candidate.metadata.get(name).map(String::as_str);
                // A chunk's title often ends with the path of headings.
                value.filter(|value| name != "section" || !candidate.title.contains(*value))
            }
        };
        let facts = self.packer.template().facts();
        let about = facts.into_iter().filter_map(|name| {
            let value = attribute(value(name)?, tags);
            (!value.is_empty()).then(|| (name.to_owned(), value))
        });
        Chosen {
            candidate,
            text: quoted(candidate.text.trim(), tags),
            about: about.collect(),
            truncated: false,
        }
    }

    fn written(&self, number: usize, source: &Chosen<'_>) -> String {
        let values = SourceValues {
            number,
            text: &source.text,
            about: &source.about,
        };
        let mut out = String::new();
        self.packer.template().write_source(&values, &mut out);
        out
    }

    /// The messages with these sources, and the places of the sources in the order in which they stand there.
    fn messages(&self, chosen: &[&Chosen<'c>]) -> (Messages, Vec<usize>) {
        let places = arranged(chosen, self.packer.config.order);
        let written = (1..)
            .zip(&places)
            .map(|(number, place)| self.written(number, chosen[*place]));
        let values = Values {
            context: &written.collect::<Vec<_>>().join("\n"),
            question: self.question,
            history: self.history,
        };
        (self.packer.template().messages(values), places)
    }

    /// The tokens of the whole prompt with these sources.
    fn whole(&self, chosen: &[&Chosen<'c>]) -> anyhow::Result<usize> {
        self.packer.count(&self.messages(chosen).0)
    }

    /// The tokens of the whole prompt with one more source.
    fn with(&self, source: &Chosen<'c>) -> anyhow::Result<usize> {
        let chosen: Vec<&Chosen<'_>> = self.chosen.iter().chain([source]).collect();
        self.whole(&chosen)
    }

    /// Counts the whole, which alone decides.
    pub(super) fn finish(
        mut self,
        question: &str,
        mut dropped: usize,
        duplicates: usize,
    ) -> anyhow::Result<Packed> {
        let (messages, places, tokens) = loop {
            let chosen: Vec<&Chosen<'_>> = self.chosen.iter().collect();
            let (messages, places) = self.messages(&chosen);
            let tokens = self.packer.count(&messages)?;
            if tokens <= self.packer.budget() {
                break (messages, places, tokens);
            }
            // With no source or one it was counted already.
            self.chosen
                .pop()
                .context("a prompt that was counted grew")?;
            dropped += 1;
        };
        let mut chosen: Vec<Option<Chosen<'_>>> = self.chosen.into_iter().map(Some).collect();
        let ordered = places.into_iter().filter_map(|place| chosen[place].take());
        let mut packed = Packed {
            prompt: Prompt {
                system: messages.system,
                user: messages.user,
                question: question.to_owned(),
                sources: Vec::new(),
            },
            sources: Vec::new(),
            about: Vec::new(),
            tokens,
            fixed_tokens: self.packer.fixed_tokens,
            dropped,
            duplicates,
            forgotten: self.forgotten,
        };
        for source in ordered {
            let Candidate {
                item,
                document,
                title,
                ..
            } = *source.candidate;
            packed.sources.push(Source {
                item: item.to_owned(),
                document: document.to_owned(),
                title: if title.is_empty() { item } else { title }.to_owned(),
                truncated: source.truncated,
            });
            let about: Vec<String> = source.about.into_iter().map(|(_, value)| value).collect();
            packed.about.push(about.join("; "));
            packed.prompt.sources.push(source.text);
        }
        Ok(packed)
    }
}

/// The start of a text that has at most `room` of its tokens: up to the end of the last sentence that ends there, if these are `least` tokens
/// or more, else up to the last token.
fn cut<'t>(text: &'t str, tokens: &[Range<usize>], room: usize, least: usize) -> &'t str {
    let Some(top) = room.min(tokens.len()).checked_sub(1) else {
        return "";
    };
    let end = tokens[top].end;
    if top + 1 == tokens.len() {
        return text[..end].trim_end();
    }
    // Whether a sentence ends depends on what comes behind.
    let look = text.floor_char_boundary(tokens[(top + 16).min(tokens.len() - 1)].end);
    let mut ends = sentences(text, &(0..look))
        .into_iter()
        .map(|range| range.end);
    let best = ends.rfind(|place| *place <= end && *place < look);
    let kept = |place: &usize| tokens.partition_point(|token| token.end <= *place) >= least;
    text[..best.filter(kept).unwrap_or(end)].trim_end()
}
