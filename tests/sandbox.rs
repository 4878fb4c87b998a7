//! A folder of its own for a test, in which the binary runs as a user would run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A temporary folder with files, and the binary.
pub struct Sandbox {
    folder: tempfile::TempDir,
}

/// What a run of the binary showed.
#[derive(Debug)]
pub struct Shown {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Sandbox {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A sandbox with a small dataset in BEIR's layout in `data`, and the config `config.toml` over it.
    pub fn with_dataset() -> Self {
        Self::new()
            .file("data/corpus.jsonl", corpus(40))
            .file("data/queries.jsonl", QUERIES)
            .file("data/qrels/test.tsv", QRELS)
            .file("config.toml", CONFIG)
    }

    /// Adds a file.
    pub fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        std::fs::read(self.folder.path().join(path)).unwrap()
    }

    /// The binary with these arguments, separated by blanks, about to run in this folder.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ragkit"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path());
        command
            .env_remove("RAGKIT_CACHE")
            .env_remove("RAGKIT_DATA")
            .env_remove("RAGKIT_THREADS");
        command
    }

    pub fn run(&self, arguments: &str) -> Shown {
        self.shown(self.command(arguments).output().unwrap())
    }

    /// Runs the binary, which must succeed.
    pub fn ok(&self, arguments: &str) -> Shown {
        let shown = self.run(arguments);
        assert_eq!(shown.code, Some(0), "ragkit {arguments}: {shown:#?}");
        shown
    }

    /// Runs the binary, which must fail with exit code 2 and exactly this on standard error.
    #[track_caller]
    pub fn fails(&self, arguments: &str, message: &str) {
        let shown = self.run(arguments);
        assert_eq!(
            (shown.code, shown.stderr.trim_end()),
            (Some(2), format!("error: {message}").as_str()),
            "ragkit {arguments}"
        );
        assert_eq!(shown.stdout, "", "a failure leaves standard output alone");
    }

    fn shown(&self, output: Output) -> Shown {
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(&self.folder.path().display().to_string(), "SANDBOX")
        };
        Shown {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The run directories, oldest first.
    pub fn runs(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("reports")) else {
            return Vec::new();
        };
        let mut runs: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        runs.sort();
        runs
    }
}

/// What `ragkit eval CONFIG --format json` prints when it runs in this checkout with a run of its own, and with an index of its own
/// unless a cache is named. `command` with the arguments `before` is the binary; `config` may be followed by options.
pub fn eval_in_checkout(
    command: &mut Command,
    before: &[&str],
    config: &str,
    cache: Option<&Path>,
) -> serde_json::Value {
    let folder = tempfile::tempdir().unwrap();
    let output = command
        .args(before)
        .arg("eval")
        .args(config.split_whitespace())
        .args(["--format", "json", "--reports"])
        .arg(folder.path().join("reports"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env(
            "RAGKIT_CACHE",
            cache.unwrap_or(&folder.path().join("cache")),
        )
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A corpus of `count` documents about animals in places; the first five are those that the queries ask for.
pub fn corpus(count: usize) -> String {
    let animals = [
        "otter", "heron", "badger", "lynx", "falcon", "beaver", "marten",
    ];
    let places = ["river", "forest", "mountain", "city", "island"];
    (0..count)
        .map(|i| {
            let (animal, place) = (animals[i % animals.len()], places[i % places.len()]);
            let access = if i % 10 == 9 { r#"["rangers"]"# } else { "[]" };
            format!(
                "{{\"_id\": \"d{i}\", \"title\": \"The {animal}\", \"text\": \"A {animal} was seen near the {place}, sighting number {i}.\", \"metadata\": {{\"place\": \"{place}\"}}, \"access\": {access}}}\n"
            )
        })
        .collect()
}

const QUERIES: &str = r#"{"_id": "q1", "text": "otter near the river", "metadata": {"kind": "plain"}}
{"_id": "q2", "text": "herons in forests", "metadata": {"kind": "plain"}}
{"_id": "q3", "text": "badger mountain", "metadata": {"kind": "short"}, "access": []}
{"_id": "q4", "text": "lynx sighting number 3", "metadata": {"kind": "short"}}
{"_id": "q5", "text": "falcon", "metadata": {"kind": "short"}, "access": ["rangers"]}
{"_id": "q6", "text": "nobody judged this one"}
"#;

const QRELS: &str = "query-id\tcorpus-id\tscore\nq1\td0\t2\nq1\td35\t1\nq2\td1\t1\nq3\td2\t1\nq4\td3\t2\nq4\td4\t0\nq5\td4\t1\nq5\td39\t1\n";

pub const CONFIG: &str = r#"name = "small"
metrics = ["nDCG@10", "RR", "R@10"]
slices = ["kind"]
batch_size = 2
dataset.source.beir.path = "data"

[system.rag]
depth = 10

[[system.rag.variants]]
name = "bm25"
retrieve.lexical = {}

[[system.rag.variants]]
name = "lsa"
retrieve.dense = {}

[[system.rag.variants]]
name = "hybrid"
retrieve.hybrid = { depth = 8 }
"#;
