//! Dataset cards: what a dataset is, where it comes from, and how to tell that a copy is the right one.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use super::convert::Converted;
use super::{
    Checksum, Corpus, CorpusFrom, Gold, Judged, LabelledAnswers, LabelledSources, OutcomeMatrix,
    OutcomeSources, PathText, PostSources, Posts, QuestionPairs, Source, Table,
};

/// One file of `datasets/`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Short name.
    pub name: String,
    /// One or two sentences: what it is and what it is good for.
    pub about: String,
    /// The licence of the data.
    pub licence: String,
    /// Where it comes from.
    pub origin: String,
    /// Traps that a reader of the files should know.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
    /// What a right copy counts.
    pub expect: Expect,
    /// Size and SHA-256 of each file.
    pub files: BTreeMap<String, Checksum>,
    /// Where the files are and how to read them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    /// Where they are, if they are in another layout: then there is no `source`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    converted: Option<Converted>,
    /// Where they are, if they are pairs of questions: then there is neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pairs: Option<Table>,
    /// Where they are, if they are labelled answers: then there is none of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labelled: Option<LabelledSources>,
    /// Where they are, if they are outcomes of language models: then there is none of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcomes: Option<OutcomeSources>,
    /// Where they are, if they are labelled posts: then there is none of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    posts: Option<PostSources>,
}

/// What a right copy counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Documents of the corpus.
    pub documents: usize,
    /// Queries with at least one judgement.
    pub judged_queries: usize,
    /// Judgements, of any grade.
    pub judgements: usize,
    /// Gold spans; not counted where absent, as the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spans: Option<usize>,
    /// Queries whose answer is known, or that there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<usize>,
    /// Recorded outputs of systems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<usize>,
    /// Pairs of questions, of a card that names their table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairs: Option<usize>,
    /// Labelled answers, of a card that names their files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled: Option<usize>,
    /// Those of them that are supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supported: Option<usize>,
    /// Prompts with outcomes of all models, of a card that names files of outcomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<usize>,
    /// Language models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub models: Option<usize>,
    /// Posts, of a card that names files of posts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posts: Option<usize>,
    /// Those of each category.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub positives: BTreeMap<String, usize>,
}

/// One thing that `verify` looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// What was checked.
    pub check: String,
    /// Whether it is as the card says.
    pub ok: bool,
    /// What was found.
    pub found: String,
}

impl Finding {
    fn count(check: &str, expected: usize, found: usize) -> Self {
        let text = if found == expected {
            found.to_string()
        } else {
            format!("{found}, the card says {expected}")
        };
        Self {
            check: check.into(),
            ok: found == expected,
            found: text,
        }
    }
}

impl Card {
    /// The labelled answers of several cards, as one collection; `cache` is where converted ones are kept.
    ///
    /// # Errors
    /// Where a card is of something else, or its files cannot be read.
    pub fn labelled(cards: &[PathText], cache: &Path) -> anyhow::Result<LabelledAnswers> {
        let mut sources = Vec::new();
        for path in cards {
            let card = Self::load(&path.resolve()?)?;
            let labelled = card.labelled.with_context(|| {
                format!("`{path}` is no card of labelled answers; those have `[[labelled]]`")
            })?;
            sources.extend(labelled.0);
        }
        LabelledSources(sources).read(cache)
    }

    /// The outcomes of several cards, as one matrix.
    ///
    /// # Errors
    /// Where a card is of something else, or its files cannot be read.
    pub fn outcomes(cards: &[PathText]) -> anyhow::Result<OutcomeMatrix> {
        let mut sources = Vec::new();
        for path in cards {
            let card = Self::load(&path.resolve()?)?;
            let outcomes = card.outcomes.with_context(|| {
                format!(
                    "`{path}` is no card of outcomes of language models; those have `[[outcomes]]`"
                )
            })?;
            sources.extend(outcomes.0);
        }
        OutcomeMatrix::read(&OutcomeSources(sources))
    }

    /// Where the posts of several cards lie.
    ///
    /// # Errors
    /// Where a card is of something else, or cannot be read.
    pub fn posts(cards: &[PathText]) -> anyhow::Result<PostSources> {
        let mut sources = Vec::new();
        for path in cards {
            let card = Self::load(&path.resolve()?)?;
            let posts = card.posts.with_context(|| {
                format!("`{path}` is no card of labelled posts; those have `[[posts]]`")
            })?;
            sources.extend(posts.0);
        }
        Ok(PostSources(sources))
    }

    /// Reads a card.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs_err::read_to_string(path)?;
        toml::from_str(&text).with_context(|| format!("`{}` is not a dataset card", path.display()))
    }

    /// Where the data is and how to read it; what is in another layout is converted below `cache` first.
    pub fn source(&self, cache: &Path) -> anyhow::Result<Source> {
        match (&self.source, &self.converted) {
            (Some(source), None) => Ok(source.clone()),
            (None, Some(converted)) => converted.source(cache),
            _ => bail!(
                "the card `{}` must have either `source` or `converted`",
                self.name
            ),
        }
    }

    /// Whether every file of the card is on this machine.
    pub fn is_here(&self) -> bool {
        self.files.keys().all(|path| {
            PathText(path.clone())
                .resolve()
                .is_ok_and(|path| path.exists())
        })
    }

    fn counted_outcomes(&self, sources: &OutcomeSources) -> anyhow::Result<[Finding; 2]> {
        let matrix = OutcomeMatrix::read(sources)?;
        let prompts = matrix.prompts.iter();
        let whole = prompts.filter(|one| !one.outcomes.is_empty()).count();
        let expect = &self.expect;
        Ok([
            Finding::count(
                "prompts with outcomes of all models",
                expect.prompts.unwrap_or_default(),
                whole,
            ),
            Finding::count(
                "models",
                expect.models.unwrap_or_default(),
                matrix.models.len(),
            ),
        ])
    }

    fn counted_posts(&self, sources: &PostSources) -> anyhow::Result<Vec<Finding>> {
        let posts = Posts::read(sources)?;
        let expected = self.expect.posts.unwrap_or_default();
        let mut findings = vec![Finding::count("posts", expected, posts.posts.len())];
        for (place, category) in posts.categories.iter().enumerate() {
            let expected = self.expect.positives.get(category).copied();
            findings.push(Finding::count(
                &format!("posts of `{category}`"),
                expected.unwrap_or_default(),
                posts.positives(place),
            ));
        }
        Ok(findings)
    }

    /// Checks the local copy: checksums, counts, and judgements that point at documents which do not exist. What is in another
    /// layout is converted below `cache`. Spans, answers and outputs are counted where the card says how many there are.
    pub fn verify(&self, cache: &Path) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for (path, expected) in &self.files {
            let found = Checksum::of_file(&PathText(path.clone()).resolve()?)?;
            let ok = found == *expected;
            let found = if ok {
                format!("{} bytes, sha256 {}…", found.bytes, &found.sha256[..12])
            } else {
                format!(
                    "{} bytes, sha256 {}; another file than the card's",
                    found.bytes, found.sha256
                )
            };
            findings.push(Finding {
                check: format!("file {path}"),
                ok,
                found,
            });
        }
        if let Some(table) = &self.pairs {
            let found = QuestionPairs::read(table)?.pairs.len();
            let expected = self.expect.pairs.unwrap_or_default();
            findings.push(Finding::count("pairs", expected, found));
            return Ok(findings);
        }
        if let Some(sources) = &self.labelled {
            let answers = sources.read(cache)?.answers;
            let supported = answers.iter().filter(|one| one.supported).count();
            for (check, expected, found) in [
                ("labelled answers", self.expect.labelled, answers.len()),
                ("supported answers", self.expect.supported, supported),
            ] {
                findings.push(Finding::count(check, expected.unwrap_or_default(), found));
            }
            return Ok(findings);
        }
        if let Some(sources) = &self.outcomes {
            findings.extend(self.counted_outcomes(sources)?);
            return Ok(findings);
        }
        if let Some(sources) = &self.posts {
            findings.extend(self.counted_posts(sources)?);
            return Ok(findings);
        }
        let source = self.source(cache)?;
        let CorpusFrom::Table(corpus) = source.corpus() else {
            bail!("a card is of a corpus in a table; write one of the files with `ragkit extract`");
        };
        let ids = Corpus::open(&corpus)?
            .map(|document| document.map(|document| document.id))
            .collect::<anyhow::Result<HashSet<_>>>()?;
        let judged = Judged::read(&source, Gold::Answers)?;
        let judgements = || judged.qrels.queries.values().flatten();
        let queries = &judged.queries;
        let expect = &self.expect;
        let mut count = |check: &str, expected, found| {
            findings.push(Finding::count(check, expected, found));
        };
        count("documents", expect.documents, ids.len());
        let found = queries.iter().filter(|query| judged.is_judged(&query.id));
        count("judged queries", expect.judged_queries, found.count());
        count("judgements", expect.judgements, judgements().count());
        if let Some(expected) = expect.spans {
            count(
                "gold spans",
                expected,
                judged.spans.values().map(Vec::len).sum(),
            );
        }
        if let Some(expected) = expect.answers {
            let found = queries.iter().filter(|query| query.answerable.is_some());
            count("gold answers", expected, found.count());
        }
        if let Some(expected) = expect.outputs {
            let outputs = source.outputs()?.map(|file| file.read()).transpose()?;
            let found = outputs.map_or(0, |recordings| recordings.outputs.len());
            count("recorded outputs", expected, found);
        }
        let dangling: Vec<_> = judgements()
            .filter(|judgement| !ids.contains(&judgement.document))
            .collect();
        let found = dangling.first().map_or_else(
            || "none".to_owned(),
            |first| {
                format!(
                    "{}, the first is `{}` in line {}",
                    dangling.len(),
                    first.document,
                    first.line
                )
            },
        );
        findings.push(Finding {
            check: "judged documents that are not in the corpus".into(),
            ok: dangling.is_empty(),
            found,
        });
        Ok(findings)
    }
}
