//! Vectors by the content of their texts: nothing is embedded twice by the same model.
//!
//! One file a model, only ever added to: after a header a record a text, the SHA-256 of the text, the vector, and a
//! checksum of both. A record that is not as it was written is passed over, and one cut off by the end of a process dropped.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use sha2::{Digest as _, Sha256};

use crate::models::{Embedder, Matrix, OpenedEmbedder};

type Key = [u8; 32];

const CHECK: usize = 8;

/// A model that remembers its vectors.
pub struct CachedEmbedder {
    inner: Box<dyn Embedder + Send>,
    known: Mutex<Known>,
}

struct Known {
    rows: HashMap<Key, u32>,
    vectors: Matrix,
    /// Where new records go; `None` while another process writes, which is no reason to wait.
    file: Option<File>,
}

/// The models that are open, each with its cache, in which only one may write.
#[derive(Default)]
pub struct Embeddings(BTreeMap<String, Arc<CachedEmbedder>>);

impl Embeddings {
    /// The model with its cache, opened once however many sets of vectors it makes.
    pub fn of(&mut self, opened: OpenedEmbedder) -> anyhow::Result<Arc<CachedEmbedder>> {
        if let Some(known) = self.0.get(&opened.digest) {
            return Ok(Arc::clone(known));
        }
        let digest = opened.digest.clone();
        let cached = CachedEmbedder::open(opened, &super::folder().join("embeddings"))?;
        Ok(Arc::clone(self.0.entry(digest).or_insert(Arc::new(cached))))
    }
}

impl CachedEmbedder {
    /// The model with its file in `folder`, which is made where it is missing.
    fn open(opened: OpenedEmbedder, folder: &Path) -> anyhow::Result<Self> {
        fs_err::create_dir_all(folder)?;
        let path = folder.join(format!(
            "{}.vectors",
            &opened.digest[..32.min(opened.digest.len())]
        ));
        let known = Known::open(&path, &opened.digest, opened.embedder.dim())
            .with_context(|| {
                format!(
                    "cannot open the cache of vectors `{}`; set RAGKIT_CACHE to a folder that can be written",
                    path.display()
                )
            })?;
        Ok(Self {
            inner: opened.embedder,
            known: Mutex::new(known),
        })
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Embedder for CachedEmbedder {
    fn dim(&self) -> usize {
        self.inner.dim()
    }

    fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
        let keys: Vec<Key> = texts
            .iter()
            .map(|text| Sha256::digest(text).into())
            .collect();
        let mut missing: Vec<(Key, &str)> = Vec::new();
        {
            let known = self.known();
            let mut asked = std::collections::HashSet::new();
            for (key, text) in keys.iter().zip(texts) {
                if !known.rows.contains_key(key) && asked.insert(key) {
                    missing.push((*key, text));
                }
            }
        }
        // Long texts with long ones, so that a batch does not wait for a single one of them.
        missing.sort_by_key(|(_, text)| text.len());
        let (keys_of_missing, texts): (Vec<Key>, Vec<&str>) = missing.into_iter().unzip();
        self.inner.embed_pieces(&texts, &|first, vectors| {
            if let Some(bad) = (0..vectors.rows()).find(|row| !is_finite(vectors.row(*row))) {
                let start: String = texts[first + bad].chars().take(60).collect();
                bail!(
                    "the model makes NaN or infinite numbers of the text `{start}`; its weights are damaged or overflow, fetch it again"
                );
            }
            self.known().add(&keys_of_missing[first..], &vectors)
        })?;
        let known = self.known();
        let mut found = Matrix::new(self.dim(), Vec::new());
        for key in &keys {
            let row = known.rows.get(key).context("every text was embedded")?;
            found.push(known.vectors.row(*row as usize));
        }
        Ok(found)
    }
}

impl Known {
    fn open(path: &Path, digest: &str, dim: usize) -> anyhow::Result<Self> {
        let mut file = fs_err::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?
            .into_file();
        let writable = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error.into()),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let header = format!("ragkit vectors 1 {digest} {dim}\n").into_bytes();
        let mut known = Self {
            rows: HashMap::new(),
            vectors: Matrix::new(dim, Vec::new()),
            file: None,
        };
        // A file of another model or another ragkit is begun anew.
        let mut whole = 0;
        if let Some(records) = bytes.strip_prefix(header.as_slice()) {
            whole = header.len() + known.read(records, dim);
        }
        if writable {
            if whole == 0 {
                file.set_len(0)?;
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&header)?;
            } else {
                file.set_len(whole as u64)?;
                file.seek(SeekFrom::End(0))?;
            }
            known.file = Some(file);
        }
        Ok(known)
    }

    /// Takes in the records that are as they were written, and says how many bytes all but a torn last one take.
    fn read(&mut self, records: &[u8], dim: usize) -> usize {
        let size = size_of::<Key>() + 4 * dim + CHECK;
        for record in records.chunks_exact(size) {
            let (content, check) = record.split_at(size - CHECK);
            if checksum(content) != check {
                continue;
            }
            let (key, vector) = content.split_at(size_of::<Key>());
            let vector: Vec<f32> = vector
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect();
            self.insert(key.try_into().unwrap_or_default(), &vector);
        }
        records.len() / size * size
    }

    fn insert(&mut self, key: Key, vector: &[f32]) {
        let next = u32::try_from(self.vectors.rows()).unwrap_or(u32::MAX);
        if let std::collections::hash_map::Entry::Vacant(place) = self.rows.entry(key) {
            place.insert(next);
            self.vectors.push(vector);
        }
    }

    /// Remembers vectors, the first of `keys` being theirs, and writes them down.
    fn add(&mut self, keys: &[Key], vectors: &Matrix) -> anyhow::Result<()> {
        let mut records = Vec::new();
        for (place, key) in keys.iter().enumerate().take(vectors.rows()) {
            let row = vectors.row(place);
            self.insert(*key, row);
            let start = records.len();
            records.extend_from_slice(key);
            records.extend(row.iter().flat_map(|value| value.to_le_bytes()));
            let check = checksum(&records[start..]);
            records.extend_from_slice(&check);
        }
        if let Some(file) = &mut self.file {
            file.write_all(&records)
                .and_then(|()| file.sync_data())
                .context("cannot write the cache of vectors")?;
        }
        Ok(())
    }
}

fn is_finite(row: &[f32]) -> bool {
    row.iter().all(|value| value.is_finite())
}

fn checksum(bytes: &[u8]) -> [u8; CHECK] {
    let sum = Sha256::digest(bytes);
    std::array::from_fn(|place| sum[place])
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A text's length and its count of letters `a`; counts what it is asked.
    struct Lengths(std::sync::Arc<AtomicUsize>);

    impl Embedder for Lengths {
        fn dim(&self) -> usize {
            2
        }

        fn embed(&self, texts: &[&str]) -> anyhow::Result<Matrix> {
            self.0.fetch_add(texts.len(), Ordering::Relaxed);
            let length = |text: &str| {
                if text == "bad" {
                    f32::NAN
                } else {
                    text.len() as f32
                }
            };
            let row = |text: &&str| [length(text), text.matches('a').count() as f32];
            Ok(Matrix::new(2, texts.iter().flat_map(row).collect()))
        }
    }

    fn open(folder: &Path, digest: &str) -> (CachedEmbedder, std::sync::Arc<AtomicUsize>) {
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let opened = OpenedEmbedder {
            embedder: Box::new(Lengths(asked.clone())),
            digest: digest.to_owned(),
        };
        (CachedEmbedder::open(opened, folder).unwrap(), asked)
    }

    #[test]
    fn what_is_no_vector_is_refused_and_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, asked) = open(folder.path(), "model");
        for _ in 0..2 {
            assert_eq!(
                cache.embed(&["good", "bad"]).unwrap_err().to_string(),
                "the model makes NaN or infinite numbers of the text `bad`; its weights are damaged or overflow, fetch it again"
            );
        }
        assert_eq!(asked.load(Ordering::Relaxed), 4);
    }

    #[test]
    fn nothing_is_embedded_twice_and_a_torn_record_is_embedded_again() {
        let folder = tempfile::tempdir().unwrap();
        let texts = ["aa", "b", "aa", ""];
        let expected = [2.0, 2.0, 1.0, 0.0, 2.0, 2.0, 0.0, 0.0];
        {
            let (cache, asked) = open(folder.path(), "model");
            assert_eq!(cache.embed(&texts).unwrap().values(), expected);
            assert_eq!(asked.load(Ordering::Relaxed), 3);
        }
        {
            let (cache, asked) = open(folder.path(), "model");
            assert_eq!(cache.embed(&texts).unwrap().values(), expected);
            assert_eq!(asked.load(Ordering::Relaxed), 0);
            // While this one writes, another reads, computes and does not write.
            let (other, asked) = open(folder.path(), "model");
            assert_eq!(
                other.embed(&["aa", "new"]).unwrap().values(),
                [2.0, 2.0, 3.0, 0.0]
            );
            assert_eq!(asked.load(Ordering::Relaxed), 1);
        }
        let path = folder.path().join("model.vectors");
        let whole = fs_err::read(&path).unwrap();
        let record = size_of::<Key>() + 4 * 2 + CHECK;
        let with_flipped = |place: usize| {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            flipped
        };
        // The last one torn, the last one wrong, the first one wrong: one text is embedded again, and in the latter two
        // cases written behind the others.
        for (damaged, more) in [
            (whole[..whole.len() - 3].to_vec(), 0),
            (with_flipped(whole.len() - 20), record),
            (with_flipped(whole.len() - 2 * record - 20), record),
        ] {
            fs_err::write(&path, damaged).unwrap();
            let (cache, asked) = open(folder.path(), "model");
            assert_eq!(cache.embed(&texts).unwrap().values(), expected);
            assert_eq!(asked.load(Ordering::Relaxed), 1);
            drop(cache);
            assert_eq!(fs_err::read(&path).unwrap().len(), whole.len() + more);
        }
        let (cache, asked) = open(folder.path(), "another");
        assert_eq!(cache.embed(&["aa"]).unwrap().values(), [2.0, 2.0]);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }
}
