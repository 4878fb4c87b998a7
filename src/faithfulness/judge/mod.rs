//! Tier 3: a language model as the judge, claim by claim.
//!
//! An answer's sentences are split into atomic claims (`FActScore`, Min et al. 2023; RAGAS, Es et al. 2024), each claim is voted on several
//! times, and what the model replies is read strictly: repaired where that is safe, asked once more with the fault named where it is not, and
//! counted as lost where it cannot be read then. A claim without any vote makes the answer an error, and never a number.
//!
//! A verdict is a function of the answer, its sources, the model, the prompts and the votes: [`Judge::digest`].

mod ask;
mod cases;
mod config;
mod find;
mod prompts;
#[cfg(test)]
mod tests;
mod verdict;

use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use self::ask::{Answer, Asker};
use self::cases::{Candidate, Case, plain, sentences};
use self::prompts::{Ballot, Prompts};
use self::verdict::Vote;
use super::{Context, Scorer, Subject, Verdict, Whole};
use crate::data::Digest;
use crate::models::TokenizerConfig;
use crate::models::language::{Finish, LanguageModel, Price, Prompt};
use crate::outputs::{Claim, Evidence};

pub use self::ask::Counts;
pub use self::config::{Claims, JudgeConfig};

/// How replies are read and votes counted: another number, another judge.
const VERSION: &str = "2";

/// Claims that a sentence holds about, for what a run will ask.
const CLAIMS_A_SENTENCE: u64 = 2;

/// A language model that judges. It is handed over by anything that points to one: a reference, a box.
pub struct Judge<M> {
    config: JudgeConfig,
    prompts: Prompts,
    digest: String,
    asker: Asker<M>,
    counts: Mutex<Counts>,
}

/// What judging some answers asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Estimate {
    /// Completions, none of them asked again. Where every reply has to be asked again they are twice as many.
    pub calls: u64,
    /// Words and signs of the prompts, each about a token.
    pub tokens_in: u64,
}

impl<M> Judge<M>
where
    M: Deref + Sync,
    M::Target: LanguageModel,
{
    /// A judge that asks `model`, whose completions are a function of the prompt and of what `model_digest` stands for.
    ///
    /// # Errors
    /// Where the config is not valid, or its prompts cannot be read.
    pub fn new(
        config: &JudgeConfig,
        model: M,
        model_digest: &str,
        price: Option<Price>,
    ) -> anyhow::Result<Self> {
        config.validate()?;
        let prompts = Prompts::open(config.prompts.as_ref())?;
        // What the config calls model and file is no part of what they are.
        let options = JudgeConfig {
            model: String::new(),
            prompts: None,
            ..config.clone()
        };
        let digest = Digest::default()
            .with("judge", VERSION)
            .with("options", serde_json::to_vec(&options)?)
            .with("model", model_digest)
            .with("prompts", prompts.digest())
            .finish();
        Ok(Self {
            config: config.clone(),
            prompts,
            digest,
            asker: Asker::new(model, price),
            counts: Mutex::default(),
        })
    }

    /// Equal digests, equal judges: model, prompts, votes and options.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The SHA-256 of the prompts' file, in lower-case hexadecimal.
    pub fn prompts_digest(&self) -> &str {
        self.prompts.digest()
    }

    /// Tier, votes, threshold and its origin, for reports.
    pub fn describe(&self) -> String {
        let JudgeConfig {
            model,
            claims,
            votes,
            threshold,
            ..
        } = &self.config;
        let claims = match claims {
            Claims::Sentences => "sentences",
            Claims::Decompose => "atomic claims",
        };
        format!(
            "tier 3 (judge `{model}`, {claims}, {votes} votes, prompts {}); supported above {threshold} of the votes (the config's)",
            &self.prompts.digest()[..12]
        )
    }

    /// How often replies were what they should be, in this process.
    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What judging these answers would ask for. How many claims a model will make of a sentence is not known: two are assumed.
    ///
    /// # Errors
    /// Where words cannot be counted.
    pub fn estimate(&self, subjects: &[Subject<'_>]) -> anyhow::Result<Estimate> {
        let words = TokenizerConfig::Words.open()?.0;
        let count = |prompt: &Prompt| -> anyhow::Result<u64> {
            Ok((words.of(&prompt.system)?.len() + words.of(&prompt.user)?.len()) as u64)
        };
        let mut estimate = Estimate::default();
        for subject in subjects {
            let mut claims = 1;
            if self.splits(subject) {
                claims = CLAIMS_A_SENTENCE;
                estimate.calls += 1;
                estimate.tokens_in += count(&self.splitting(subject))?;
            }
            for candidate in sentences(subject).iter().take(self.config.max_claims) {
                for vote in 0..self.votes_on(subject) {
                    estimate.calls += claims;
                    estimate.tokens_in += claims * count(&self.ballot(subject, candidate, vote))?;
                }
            }
        }
        Ok(estimate)
    }

    fn splits(&self, subject: &Subject<'_>) -> bool {
        self.config.claims == Claims::Decompose && !subject.sentences.is_empty()
    }

    fn splitting(&self, subject: &Subject<'_>) -> Prompt {
        let texts: Vec<String> = subject
            .sentences
            .iter()
            .map(|range| plain(&subject.answer[range.clone()]))
            .collect();
        self.prompts.decompose(subject.question, &texts)
    }

    /// Votes on each claim of an answer: none where there is nothing that could support it.
    fn votes_on(&self, subject: &Subject<'_>) -> usize {
        if subject.contexts.iter().all(Context::is_blank) {
            0
        } else {
            self.config.votes
        }
    }

    fn ballot(&self, subject: &Subject<'_>, candidate: &Candidate, vote: usize) -> Prompt {
        self.prompts.verify(&Ballot {
            question: subject.question,
            before: &candidate.before,
            claim: &candidate.words,
            contexts: &subject.contexts,
            vote,
            quotes: self.config.quotes,
        })
    }

    /// What the answers claim.
    fn cases(&self, subjects: &[Subject<'_>]) -> Vec<Case> {
        let mut cases: Vec<Case> = subjects.iter().map(|_| Case::default()).collect();
        let split: Vec<usize> = (0..subjects.len())
            .filter(|place| self.splits(&subjects[*place]))
            .collect();
        let prompts: Vec<Prompt> = split
            .iter()
            .map(|place| self.splitting(&subjects[*place]))
            .collect();
        let (answers, counts) = self
            .asker
            .ask(&prompts, &self.prompts, &|asked, completion| {
                let count = subjects[split[asked]].sentences.len();
                if completion.finish == Finish::Length {
                    return Err("the list may lack claims".to_owned());
                }
                verdict::claims(&completion.text, count)
            });
        self.count(counts);
        let mut answers = answers.into_iter();
        for (subject, case) in subjects.iter().zip(&mut cases) {
            let answer = self.splits(subject).then(|| answers.next()).flatten();
            case.claim(subject, answer);
            case.cut(self.config.max_claims);
        }
        cases
    }

    fn count(&self, counts: Counts) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) += counts;
    }

    /// The verdict on one answer, from the votes on its claims, claim by claim.
    fn verdict(
        &self,
        subject: &Subject<'_>,
        mut case: Case,
        answers: &[Answer<Vote>],
    ) -> Result<Verdict, String> {
        if let Some(error) = case.error {
            return Err(error);
        }
        let mut counts = Counts::default();
        let (mut claims, mut without) = (Vec::new(), 0);
        let votes = self.votes_on(subject);
        for (number, candidate) in case.candidates.iter().enumerate() {
            let own = &answers[number * votes..(number + 1) * votes];
            own.iter().for_each(|answer| case.bill.add(answer));
            let read: Vec<&Vote> = own
                .iter()
                .filter_map(|vote| vote.read.as_ref().ok())
                .collect();
            if votes > 0 && read.is_empty() {
                without += 1;
            }
            claims.push(self.claim(subject, candidate, &read, &mut counts));
        }
        self.count(counts);
        let lost = answers.iter().filter(|vote| vote.read.is_err()).count();
        let faults = answers.iter().filter_map(|vote| vote.read.as_ref().err());
        if let Some(fault) = faults.into_iter().next() {
            let all = claims.len();
            if without > 0 {
                return Err(format!(
                    "judge: {without} of {all} claims have no readable verdict: {fault}"
                ));
            }
            case.notes.push(format!(
                "{lost} of {} votes are lost: {fault}",
                answers.len()
            ));
        }
        case.notes.extend(case.bill.repairs());
        let support = claims.iter().map(|claim| claim.support).sum::<f64>() / claims.len() as f64;
        Ok(Verdict {
            whole: (!claims.is_empty()).then_some(Whole {
                support,
                supported: claims.iter().all(|claim| claim.supported),
            }),
            claims,
            usage: case.bill.usage(),
            degraded: (!case.notes.is_empty()).then(|| case.notes.join("; ")),
        })
    }

    /// What the votes on a claim that could be read say together; none of them is as good as none that supports it.
    fn claim(
        &self,
        subject: &Subject<'_>,
        candidate: &Candidate,
        votes: &[&Vote],
        counts: &mut Counts,
    ) -> Claim {
        let pro = votes.iter().filter(|vote| vote.supported).count();
        let support = pro as f64 / votes.len().max(1) as f64;
        let supported = support > self.config.threshold;
        let mut evidence = None;
        for vote in votes {
            if vote.quote.trim().is_empty() {
                continue;
            }
            let found = evidence_of(subject, vote);
            counts.quotes += 1;
            counts.quotes_not_found += u64::from(found.is_none());
            if vote.supported == supported {
                evidence = evidence.or(found);
            }
        }
        let most = pro.max(votes.len() - pro);
        Claim {
            text: candidate.text.clone(),
            start: candidate.range.start,
            end: candidate.range.end,
            support,
            supported,
            evidence,
            agreement: (votes.len() > 1).then(|| most as f64 / votes.len() as f64),
        }
    }
}

impl<M> Scorer for Judge<M>
where
    M: Deref + Sync,
    M::Target: LanguageModel,
{
    fn score(&self, subjects: &[Subject<'_>]) -> Vec<Result<Verdict, String>> {
        let cases = self.cases(subjects);
        let mut ballots = Vec::new();
        for (subject, case) in subjects.iter().zip(&cases) {
            for candidate in &case.candidates {
                let votes = 0..self.votes_on(subject);
                ballots.extend(votes.map(|vote| self.ballot(subject, candidate, vote)));
            }
        }
        let (answers, counts) = self.asker.ask(&ballots, &self.prompts, &|_, completion| {
            verdict::vote(&completion.text)
        });
        self.count(counts);
        let mut rest = answers.as_slice();
        let verdicts = subjects.iter().zip(cases).map(|(subject, case)| {
            let (own, behind) = rest.split_at(case.candidates.len() * self.votes_on(subject));
            rest = behind;
            self.verdict(subject, case, own)
        });
        verdicts.collect()
    }
}

impl Context<'_> {
    /// Whether it says nothing.
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }
}

/// Where the source that a vote names says what it quotes.
fn evidence_of(subject: &Subject<'_>, vote: &Vote) -> Option<Evidence> {
    let number = vote.source?;
    let context = subject.contexts.get(number.checked_sub(1)?)?;
    let stretch = find::find(context.text, &vote.quote)?;
    Some(Evidence {
        source: u32::try_from(number).ok()?,
        start: stretch.start,
        end: stretch.end,
        ..Evidence::default()
    })
}
