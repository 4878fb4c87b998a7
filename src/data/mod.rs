//! Records and readers: what the user's files say, checked row by row.
//!
//! Everything here turns a file into plain records or into a [`DataError`] that names the file and the line.
//! Nothing here knows about indexes, models or metrics.

mod answers;
mod block;
mod card;
mod checksum;
mod columns;
pub mod convert;
mod corpus;
mod error;
mod files;
mod judged;
mod labelled;
mod outcomes;
mod pairs;
mod paths;
mod posts;
mod predicate;
mod qrels;
mod question_pairs;
mod rankings;
mod record;
mod recorded;
mod rows;
mod smart;
mod source;
mod spans;
mod table;
mod vectors;

pub use answers::{Answers, AnswersFile, GoldAnswer};
pub use block::{Block, BlockKind};
pub use card::{Card, Finding};
pub use checksum::{Checksum, Digest};
pub use corpus::{Corpus, Document};
pub use error::{DataError, Place};
pub use files::{FileEntry, Files, Limits};
pub use judged::{Gold, Judged, Query};
pub use labelled::{Labelled, LabelledAnswers, LabelledSource, LabelledSources, LeftOut, Paths};
pub use outcomes::{
    Outcome, OutcomeColumns, OutcomeMatrix, OutcomeSource, OutcomeSources, RoutedPrompt, TaskFile,
};
pub use paths::PathText;
pub use posts::{
    Label, LabelColumn, Post, PostScores, PostSource, PostSources, Posts, VoteColumns,
};
pub use predicate::{PATH_SEPARATOR, Predicate};
pub use qrels::{Judgement, Qrels, QrelsFile};
pub use question_pairs::{QuestionPair, QuestionPairs};
pub use rankings::{Rankings, Retrieved};
pub use record::{Fields, Metadata, text_name};
pub use recorded::{Passage, Recorded, RecordedFile, Recordings};
pub use source::{CorpusFrom, Source};
pub use spans::{GoldSpan, Spans, SpansFile};
pub use table::{Encoding, Format, Table};
pub use vectors::VectorFile;

use labelled::{Missing, document_of};
