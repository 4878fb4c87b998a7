//! `ragkit index` and `ragkit search` as a user runs them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::Float32Type;
use parquet::arrow::ArrowWriter;

use crate::sandbox::Sandbox;

#[test]
fn search_respects_access_and_explains_its_scores() {
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("index data --out i");
    let hits = |arguments: &str| -> Vec<serde_json::Value> {
        serde_json::from_str(
            &sandbox
                .ok(&format!("search i {arguments} --format json"))
                .stdout,
        )
        .unwrap()
    };
    let ids = |hits: &[serde_json::Value]| {
        hits.iter()
            .map(|hit| hit["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // d9, d19, … are for rangers only.
    for by in ["lexical", "dense", "hybrid"] {
        let all = ids(&hits(&format!("sighting --by {by} -k 40")));
        let open = ids(&hits(&format!("sighting --by {by} -k 40 --access")));
        let rangers = ids(&hits(&format!(
            "sighting --by {by} -k 40 --access rangers,others"
        )));
        assert_eq!((all.len(), open.len(), rangers.len()), (40, 36, 40), "{by}");
        assert!(!open.contains(&"d9".to_owned()) && all == rangers);
    }
    let explained = hits("otter --by lexical --explain");
    for hit in &explained {
        let terms: f64 = hit["terms"]
            .as_array()
            .unwrap()
            .iter()
            .map(|term| term["score"].as_f64().unwrap())
            .sum();
        assert!(
            (terms - hit["score"].as_f64().unwrap()).abs() < 1e-6,
            "{hit}"
        );
    }
    let text = sandbox.ok("search i otter --explain -k 1").stdout;
    for part in [
        "lexical: rank ",
        "dense: rank ",
        "fuse: rank 1",
        "`otter`: idf ",
    ] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert_eq!(
        sandbox.ok("search i zebra --by lexical").stdout,
        "nothing found\n"
    );
    sandbox.ok("index data --out words --embedder none");
    sandbox.fails("search words otter --by dense", "variant `search` searches by vectors, the index has none; give the index `vectors` or drop the variant");
}

#[test]
fn equal_scores_are_ranked_by_descending_id_at_any_depth() {
    let rows: String = (0..30)
        .map(|i| format!("{{\"_id\": \"d{i:02}\", \"text\": \"same words\"}}\n"))
        .collect();
    let sandbox = Sandbox::new().file("c.jsonl", rows);
    sandbox.ok("index c.jsonl --out i");
    for by in ["lexical", "dense", "hybrid"] {
        for k in [1, 7, 30] {
            let hits: Vec<serde_json::Value> = serde_json::from_str(
                &sandbox
                    .ok(&format!("search i words --by {by} -k {k} --format json"))
                    .stdout,
            )
            .unwrap();
            let expected: Vec<String> = (0..30).rev().take(k).map(|i| format!("d{i:02}")).collect();
            assert_eq!(
                hits.iter()
                    .map(|hit| hit["id"].as_str().unwrap())
                    .collect::<Vec<_>>(),
                expected,
                "{by} {k}"
            );
        }
    }
}

/// A Parquet file with these columns.
pub fn parquet(columns: &[(&str, ArrayRef)]) -> Vec<u8> {
    let columns = columns
        .iter()
        .map(|(name, column)| (*name, column.clone(), true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

#[test]
fn formats_of_a_corpus_give_one_index() {
    let sandbox = Sandbox::new()
        .file("c.jsonl", "{\"id\": 1, \"title\": \"T\", \"text\": \"otter river\", \"access\": [\"x\", \"y\"]}\n{\"id\": 2, \"title\": \"\", \"text\": \"heron\", \"access\": []}\n")
        .file("c.csv", "id,title,text,access\n1,T,otter river,y; x\n2,,heron,\n")
        .file("c.tsv", "key\thead\tbody\tgroups\n1\tT\totter river\tx;y\n2\t\theron\t\n");
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("title", Arc::new(StringArray::from(vec![Some("T"), None]))),
        (
            "text",
            Arc::new(StringArray::from(vec!["otter river", "heron"])),
        ),
        (
            "access",
            Arc::new(StringArray::from(vec![Some("x;y"), None])),
        ),
    ];
    let sandbox = sandbox.file("c.parquet", parquet(&columns));
    sandbox.ok("index c.jsonl --out a");
    sandbox.ok("index c.csv --out b");
    sandbox.ok("index c.tsv --out c --id key --title head --text body --access groups");
    sandbox.ok("index c.parquet --out d");
    let documents = |index: &str| {
        let manifest: serde_json::Value =
            serde_json::from_slice(&sandbox.read(format!("{index}/manifest.json"))).unwrap();
        sandbox.read(format!(
            "{index}/{}/documents.parquet",
            manifest["folder"].as_str().unwrap()
        ))
    };
    assert!(
        ["b", "c", "d"]
            .iter()
            .all(|index| documents(index) == documents("a"))
    );

    // Columns that nobody asked for may be of any type; metadata of any type becomes text.
    let when = TimestampMillisecondArray::from(vec![0, 86_400_000]);
    let columns: [(&str, ArrayRef); 4] = [
        ("id", Arc::new(StringArray::from(vec!["1", "2"]))),
        ("text", Arc::new(StringArray::from(vec!["otter", "heron"]))),
        ("when", Arc::new(when)),
        (
            "noise",
            Arc::new(BinaryArray::from(vec![b"\xff".as_slice(), b""])),
        ),
    ];
    let sandbox = sandbox.file("w.parquet", parquet(&columns));
    sandbox.ok("index w.parquet --out w --metadata when --embedder none");
    let hits: Vec<serde_json::Value> =
        serde_json::from_str(&sandbox.ok("search w heron --format json").stdout).unwrap();
    assert_eq!(hits[0]["metadata"]["when"], "1970-01-02T00:00:00");

    // A list column of vectors.
    let vectors = ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some([Some(3.0), Some(4.0)]),
        Some([Some(0.0), Some(1.0)]),
    ]);
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(StringArray::from(vec!["1", "2"]))),
        ("text", Arc::new(StringArray::from(vec!["otter", "heron"]))),
        ("embedding", Arc::new(vectors)),
    ];
    let sandbox = sandbox.file("v.parquet", parquet(&columns));
    sandbox.ok("index v.parquet --out v --vector embedding");
    let manifest: serde_json::Value =
        serde_json::from_slice(&sandbox.read("v/manifest.json")).unwrap();
    let stored = sandbox.read(format!(
        "v/{}/vectors/own/vectors.f32",
        manifest["folder"].as_str().unwrap()
    ));
    let values: Vec<f32> = stored
        .chunks(4)
        .map(|c| f32::from_le_bytes(c.try_into().unwrap()))
        .collect();
    assert_eq!(values, [0.6, 0.8, 0.0, 1.0]);
}

#[cfg(unix)]
#[test]
fn an_index_opens_where_nobody_can_write() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    fn protect(path: &std::path::Path) {
        if path.is_dir() {
            std::fs::read_dir(path)
                .unwrap()
                .for_each(|entry| protect(&entry.unwrap().path()));
        }
        let mode = if path.is_dir() { 0o555 } else { 0o444 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let sandbox = Sandbox::with_dataset();
    sandbox.ok("index data --out i");
    std::fs::set_permissions(sandbox.path(""), std::fs::Permissions::from_mode(0o755)).unwrap();
    protect(&sandbox.path("i"));
    let mut command = sandbox.command("search i otter");
    // Root may write everywhere: then be nobody.
    if sandbox
        .path("i/probe")
        .parent()
        .is_some_and(|i| std::fs::write(i.join("probe"), "").is_ok())
    {
        command = sandbox.command("search i otter");
        command.uid(65534).gid(65534);
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
