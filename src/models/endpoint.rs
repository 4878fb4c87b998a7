//! Vectors from a server that speaks OpenAI's embeddings protocol (`POST {url}/embeddings`).

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::http::{Connect, Http, KeyHeader, Refusal, check_url, lock, side_by_side};
use super::{Embedder, Matrix};
use crate::data::Digest;

/// A server and what may be asked of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// The address that `/embeddings` is added to, such as `http://localhost:8000/v1`.
    pub url: String,
    /// The model's name, as the server knows it.
    pub model: String,
    /// Dimensions of its vectors.
    pub dim: usize,
    /// The environment variable that holds the key; none is sent where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// Texts in a request, at most 256, as documents come in batches of so many.
    #[serde(default = "default_batch")]
    pub batch: usize,
    /// Requests at the same time; more than 256 / `batch` are of no use.
    #[serde(default = "default_concurrency")]
    pub concurrency: usize,
    /// Further attempts after a request that was refused for now (429, 5xx) or lost.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Seconds that a request may take.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// Tokens that a process may have embedded, as the server counts them; unlimited where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// What is put before a query.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub query_prefix: String,
    /// What is put before a document.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub document_prefix: String,
}

fn default_batch() -> usize {
    64
}

fn default_concurrency() -> usize {
    4
}

fn default_retries() -> u32 {
    5
}

fn default_timeout() -> u64 {
    60
}

impl EndpointConfig {
    /// Checks what serde cannot.
    pub fn validate(&self) -> anyhow::Result<()> {
        super::http::check_key_env(self.key_env.as_deref())?;
        check_url(&self.url)?;
        let dim = u64::try_from(self.dim)?;
        let (batch, concurrency) = (u64::try_from(self.batch)?, u64::try_from(self.concurrency)?);
        for (name, number, most) in [
            ("dim", dim, 100_000),
            ("batch", batch, 256),
            ("concurrency", concurrency, 256),
            ("timeout_seconds", self.timeout_seconds, 86_400),
            ("max_tokens", self.max_tokens.unwrap_or(1), u64::MAX),
        ] {
            ensure!(
                (1..=most).contains(&number),
                "`{name} = {number}` must be a whole number from 1 to {most}"
            );
        }
        Ok(())
    }

    /// What its vectors are a function of.
    pub(super) fn digest(&self) -> String {
        Digest::default()
            .with("url", &self.url)
            .with("model", &self.model)
            .with("dim", self.dim.to_le_bytes())
            .finish()
    }

    pub(super) fn open(&self) -> anyhow::Result<Endpoint> {
        let connect = Connect {
            url: &self.url,
            key_env: self.key_env.as_deref(),
            key_header: KeyHeader::Bearer,
            timeout: Duration::from_secs(self.timeout_seconds),
            silence: None,
            connections: self.concurrency,
        };
        Ok(Endpoint {
            config: self.clone(),
            http: connect.open()?,
            tokens: AtomicU64::new(0),
        })
    }
}

/// The most bytes of an answer: a thousand texts of 4,096 dimensions need about 80 MB.
const LONGEST_ANSWER: u64 = 1 << 30;

const PATH: &str = "/embeddings";

/// A connection to the server.
pub struct Endpoint {
    config: EndpointConfig,
    http: Http,
    /// Tokens that the server has counted so far.
    tokens: AtomicU64,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedding>,
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
struct Usage {
    total_tokens: Option<u64>,
}

impl Embedder for Endpoint {
    fn dim(&self) -> usize {
        self.config.dim
    }

    fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let values = Mutex::new(vec![0.0; texts.len() * self.dim()]);
        self.embed_pieces(texts, &|first, rows| {
            let found = rows.values();
            lock(&values)[first * self.dim()..][..found.len()].copy_from_slice(found);
            Ok(())
        })?;
        let values = std::mem::take(&mut *lock(&values));
        Ok(Matrix::new(self.dim(), values))
    }

    /// A piece is a request; several are under way at the same time.
    fn embed_pieces(
        &self,
        texts: &[&str],
        done: &(dyn Fn(usize, Matrix) -> anyhow::Result<()> + Sync),
    ) -> anyhow::Result<()> {
        let batch = self.config.batch;
        let pieces: Vec<&[&str]> = texts.chunks(batch).collect();
        side_by_side(pieces.len(), self.config.concurrency, &|place| {
            done(place * batch, self.piece(pieces[place])?)
        })
    }
}

impl Endpoint {
    /// The vectors of one request's texts, asked for again where that can help.
    fn piece(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        self.http.patiently(self.config.retries, || {
            if let Some(most) = self.config.max_tokens {
                let spent = self.tokens.load(Ordering::Relaxed);
                if spent >= most {
                    return Err(Refusal::ForGood(anyhow!(
                        "the budget of `{}` is spent: {spent} tokens of {most}; raise `max_tokens`, what is embedded is kept",
                        self.config.model
                    )));
                }
            }
            self.request(texts)
        })
    }

    fn request(&self, texts: &[&str]) -> Result<Matrix, Refusal> {
        let body =
            json!({ "model": self.config.model, "input": texts, "encoding_format": "float" });
        let body = body.to_string();
        let mut response = self
            .http
            .post(PATH, &[], body.as_bytes())
            .map_err(|failure| failure.refusal)?;
        let url = self.http.place(PATH);
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER);
        let answer: Answer = body.read_json().map_err(|error| {
            Refusal::ForNow(
                anyhow!("`{url}` answers with what is no list of vectors: {error}"),
                None,
            )
        })?;
        let tokens = answer.usage.and_then(|usage| usage.total_tokens);
        self.tokens
            .fetch_add(tokens.unwrap_or(0), Ordering::Relaxed);
        self.rows(&url, texts.len(), answer.data)
            .map_err(Refusal::ForGood)
    }

    /// The vectors in the order of the texts, of length 1.
    fn rows(&self, url: &str, count: usize, data: Vec<Embedding>) -> anyhow::Result<Matrix> {
        let mut rows: Vec<Option<Vec<f32>>> = vec![None; count];
        for Embedding { index, embedding } in data {
            ensure!(
                embedding.len() == self.config.dim,
                "`{url}` gives vectors of {} dimensions, the config says `dim = {}`",
                embedding.len(),
                self.config.dim
            );
            let Some(row) = rows.get_mut(index) else {
                bail!("`{url}` gives a vector for text {index} of {count}");
            };
            ensure!(
                row.is_none(),
                "`{url}` gives two vectors for text {index} of {count}"
            );
            *row = Some(embedding);
        }
        let mut matrix = Matrix::new(self.config.dim, Vec::new());
        for row in rows {
            let mut row = row.with_context(|| format!("`{url}` gives fewer vectors than texts"))?;
            Matrix::normalise(&mut row);
            matrix.push(&row);
        }
        Ok(matrix)
    }
}
