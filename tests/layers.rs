//! Imports point downwards only.

use std::path::{Path, PathBuf};

/// The modules of the crate by rank; a module may use those of a lower rank, and its own.
const RANKS: [&[&str]; 10] = [
    &[
        "data",
        "metrics",
        "outputs",
        "prompts",
        "queueing",
        "whole_file",
    ],
    &["analysis", "extraction", "scoring"],
    &["claims", "models", "report"],
    &["caches", "chunking", "comparison"],
    &["indexes", "learning"],
    &["faithfulness", "gate", "moderation", "routing"],
    &["systems"],
    &["experiment", "runner"],
    &["commands"],
    &["cli"],
];

/// `cli` parses what `commands` need, and they need its global options: the one pair that knows each other.
const ALLOWED: [(&str, &str); 1] = [("commands", "cli")];

fn rank(module: &str) -> usize {
    RANKS
        .iter()
        .position(|modules| modules.contains(&module))
        .unwrap_or_else(|| panic!("`{module}` has no rank"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn imports_point_downwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut checked = 0;
    for path in sources(&root) {
        let inside = path.strip_prefix(&root).unwrap();
        let module = inside
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if ["main", "lib", "build"].contains(&module) {
            continue;
        }
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            for used in line.split("crate::").skip(1) {
                let used = used
                    .split(|c: char| !c.is_ascii_lowercase() && c != '_')
                    .next()
                    .unwrap();
                if used == module
                    || used == "version"
                    || ALLOWED.contains(&(module, used))
                    || used.is_empty()
                {
                    continue;
                }
                checked += 1;
                assert!(
                    rank(used) < rank(module),
                    "{}:{}: `{module}` must not use `{used}`",
                    inside.display(),
                    number + 1
                );
            }
        }
    }
    assert!(
        checked > 30,
        "only {checked} imports were looked at: the test does not see the sources"
    );
}
