//! The layouts that are read.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The layout that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// SMART: Cranfield, CACM, MED and the like.
    Smart,
    /// SQuAD's JSON: paragraphs are the documents, or articles in a row; each question is judged for the one that answers it.
    Squad,
    /// TREC: documents and topics in SGML.
    Trec,
    /// MS MARCO: `collection.tsv` and `queries.tsv`.
    MsMarco,
    /// PubMedQA's JSON: abstracts, the questions that they answer, and the answers.
    PubMedQa,
    /// SciFact: the abstracts of BEIR's copy, and `claims_*.csv` with their evidence as the queries.
    SciFact,
    /// RAGChecker's meta evaluation: questions with two answers each and people's preferences; no documents.
    RagChecker,
    /// BEGIN's tables of replies beside their knowledge, with people's labels: labelled answers, as the layouts below.
    Begin,
    /// The tables of FaithDial's audit: replies of people and of dialogue systems beside their knowledge.
    FaithDial,
    /// HaluEval's questions, each with a right and a made up answer.
    HaluEval,
    /// ExpertQA's claims with their evidence.
    ExpertQa,
    /// SciFact's claims, each held against every abstract that it cites; files as for `SciFact`.
    SciFactClaims,
}

impl fmt::Display for Layout {
    /// By the name that a config has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

/// The layouts of labelled answers.
const LAYOUTS: [Layout; 5] = [
    Layout::Begin,
    Layout::FaithDial,
    Layout::HaluEval,
    Layout::ExpertQa,
    Layout::SciFactClaims,
];

impl Layout {
    /// Whether it holds labelled answers, and neither documents nor queries.
    pub fn is_labelled(self) -> bool {
        LAYOUTS.contains(&self)
    }

    /// The names of those that do.
    pub fn labelled() -> String {
        LAYOUTS.map(|layout| format!("`{layout}`")).join(", ")
    }
}
