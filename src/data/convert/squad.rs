//! SQuAD's JSON, as SQuAD 1 and 2, XQuAD and MLQA have it.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;

use super::{Contents, FromFile, Judged, push, row, text};
use crate::data::rows::Row;
use crate::data::{Block, BlockKind, DataError, Encoding, GoldAnswer, GoldSpan};

#[derive(Deserialize)]
struct Whole {
    data: Vec<Article>,
}

#[derive(Deserialize)]
struct Article {
    #[serde(default)]
    title: String,
    paragraphs: Vec<Paragraph>,
}

#[derive(Deserialize)]
struct Paragraph {
    context: String,
    qas: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    id: String,
    #[serde(rename = "question")]
    text: String,
    #[serde(default)]
    answers: Vec<Answer>,
    #[serde(default)]
    is_impossible: bool,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    #[serde(rename = "answer_start")]
    start: Option<usize>,
}

/// Where the articles' text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Into {
    /// Every paragraph is a document, `article-paragraph`, counted from 1 through all files.
    Paragraphs,
    /// So many articles in a row are a document, `volume-1` and so on: long documents with headings, as chunking meets them.
    Volumes(NonZeroUsize),
}

/// Every question becomes a query that is judged for the document that answers it, with its answers and its article as metadata
/// and the places of its answers as gold spans. Each different answer is a gold answer. A question that its paragraph does not answer has no
/// judgement, and its gold is that there is no answer.
pub(super) fn read(paths: &[PathBuf], into: Into) -> Result<Contents, DataError> {
    let mut files = Vec::new();
    for path in paths {
        let whole: Whole = serde_json::from_str(&text(path, Encoding::Utf8)?).map_err(|error| {
            DataError::file(
                path,
                format!("not SQuAD's JSON (`data`, `paragraphs`, `qas`): {error}"),
            )
        })?;
        files.push((path, whole.data));
    }
    let articles: usize = files.iter().map(|(_, articles)| articles.len()).sum();
    let mut reader = Reader {
        volume_of: match into {
            Into::Paragraphs => None,
            Into::Volumes(volumes) => Some(articles.div_ceil(volumes.get()).max(1)),
        },
        articles: 0,
        volume: Document::default(),
        rows: [Vec::new(), Vec::new()],
        judged: Vec::new(),
        spans: Vec::new(),
        answers: Vec::new(),
    };
    let (mut documents, mut queries) = (Vec::new(), Vec::new());
    for (path, articles) in files {
        for article in articles {
            reader
                .article(article)
                .map_err(|message| DataError::file(path, message))?;
        }
        // A volume ends with the file that its articles stand in.
        reader.end_of_volume();
        let [documents_here, queries_here] =
            std::mem::take(&mut reader.rows).map(|rows| FromFile {
                path: path.clone(),
                rows,
            });
        documents.push(documents_here);
        queries.push(queries_here);
    }
    Ok(Contents {
        documents,
        queries: Some(queries),
        judged: Some(reader.judged),
        spans: reader.spans,
        answers: reader.answers,
        ..Contents::default()
    })
}

struct Reader {
    /// Articles of a volume, where there are volumes.
    volume_of: Option<usize>,
    articles: usize,
    volume: Document,
    /// Those of the documents and of the queries.
    rows: [Vec<Row>; 2],
    judged: Vec<Judged>,
    spans: Vec<(String, GoldSpan)>,
    answers: Vec<(String, GoldAnswer)>,
}

/// A document in the making.
#[derive(Default)]
struct Document {
    id: String,
    text: String,
    characters: usize,
    blocks: Vec<Block>,
}

impl Document {
    /// Adds a block; the character that it begins at.
    fn add(&mut self, kind: BlockKind, text: &str) -> usize {
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
            self.characters += 2;
        }
        let start = self.characters;
        self.text.push_str(text);
        self.characters += text.chars().count();
        self.blocks.push(Block {
            kind,
            start,
            end: self.characters,
            page: None,
        });
        start
    }
}

impl Reader {
    fn article(&mut self, article: Article) -> Result<(), String> {
        self.articles += 1;
        if let Some(articles) = self.volume_of {
            if (self.articles - 1).is_multiple_of(articles) {
                self.end_of_volume();
            }
            self.volume.id = format!("volume-{}", (self.articles - 1) / articles + 1);
            if !article.title.trim().is_empty() {
                self.volume
                    .add(BlockKind::Heading(1), &article.title.replace('_', " "));
            }
        }
        for (number, paragraph) in (1..).zip(article.paragraphs) {
            let (document, start) = if self.volume_of.is_some() {
                let start = self.volume.add(BlockKind::Paragraph, &paragraph.context);
                (self.volume.id.clone(), start)
            } else {
                let id = format!("{}-{number}", self.articles);
                let columns = [
                    ("id", json!(id)),
                    ("title", json!(article.title)),
                    ("text", json!(paragraph.context)),
                ];
                push(&mut self.rows[0], row(columns));
                (id, 0)
            };
            for question in paragraph.qas {
                self.question(
                    question,
                    &article.title,
                    &paragraph.context,
                    &document,
                    start,
                )?;
            }
        }
        Ok(())
    }

    /// A question about a paragraph that begins at `start` of a document.
    fn question(
        &mut self,
        question: Question,
        article: &str,
        context: &str,
        document: &str,
        start: usize,
    ) -> Result<(), String> {
        let texts: Vec<&str> = question
            .answers
            .iter()
            .map(|answer| answer.text.as_str())
            .collect();
        let columns = [
            ("id", json!(question.id)),
            ("text", json!(question.text)),
            ("answers", json!(texts.join(" | "))),
            ("article", json!(article)),
        ];
        push(&mut self.rows[1], row(columns));
        if let Some(gold) = gold(&question) {
            self.answers.push((question.id.clone(), gold));
        }
        if question.is_impossible {
            return Ok(());
        }
        self.judged.push(Judged {
            query: question.id.clone(),
            document: document.to_owned(),
            grade: 1,
        });
        for answer in question.answers {
            let Some(from) = answer.start else { continue };
            let length = answer.text.chars().count();
            let there: String = context.chars().skip(from).take(length).collect();
            if there != answer.text {
                return Err(format!(
                    "question `{}`: its answer `{}` does not stand at character {from} of its paragraph, there is `{there}`",
                    question.id, answer.text
                ));
            }
            let span = GoldSpan {
                document: document.to_owned(),
                start: start + from,
                end: start + from + length,
                text: Some(answer.text),
            };
            self.spans.push((question.id.clone(), span));
        }
        Ok(())
    }

    fn end_of_volume(&mut self) {
        let Document {
            id, text, blocks, ..
        } = std::mem::take(&mut self.volume);
        if !text.is_empty() {
            let columns = [
                ("id", json!(id)),
                ("title", json!("")),
                ("text", json!(text)),
                ("blocks", json!(blocks)),
            ];
            push(&mut self.rows[0], row(columns));
        }
    }
}

/// What is known of the answer to a question; nothing where the file withholds it, as that of a test split.
fn gold(question: &Question) -> Option<GoldAnswer> {
    let mut gold = GoldAnswer {
        answerable: Some(!question.is_impossible),
        ..GoldAnswer::default()
    };
    if question.is_impossible {
        return Some(gold);
    }
    for Answer { text, .. } in &question.answers {
        if !gold.answers.contains(text) {
            gold.answers.push(text.clone());
        }
    }
    Some(gold).filter(|gold| !gold.answers.is_empty())
}
