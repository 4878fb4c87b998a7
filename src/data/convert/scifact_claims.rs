//! SciFact's claims, each held against every abstract that it cites, as labelled answers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::labelled::metadata;
use super::scifact::read_claims;
use super::{Contents, path_text};
use crate::data::{Corpus, DataError, Document, Labelled, Passage, Table};

/// A claim and an abstract that it cites become a labelled answer, supported where the abstract's evidence is `SUPPORT`, and not where it is
/// `CONTRADICT`, or both (`MIXED`), or where it has none: `nei`, not enough information. A claim that cites nothing has no label. There is no
/// question. Metadata: `label`; `claim_id`; `document`, the abstract's id.
pub(super) fn read(corpus: &[PathBuf], claims: &Path) -> anyhow::Result<Contents> {
    let mut abstracts: HashMap<String, Document> = HashMap::new();
    for path in corpus {
        for document in Corpus::open(&Table::at(path_text(path)?))? {
            let document = document?;
            abstracts.insert(document.id.clone(), document);
        }
    }
    let mut contents = Contents::default();
    for (id, claim) in read_claims(claims, &abstracts)? {
        if claim.cited.is_empty() {
            contents.label(None, Labelled::default());
        }
        for cited in &claim.cited {
            let document = abstracts.get(cited).ok_or_else(|| {
                let message = format!("claim `{id}` cites document `{cited}`, which is not in the corpus; give the corpus that belongs to the claims");
                DataError::file(claims, message)
            })?;
            let label = claim.label_of(cited).unwrap_or("nei");
            let passage = Passage {
                id: Some(cited.clone()),
                title: document.title.clone(),
                text: document.text.clone(),
                score: None,
            };
            let one = Labelled {
                id: format!("{id}-{cited}"),
                answer: claim.text.clone(),
                contexts: vec![passage],
                metadata: metadata([
                    ("set", "scifact"),
                    ("label", label),
                    ("claim_id", &id),
                    ("document", cited),
                ]),
                ..Labelled::default()
            };
            contents.label(Some(label == "SUPPORT"), one);
        }
    }
    Ok(contents)
}
