//! The arguments of `ragkit index`, and what they come to.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use crate::analysis::Language;
use crate::chunking::{Chunking, Fixed, Hierarchical, Semantic, Sentence, Similarity, Structure};
use crate::commands::known;
use crate::data::{Fields, Format, PathText, VectorFile};
use crate::indexes::{HnswConfig, VectorsConfig};
use crate::models::{Device, EmbedderConfig, EncoderConfig, LsaConfig, TokenizerConfig};

/// Build an index directory: BM25 and vectors.
///
/// PATH is a folder in BEIR's layout (corpus.jsonl), a table of documents (.jsonl, .csv, .tsv, .parquet), any other folder or
/// file, from which text is extracted (PDF, Word, PowerPoint, Excel, OpenDocument, HTML, Markdown, EPUB, RTF, mail, Confluence
/// and Slack exports, text; see `ragkit extract`), or a config (.toml), which says by itself what to index and where its
/// index lies.
///
/// --chunk cuts documents: the index then holds chunks, whose ids say which characters they are (`handbook.pdf#120-543`).
///
/// An index that stands at --out already is replaced once the new one is whole, and not before.
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    ragkit index datasets/handbook --out handbook.index\n  \
    ragkit index docs.csv --out docs.index --id doc_id --text body --metadata source,date --access groups\n  \
    ragkit index docs.parquet --out docs.index --vector embedding\n  \
    ragkit index wiki/ --out wiki.index --chunk structure --chunk-size 256 --max-failures 10\n  \
    ragkit index configs/demo.toml")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Arguments {
    /// What to index.
    pub(super) path: PathBuf,
    /// The index directory to write.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Format of the table [default: told from its ending].
    #[arg(long, value_name = "FORMAT", value_parser = known::<Format>)]
    pub(super) format: Option<Format>,
    /// Column of the id [default: _id or id].
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Column of the title [default: title, where there is one].
    #[arg(long, value_name = "COLUMN")]
    title: Option<String>,
    /// Column of the text [default: text].
    #[arg(long, value_name = "COLUMN")]
    text: Option<String>,
    /// Columns to keep as metadata [default: BEIR's metadata object].
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    metadata: Vec<String>,
    /// Column of the access labels [default: access, where there is one].
    #[arg(long, value_name = "COLUMN")]
    access: Option<String>,
    /// Column of your own vectors, with --embedder own [default: vector].
    #[arg(long, value_name = "COLUMN")]
    vector: Option<String>,
    /// Your own vectors as a NumPy file, with --embedder own and --vector-ids.
    #[arg(long, value_name = "FILE.npy", requires = "vector_ids")]
    vectors: Option<String>,
    /// One id a line, for the rows of --vectors.
    #[arg(long, value_name = "FILE", requires = "vectors")]
    vector_ids: Option<String>,
    /// Language of stop words and stemmer [default: english]. Arabic, greek, romanian, tamil and turkish have no list of
    /// stop words: give --keep-stop-words.
    #[arg(long, value_name = "LANGUAGE", value_parser = known::<Language>)]
    pub(super) language: Option<Language>,
    /// Keep stop words.
    #[arg(long)]
    pub(super) keep_stop_words: bool,
    /// Do not stem.
    #[arg(long)]
    pub(super) no_stem: bool,
    /// Cut documents into chunks.
    #[arg(long, value_enum, value_name = "STRATEGY")]
    chunk: Option<Strategy>,
    /// Most tokens of a chunk [default: 500].
    #[arg(long, value_name = "N", requires = "chunk")]
    chunk_size: Option<usize>,
    /// Tokens that a chunk shares with the one before [default: a tenth for `fixed`, none for `sentence`].
    #[arg(long, value_name = "N", requires = "chunk")]
    chunk_overlap: Option<usize>,
    /// What a token is: `words`, or those of a model [default: those of --model, else words].
    #[arg(long, value_name = "words|MODEL", value_parser = tokenizer)]
    pub(super) tokenizer: Option<TokenizerConfig>,
    /// End with exit code 2 if more than N files are refused; the index of the others is written all the same.
    #[arg(long, value_name = "N")]
    pub(super) max_failures: Option<usize>,
    /// Where the vectors come from [default: lsa; own with --vector or --vectors; encoder with --model].
    #[arg(long, value_enum)]
    embedder: Option<EmbedderKind>,
    /// Dimensions of lsa [default: 512].
    #[arg(long, value_name = "N")]
    dim: Option<usize>,
    /// The encoder: a name in `$RAGKIT_MODELS` (`models` unless set), or the path of a Hugging Face folder.
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Where the encoder computes.
    #[arg(long, default_value = "auto", value_name = "auto|cpu")]
    device: Device,
    /// Build a graph for approximate search (HNSW); for fewer than about 10,000 documents exact search is as fast.
    #[arg(long)]
    hnsw: bool,
    /// Insert one document after the other, so that the graph is the same, byte for byte, every time; on all threads
    /// otherwise.
    #[arg(long, requires = "hnsw")]
    deterministic: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EmbedderKind {
    /// None: lexical search only.
    None,
    /// Latent semantic analysis, fitted on the corpus.
    Lsa,
    /// Your own, from a column or a NumPy file.
    #[value(alias = "vectors")]
    Own,
    /// A transformer from a local folder (--model).
    Encoder,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Strategy {
    /// Windows of tokens.
    Fixed,
    /// Whole sentences.
    Sentence,
    /// Along headings, paragraphs and tables.
    Structure,
    /// Where adjacent sentences are little alike, by --model's vectors or else by their terms.
    Semantic,
    /// Sections, and chunks in them.
    Hierarchical,
}

#[expect(clippy::unnecessary_wraps, reason = "the form that clap asks for")]
fn tokenizer(text: &str) -> Result<TokenizerConfig, String> {
    Ok(match text {
        "words" => TokenizerConfig::Words,
        model => TokenizerConfig::Model(model.to_owned()),
    })
}

impl Arguments {
    /// Whether the path is a table of documents.
    pub(super) fn is_table(&self) -> bool {
        let ending = self
            .path
            .extension()
            .map(|ending| ending.to_string_lossy().to_lowercase());
        let is_one = ["jsonl", "ndjson", "csv", "tsv", "parquet"]
            .map(Some)
            .contains(&ending.as_deref());
        self.format.is_some() || (is_one && !self.path.is_dir())
    }

    /// How documents are to be cut.
    pub(super) fn chunking(&self) -> anyhow::Result<Chunking> {
        let Some(strategy) = self.chunk else {
            return Ok(Chunking::Whole);
        };
        ensure!(
            self.chunk_overlap.is_none()
                || matches!(strategy, Strategy::Fixed | Strategy::Sentence),
            "--chunk-overlap goes with `--chunk fixed` and `--chunk sentence` only"
        );
        let size = self.chunk_size.unwrap_or_else(|| Fixed::default().size);
        Ok(match strategy {
            Strategy::Fixed => Chunking::Fixed(Fixed {
                size,
                overlap: self.chunk_overlap,
            }),
            Strategy::Sentence => Chunking::Sentence(Sentence {
                size,
                overlap: self.chunk_overlap.unwrap_or(0),
            }),
            Strategy::Structure => Chunking::Structure(Structure {
                size,
                ..Structure::default()
            }),
            Strategy::Semantic => Chunking::Semantic(Semantic {
                size,
                similarity: self.model.clone().map_or(Similarity::Terms, |model| {
                    Similarity::Encoder(self.encoder(model))
                }),
                ..Semantic::default()
            }),
            Strategy::Hierarchical => Chunking::Hierarchical(Hierarchical {
                size,
                ..Hierarchical::default()
            }),
        })
    }

    fn encoder(&self, model: String) -> EncoderConfig {
        EncoderConfig {
            model,
            device: self.device,
            query_prefix: String::new(),
            document_prefix: String::new(),
        }
    }

    /// The columns that were named.
    pub(super) fn fields(&self) -> Fields {
        Fields {
            id: self.id.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            metadata: self.metadata.clone(),
            access: self.access.clone(),
            vector: self.vector.clone(),
            ..Fields::default()
        }
    }

    pub(super) fn vector_file(&self) -> Option<VectorFile> {
        let (npy, ids) = (self.vectors.as_ref()?, self.vector_ids.as_ref()?);
        Some(VectorFile {
            npy: PathText::literal(npy),
            ids: PathText::literal(ids),
        })
    }

    /// Whether anything was said of how to read the table.
    pub(super) fn maps_columns(&self) -> bool {
        !self.fields().is_default() || self.vectors.is_some() || self.format.is_some()
    }

    /// Whether anything was said of what to build.
    pub(super) fn shapes_index(&self) -> bool {
        self.language.is_some()
            || self.keep_stop_words
            || self.no_stem
            || self.embedder.is_some()
            || self.dim.is_some()
            || self.model.is_some()
            || self.hnsw
            || self.chunk.is_some()
            || self.tokenizer.is_some()
            || self.max_failures.is_some()
    }

    pub(super) fn vector_sets(&self) -> anyhow::Result<BTreeMap<String, VectorsConfig>> {
        let own = self.vector.is_some() || self.vectors.is_some();
        let kind = self.embedder.unwrap_or(match (own, &self.model) {
            (true, _) => EmbedderKind::Own,
            (false, Some(_)) => EmbedderKind::Encoder,
            (false, None) => EmbedderKind::Lsa,
        });
        ensure!(
            !own || kind == EmbedderKind::Own,
            "--vector and --vectors go with `--embedder own` only"
        );
        ensure!(
            self.dim.is_none() || kind == EmbedderKind::Lsa,
            "--dim goes with `--embedder lsa` only"
        );
        ensure!(
            self.model.is_some() == (kind == EmbedderKind::Encoder),
            "`--embedder encoder` and `--model` go together"
        );
        ensure!(
            !self.hnsw || kind != EmbedderKind::None,
            "--hnsw needs vectors; choose another `--embedder`"
        );
        let lsa = LsaConfig::default();
        let embedder = match (kind, &self.model) {
            (EmbedderKind::None, _) => return Ok(BTreeMap::new()),
            (EmbedderKind::Encoder, Some(model)) => {
                EmbedderConfig::Encoder(self.encoder(model.clone()))
            }
            (EmbedderKind::Own, _) => EmbedderConfig::Own,
            (EmbedderKind::Lsa | EmbedderKind::Encoder, _) => EmbedderConfig::Lsa(LsaConfig {
                dim: self.dim.unwrap_or(lsa.dim),
                ..lsa
            }),
        };
        let hnsw = self.hnsw.then(|| HnswConfig {
            deterministic: self.deterministic,
            ..HnswConfig::default()
        });
        let name = embedder.name().to_owned();
        Ok(BTreeMap::from([(name, VectorsConfig { embedder, hnsw })]))
    }
}
