//! Where posts lie, and which of their columns say what.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};

use crate::data::labelled::Paths;
use crate::data::{Encoding, Format, PathText, Table};

/// One or more sources that are read as one collection, as `posts = [{ path = "posts.jsonl" }]` in a config.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PostSources(pub Vec<PostSource>);

/// Files of posts of one kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostSource {
    /// The files.
    pub path: Paths,
    /// Their format; told from their endings where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Their character encoding.
    #[serde(default, skip_serializing_if = "is_utf8")]
    pub encoding: Encoding,
    /// The names of the columns of files without a header, whose cells are separated by tabs and in which a quotation mark is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The column of the text, where it has another name than those of [`super::Posts::read`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The column of the id, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The posts' field `set`, where it is not to be the file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<String>,
    /// By category, which column says whether a post is of it; a column `labels` says it for all where absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, LabelColumn>,
}

/// What says whether posts are of a category. `{}` is a column of the category's name with 1 and 0.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelColumn {
    /// The column; the category's name where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Its values for a post of the category; `1`, `true` and `yes` where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positive: Vec<String>,
    /// Its values for a post that is not. Where these are absent, every value that is not in `positive` is one; where they are there, any other value means that nothing
    /// is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negative: Vec<String>,
    /// The columns that count people's votes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub votes: Option<VoteColumns>,
}

/// The columns that count people's votes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteColumns {
    /// The one that counts those for the category.
    pub yes: String,
    /// The one that counts all.
    pub all: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde's skip_serializing_if passes a reference"
)]
fn is_utf8(encoding: &Encoding) -> bool {
    *encoding == Encoding::Utf8
}

impl PostSource {
    pub(super) fn tables(&self) -> impl Iterator<Item = Table> {
        let table = |path: &PathText| Table {
            format: self.format,
            encoding: self.encoding,
            ..Table::at(path.clone())
        };
        self.path.all().iter().map(table)
    }

    fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.path.all().is_empty(),
            "a source's `path` names no file; name at least one"
        );
        ensure!(
            self.columns.is_empty() || self.format.is_none(),
            "`columns` is for files without a header, with tabs between the cells; drop `format`"
        );
        for (category, label) in &self.labels {
            let twice = label
                .positive
                .iter()
                .find(|value| label.negative.contains(value));
            ensure!(
                twice.is_none(),
                "`labels.{category}` has `{}` in `positive` and in `negative`",
                twice.map_or("", String::as_str)
            );
            ensure!(
                label.negative.is_empty() || !label.positive.is_empty(),
                "`labels.{category}` has `negative` and no `positive`; name the values of both"
            );
            super::check_category(category).map_err(anyhow::Error::msg)?;
        }
        Ok(())
    }
}

impl PostSources {
    /// Checks what can be told without a look at the files.
    ///
    /// # Errors
    /// Where there is no source, or one of them is at fault.
    pub fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            !self.0.is_empty(),
            "`posts` is empty; name at least one source, as in `posts = [{{ path = \"posts.jsonl\" }}]`"
        );
        let sources = self.0.iter().map(PostSource::validate);
        sources.collect::<anyhow::Result<()>>().context("`posts`")
    }
}
