//! Real lists on real posts; skipped without data.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Golden {
    posts: usize,
    /// For each list: its terms, posts with a hit, hits.
    lists: Vec<(String, usize, usize, usize)>,
    /// Lists that have a term twice, with the line of the second one.
    duplicates: Vec<(String, u64)>,
}

fn data() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("RAGKIT_DATA")?).join("moderation");
    folder.is_dir().then_some(folder)
}

fn tweets(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("davidson/labeled_data.csv")).unwrap();
    let column = reader
        .headers()
        .unwrap()
        .iter()
        .position(|name| name == "tweet")
        .unwrap();
    let rows = reader
        .records()
        .map(|row| row.unwrap()[column].to_lowercase());
    rows.collect()
}

#[test]
#[expect(clippy::print_stderr, reason = "tells what was not tested")]
fn real_lists_hit_what_python_finds() {
    let Some(folder) = data() else {
        eprintln!("SKIPPED: Davidson's tweets; set RAGKIT_DATA");
        return;
    };
    let golden = include_str!("../../../../tests/golden/moderation_prefilter.json");
    let golden: Golden = serde_json::from_str(golden).unwrap();
    let list = |name: &str| BlocklistConfig {
        path: PathText::literal(folder.join("ldnoobw").join(name).to_str().unwrap()),
        category: name.to_owned(),
        language: None,
        action: Action::Reject,
        whole_words: true,
    };
    for (name, line) in &golden.duplicates {
        let error = open(vec![list(name)], vec![]).err().unwrap().to_string();
        assert!(error.contains(&format!("line {line}: ")), "{error}");
    }
    let tweets = tweets(&folder);
    assert_eq!(tweets.len(), golden.posts);
    let lists = golden.lists.iter().map(|(name, ..)| list(name)).collect();
    let prefilter = open(lists, vec![]).unwrap();
    let (mut posts, mut hits) = (vec![0; golden.lists.len()], vec![0; golden.lists.len()]);
    for tweet in &tweets {
        let mut is_hit = vec![false; golden.lists.len()];
        for hit in prefilter.hits(tweet, None) {
            hits[hit.category] += 1;
            is_hit[hit.category] = true;
        }
        for (posts, is_hit) in posts.iter_mut().zip(is_hit) {
            *posts += usize::from(is_hit);
        }
    }
    for (number, (name, terms, in_posts, in_all)) in golden.lists.iter().enumerate() {
        let own = prefilter
            .terms
            .iter()
            .filter(|term| term.list == number)
            .count();
        assert_eq!(
            (own, posts[number], hits[number]),
            (*terms, *in_posts, *in_all),
            "{name}"
        );
    }
}
