//! Vectors from a server that speaks OpenAI's embeddings protocol (`POST {url}/embeddings`).
//!
//! The key comes from an environment variable and goes into the request's header, nowhere else: texts of errors are cleared of it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::json;

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
        ensure!(
            self.url.starts_with("http://") || self.url.starts_with("https://"),
            "`url = \"{}\"` must begin with `http://` or `https://`",
            self.url
        );
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

    /// Whether the server is on this machine, where no proxy leads to.
    fn is_local(&self) -> bool {
        let uri = self.url.parse::<ureq::http::Uri>();
        let host = uri.as_ref().ok().and_then(ureq::http::Uri::host);
        host.is_some_and(|host| {
            let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
            host == "localhost" || address.is_ok_and(|address| address.is_loopback())
        })
    }

    pub(super) fn open(&self) -> anyhow::Result<Endpoint> {
        let key = self.key_env.as_deref().map(key_of).transpose()?;
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(self.timeout_seconds)))
            .http_status_as_error(false)
            // A redirect would lose the body or the key: the user is told where it points.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("ragkit/", env!("CARGO_PKG_VERSION")));
        let config = if self.is_local() {
            config.proxy(None)
        } else {
            config
        };
        let agent = config.build().new_agent();
        Ok(Endpoint {
            config: self.clone(),
            key,
            agent,
            tokens: AtomicU64::new(0),
        })
    }
}

/// The key in an environment variable.
fn key_of(name: &str) -> anyhow::Result<String> {
    let key = std::env::var(name).unwrap_or_default().trim().to_owned();
    ensure!(
        !key.is_empty(),
        "the endpoint's key is missing; set the environment variable `{name}`"
    );
    ensure!(
        key.bytes().all(|byte| byte.is_ascii_graphic()),
        "the endpoint's key in the environment variable `{name}` holds what no key does, such as a blank or a line end; set it again"
    );
    Ok(key)
}

/// The most bytes of an answer: a thousand texts of 4,096 dimensions need about 80 MB.
const LONGEST_ANSWER: u64 = 1 << 30;

/// A connection to the server.
pub struct Endpoint {
    config: EndpointConfig,
    key: Option<String>,
    agent: ureq::Agent,
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

/// Why a request came to nothing.
enum Refusal {
    /// It may succeed later, after so long if the server said.
    ForNow(anyhow::Error, Option<Duration>),
    /// It will not.
    ForGood(anyhow::Error),
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
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<anyhow::Error>> = Mutex::default();
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(piece) = pieces.get(place) else {
                    break;
                };
                let ended = self.piece(piece).and_then(|rows| done(place * batch, rows));
                if let Err(error) = ended {
                    lock(&failed).get_or_insert(error);
                    // Whatever is left is not asked for.
                    next.store(pieces.len(), Ordering::Relaxed);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..self.config.concurrency.min(pieces.len()) {
                scope.spawn(work);
            }
        });
        lock(&failed).take().map_or(Ok(()), Err)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A thread that panicked takes the others with it when the scope ends.
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Endpoint {
    /// The vectors of one request's texts, asked for again where that can help.
    fn piece(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let mut attempt = 0;
        loop {
            if let Some(most) = self.config.max_tokens {
                let spent = self.tokens.load(Ordering::Relaxed);
                ensure!(
                    spent < most,
                    "the budget of `{}` is spent: {spent} tokens of {most}; raise `max_tokens`, what is embedded is kept",
                    self.config.model
                );
            }
            match self.request(texts) {
                Ok(rows) => return Ok(rows),
                Err(Refusal::ForGood(error)) => return Err(self.cleared_error(&error)),
                Err(Refusal::ForNow(error, wait)) => {
                    if attempt == self.config.retries {
                        let error = self.cleared_error(&error);
                        return Err(match attempt {
                            0 => error,
                            _ => error.context(format!("gave up after {} attempts", attempt + 1)),
                        });
                    }
                    std::thread::sleep(wait.unwrap_or_else(|| backoff(attempt)));
                    attempt += 1;
                }
            }
        }
    }

    fn request(&self, texts: &[&str]) -> Result<Matrix, Refusal> {
        let url = format!("{}/embeddings", self.config.url.trim_end_matches('/'));
        let mut request = self.agent.post(&url);
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let body =
            json!({ "model": self.config.model, "input": texts, "encoding_format": "float" });
        let mut response = request
            .send_json(body)
            .map_err(|error| Refusal::ForNow(anyhow!("`{url}` does not answer: {error}"), None))?;
        let status = response.status();
        if !status.is_success() {
            let wait = response.headers().get("retry-after");
            let wait = wait.and_then(|seconds| seconds.to_str().ok()?.trim().parse().ok());
            let text = response.body_mut().read_to_string().unwrap_or_default();
            // Cleared before it is cut: half a key is a secret too.
            let text: String = self.cleared(&text).chars().take(300).collect();
            let error = match response.headers().get("location") {
                Some(place) if status.is_redirection() => anyhow!(
                    "`{url}` answers {status} and points to `{}`; give the `url` that it points to",
                    place.to_str().unwrap_or_default()
                ),
                _ => anyhow!("`{url}` answers {status}: {text}"),
            };
            return Err(if status.as_u16() == 429 || status.is_server_error() {
                Refusal::ForNow(
                    error,
                    wait.map(|seconds: u64| Duration::from_secs(seconds.min(60))),
                )
            } else {
                Refusal::ForGood(error)
            });
        }
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

    fn cleared_error(&self, error: &anyhow::Error) -> anyhow::Error {
        anyhow!(self.cleared(&format!("{error:#}")))
    }

    /// A text without the key, should the server have repeated it.
    fn cleared(&self, text: &str) -> String {
        match &self.key {
            Some(key) => text.replace(key.as_str(), "[key]"),
            None => text.to_owned(),
        }
    }
}

/// Half a second, doubled by every attempt, up to 20 s, and up to as much again so that those refused together do not come back
/// together.
fn backoff(attempt: u32) -> Duration {
    let most = Duration::from_millis(500 * 2_u64.pow(attempt.min(5))).min(Duration::from_secs(20));
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let part = clock.map_or(0, |now| now.subsec_nanos() % 1000);
    most + most * part / 1000
}
