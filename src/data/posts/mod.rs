//! Posts of people, labelled by category: what a moderator is trained on and held against.

mod row;
mod scores;
mod source;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::ensure;
use serde::Serialize;

use self::row::{Reader, Said, quoted};
use super::{DataError, Digest, Metadata, Place, rows, text_name};

pub use self::scores::PostScores;
pub use self::source::{LabelColumn, PostSource, PostSources, VoteColumns};

/// A post.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Post {
    /// Its id, unique in the collection.
    pub id: String,
    /// What it says, not blank.
    pub text: String,
    /// By category, in the order of [`Posts::categories`].
    pub labels: Vec<Label>,
    /// What else is known of it: its fields can be slices, clusters and what a policy looks at. `set` is always there.
    pub metadata: Metadata,
}

/// What people say of a post and a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Label {
    /// Whether the post is of the category; absent where nobody said it, which is not the same as no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_positive: Option<bool>,
    /// Votes for and against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub votes: Option<[u32; 2]>,
}

impl Post {
    /// Whether it is of any category: yes where it is of one, no where it is of none, and not known where it is of none of those that are known and
    /// others are not.
    pub fn violates(&self) -> Option<bool> {
        let known = self.labels.iter().map(|label| label.is_positive);
        if known.clone().any(|label| label == Some(true)) {
            return Some(true);
        }
        let all: Option<Vec<bool>> = known.collect();
        all.filter(|all| !all.is_empty()).map(|_| false)
    }

    /// A name for its text: the same for the same letters and digits, so that it is told when one text stands in two collections.
    pub fn name(&self) -> String {
        text_name(&self.text)
    }

    /// The field of its metadata.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.metadata.get(name).map(String::as_str)
    }
}

const SET: &str = "set";

/// Posts of one or more files, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Posts {
    /// The files.
    pub paths: Vec<PathBuf>,
    /// The categories that some label is of, sorted by name.
    pub categories: Vec<String>,
    /// The posts.
    pub posts: Vec<Post>,
    /// Rows whose text is blank; they are left out.
    pub blank: usize,
}

impl Posts {
    /// Reads sources as one collection. A row is a post:
    ///
    /// | column | other names | holds |
    /// |---|---|---|
    /// | `id` | `_id` | the id: text or a whole number; the row's number, from 1, where there is no such column |
    /// | `text` | `post`, `content`, `message`, `comment`, `prompt`, `tweet` | what it says |
    /// | `labels` | or columns that the source names ([`LabelColumn`]) | an object: by category 1 or 0, or true or false; a category that is absent or null is not known |
    /// | `votes` | likewise | an object: by category the votes for and against |
    ///
    /// Every other column is metadata, and so are the fields of an object `metadata`; `set` is the file's name without its ending where a row has none. Where an
    /// id stands in two sets, the set goes before all ids: `SET:ID`.
    ///
    /// # Errors
    /// With file and line, where a column is missing or holds what it should not, or an id stands twice in a set; and where there is no post or no category.
    pub fn read(sources: &PostSources) -> anyhow::Result<Self> {
        Read::of(sources, true)?.finish()
    }

    /// The posts of sources whose labels do not matter, or that have none.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn texts(sources: &PostSources) -> anyhow::Result<Vec<Post>> {
        let read = Read::of(sources, false)?;
        ensure!(!read.posts.is_empty(), "{}: there is no post", read.names());
        Ok(read.posts)
    }

    /// A digest of the posts, whatever files they came from.
    pub fn digest(&self) -> String {
        let digest = Digest::default().with("categories", self.categories.join("\n"));
        let with = |digest: Digest, post: &Post| {
            let parts = serde_json::to_vec(post).expect("plain data is JSON");
            digest.with("post", parts)
        };
        self.posts.iter().fold(digest, with).finish()
    }

    /// The names of the posts' metadata fields, sorted and quoted.
    pub fn fields(&self) -> String {
        let names = self.posts.iter().flat_map(|post| post.metadata.keys());
        let names: BTreeSet<&str> = names.map(String::as_str).collect();
        quoted(names)
    }

    /// The posts of a category, of those of which it is known.
    pub fn positives(&self, category: usize) -> usize {
        let labels = self.posts.iter().map(|post| post.labels[category]);
        labels
            .filter(|label| label.is_positive == Some(true))
            .count()
    }
}

/// Checks the name of a category: it stands in the names of metrics, as in `AUROC(hate)`.
pub(super) fn check_category(name: &str) -> Result<(), String> {
    let is_bad = |c: char| c.is_whitespace() || c.is_control() || "(),|*/:=".contains(c);
    if name.is_empty() || name.chars().any(is_bad) {
        return Err(format!(
            "the category `{name}` must be a word without spaces and without any of `( ) , | * / : =`, for it stands in names of metrics"
        ));
    }
    Ok(())
}

/// What was read so far.
#[derive(Default)]
struct Read {
    paths: Vec<PathBuf>,
    posts: Vec<Post>,
    labels: Vec<BTreeMap<String, Label>>,
    blank: usize,
    /// The place of each post, by set and id.
    places: HashMap<(String, String), (PathBuf, Place)>,
}

impl Read {
    fn of(sources: &PostSources, is_labelled: bool) -> anyhow::Result<Self> {
        sources.validate()?;
        let mut read = Self::default();
        for source in &sources.0 {
            let mut positives = 0;
            for table in source.tables() {
                let path = table.path.resolve()?;
                let mut reader = Reader::new(source, &path, is_labelled);
                let rows = if source.columns.is_empty() {
                    table.whole_rows(&path)?
                } else {
                    rows::tabbed(&path, source.encoding, Some(source.columns.clone()))?
                };
                for (number, row) in (1_u64..).zip(rows) {
                    let (place, row) = row?;
                    let said = reader.said(number, &row);
                    let said = said.and_then(|said| {
                        let labels = said.labels.values();
                        positives += labels.filter(|one| one.is_positive == Some(true)).count();
                        read.add(said, &path, place)
                    });
                    said.map_err(|message| DataError::at(&path, place, message))?;
                }
                let checked = reader.check();
                checked.map_err(|message| DataError::file(&path, message))?;
                read.paths.push(path);
            }
            let names_values = source
                .labels
                .values()
                .any(|label| !label.positive.is_empty());
            ensure!(
                !is_labelled || positives > 0 || !names_values,
                "{}: no row has a value that `positive` of any category names; look at what the columns hold",
                read.names()
            );
        }
        Ok(read)
    }

    /// The files, in words.
    fn names(&self) -> String {
        let paths = self.paths.iter().map(|path| path.display().to_string());
        let paths: Vec<String> = paths.collect();
        quoted(paths.iter().map(String::as_str))
    }

    fn add(&mut self, said: Said, path: &std::path::Path, place: Place) -> Result<(), String> {
        let Some(text) = said.text else {
            self.blank += 1;
            return Ok(());
        };
        let set = said.metadata.get(SET).cloned().unwrap_or_default();
        let key = (set, said.id.clone());
        if let Some((file, earlier)) = self.places.insert(key, (path.to_owned(), place)) {
            return Err(format!(
                "the id `{}` stands already in `{}` {earlier}; ids must be unique in a set, so mend it or name the sets apart in `set`",
                said.id,
                file.display()
            ));
        }
        self.posts.push(Post {
            id: said.id,
            text,
            labels: Vec::new(),
            metadata: said.metadata,
        });
        self.labels.push(said.labels);
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<Posts> {
        let named = self.labels.iter().flat_map(BTreeMap::keys);
        let categories: BTreeSet<String> = named.cloned().collect();
        let categories: Vec<String> = categories.into_iter().collect();
        let paths = self.names();
        ensure!(!self.posts.is_empty(), "{paths}: there is no post");
        ensure!(
            !categories.is_empty(),
            "{paths}: no post has a label of any category"
        );
        for (post, labels) in self.posts.iter_mut().zip(&self.labels) {
            let of = |category: &String| labels.get(category).copied().unwrap_or_default();
            post.labels = categories.iter().map(of).collect();
        }
        let distinct: BTreeSet<&String> = self.posts.iter().map(|post| &post.id).collect();
        if distinct.len() < self.posts.len() {
            for post in &mut self.posts {
                let set = post.metadata.get(SET).cloned().unwrap_or_default();
                post.id = format!("{set}:{}", post.id);
            }
        }
        Ok(Posts {
            paths: self.paths,
            categories,
            posts: self.posts,
            blank: self.blank,
        })
    }
}
