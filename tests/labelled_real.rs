//! Real collections of labelled answers, against what others count in them.

use std::path::{Path, PathBuf};

use ragkit::data::{Labelled, LabelledAnswers, LeftOut};
use serde_json::{Value, json};

use crate::labelled::{field, read};
use crate::real_data::data_folder;
use crate::sandbox::Sandbox;

/// The files of a folder with this ending, by name.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == ending));
    files.sort();
    files
}

/// Rows and supported ones by what a metadata field says.
fn by_field(found: &LabelledAnswers, name: &str) -> Value {
    let mut counts: std::collections::BTreeMap<&str, [usize; 2]> =
        std::collections::BTreeMap::new();
    for one in &found.answers {
        if let Some(value) = field(one, name) {
            let counts = counts.entry(value).or_default();
            counts[0] += 1;
            counts[1] += usize::from(one.supported);
        }
    }
    json!(counts)
}

fn counted(found: &LabelledAnswers) -> Value {
    let count = |is: &dyn Fn(&Labelled) -> bool| found.answers.iter().filter(|one| is(one)).count();
    let characters = |texts: &mut dyn Iterator<Item = &String>| -> usize {
        texts.map(|text| text.chars().count()).sum()
    };
    let passages = || found.answers.iter().flat_map(|one| &one.contexts);
    let documents: std::collections::BTreeSet<_> = found
        .answers
        .iter()
        .map(|one| field(one, "document").unwrap())
        .collect();
    let mut counted = json!({
        "rows": found.answers.len(),
        "supported": count(&|one| one.supported),
        "documents": documents.len(),
        "with_question": count(&|one| !one.question.trim().is_empty()),
        "contexts": passages().count(),
        "answer_characters": characters(&mut found.answers.iter().map(|one| &one.answer)),
        "context_characters": characters(&mut passages().map(|passage| &passage.text)),
        "both_ways": found.both_ways,
    });
    for name in ["part", "model", "label"] {
        let counts = by_field(found, name);
        if counts != json!({}) {
            counted[name] = counts;
        }
    }
    counted
}

/// What Python counts in the raw files (`golden/oracle/s21_labelled.py`).
#[test]
fn real_collections_count_what_others_count() {
    let Some(data) = data_folder() else { return };
    let golden: Value = serde_json::from_str(include_str!("golden/labelled.json")).unwrap();
    let rag = data.join("rag");
    let abstracts = vec![rag.join("scifact_beir/corpus.jsonl")];
    let collections = [
        ("begin", "begin", files(&rag.join("begin"), "tsv"), None),
        (
            "faithdial",
            "faithdial",
            files(&rag.join("faithdial_audit"), "csv"),
            None,
        ),
        (
            "halueval",
            "halueval",
            files(&rag.join("halueval"), "json"),
            None,
        ),
        (
            "expertqa",
            "expertqa",
            files(&rag.join("expertqa"), "jsonl"),
            None,
        ),
        (
            "scifactclaims_train",
            "scifactclaims",
            abstracts.clone(),
            Some("claims_train.csv"),
        ),
        (
            "scifactclaims_validation",
            "scifactclaims",
            abstracts,
            Some("claims_validation.csv"),
        ),
    ];
    let sandbox = Sandbox::new();
    for (name, layout, files, claims) in collections {
        let mut command = sandbox.command(&format!("data convert {layout} --out {name}"));
        command.args(files);
        if let Some(claims) = claims {
            command
                .arg("--queries")
                .arg(rag.join("scifact_beir").join(claims));
        }
        let output = command.output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let mut expected = golden[name].clone();
        let left = expected
            .as_object_mut()
            .unwrap()
            .remove("left_out")
            .unwrap();
        let left = ["label", "answer", "contexts"]
            .map(|name| usize::try_from(left[name].as_u64().unwrap()).unwrap());
        let left = LeftOut {
            label: left[0],
            answer: left[1],
            contexts: left[2],
        };
        let found = read(&sandbox, &[&format!("{name}/labelled.jsonl")]).unwrap();
        assert_eq!(counted(&found), expected, "{name}");
        let told = if left.rows() > 0 {
            format!(" (left out: {left})")
        } else {
            String::new()
        };
        assert_eq!(
            shown,
            format!(
                "{} labelled answers, {} of them supported{told}: `{name}`\n",
                expected["rows"], expected["supported"]
            )
        );
    }
}

#[test]
fn real_collections_are_what_their_cards_say() {
    let Some(data) = data_folder() else { return };
    let sandbox = Sandbox::new();
    let mut command =
        sandbox.command("data verify begin faithdial halueval expertqa scifact_claims --cards");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets"));
    command
        .env("RAGKIT_DATA", &data)
        .env("RAGKIT_CACHE", sandbox.path("cache"));
    let output = command.output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    for finding in [
        "labelled answers: 1229",
        "supported answers: 313",
        "labelled answers: 1258",
        "supported answers: 508",
    ] {
        assert!(shown.contains(&format!("  ok   {finding}\n")), "{shown}");
    }
}

/// One text that two collections hold is one document, so that training on the one can leave it out.
#[test]
fn begin_and_the_audit_share_documents() {
    let Some(data) = data_folder() else { return };
    let sandbox = Sandbox::new();
    let documents = |layout: &str, files: Vec<PathBuf>| -> Vec<String> {
        let mut command = sandbox.command(&format!("data convert {layout} --out {layout}"));
        assert!(command.args(files).output().unwrap().status.success());
        let found = read(&sandbox, &[&format!("{layout}/labelled.jsonl")]).unwrap();
        let documents = found.answers.iter().map(|one| field(one, "document"));
        documents
            .map(|document| document.unwrap().to_owned())
            .collect()
    };
    let begin = documents("begin", files(&data.join("rag/begin"), "tsv"));
    let audit = documents("faithdial", files(&data.join("rag/faithdial_audit"), "csv"));
    let shared =
        |these: &[String], those: &[String]| these.iter().filter(|one| those.contains(one)).count();
    assert_eq!(
        (shared(&begin, &audit), shared(&audit, &begin)),
        (424, 1166)
    );
}
