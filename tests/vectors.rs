//! Sets of vectors: graphs, encoders, and what a run says of them.

use std::path::Path;

use serde_json::Value;

use crate::real_data::model_folder;
use crate::sandbox::{CONFIG, Sandbox, corpus};

/// The config of the sandbox with two sets of vectors, and variants that search them in three ways.
fn config() -> String {
    let sets = "depth = 10\nindex.build.vectors.small = { embedder.lsa = { dim = 8 } }\nindex.build.vectors.graph = { embedder.lsa = { dim = 16 }, hnsw = { m = 8 } }";
    let config = CONFIG.replace("depth = 10", sets);
    let (head, _) = config.split_once("[[system.rag.variants]]").unwrap();
    let variant = |name: &str, retrieve: &str| {
        format!("[[system.rag.variants]]\nname = \"{name}\"\nretrieve.{retrieve}\n")
    };
    [
        head.to_owned(),
        variant("bm25", "lexical = {}"),
        variant("small", "dense.vectors = \"small\""),
        variant(
            "exact",
            "dense = { vectors = \"graph\", search = \"exact\" }",
        ),
        variant(
            "hnsw",
            "dense = { vectors = \"graph\", search.hnsw = { ef = 20 } }",
        ),
        variant(
            "hybrid",
            "hybrid = { depth = 600, dense = { vectors = \"graph\", search.hnsw = { ef = 20 } } }",
        ),
    ]
    .concat()
}

fn sandbox() -> Sandbox {
    // More documents than are compared exactly anyway.
    Sandbox::with_dataset()
        .file("data/corpus.jsonl", corpus(3000))
        .file("config.toml", config())
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn data_folder_of(sandbox: &Sandbox, index: &str) -> std::path::PathBuf {
    let manifest =
        json(std::str::from_utf8(&sandbox.read(format!("{index}/manifest.json"))).unwrap());
    sandbox
        .path(index)
        .join(manifest["folder"].as_str().unwrap())
}

/// The variants that have a recall of the graph, with it.
fn graph_recalls(stdout: &str) -> Vec<(String, f64)> {
    let shown = json(stdout);
    let rows = shown["summary"].as_array().unwrap().iter();
    rows.filter(|row| row["metric"] == "ANN-R@50" && row["slice"] == "all")
        .map(|row| {
            let variant = row["variant"].as_str().unwrap();
            (variant.to_owned(), row["mean"].as_f64().unwrap())
        })
        .collect()
}

#[test]
fn a_graph_is_measured_against_exact_search() {
    let sandbox = sandbox();
    let shown = sandbox.ok("eval config.toml --format json");
    for line in [
        "vectors `small` searched exactly",
        "vectors `graph` searched exactly",
        "vectors `graph` searched by HNSW with ef 20",
        "vectors `graph` searched by HNSW with ef 600",
    ] {
        assert!(
            shown.stderr.lines().any(|found| found == line),
            "no `{line}` in\n{}",
            shown.stderr
        );
    }
    let recalls = graph_recalls(&shown.stdout);
    // Nearly equal documents are what the graph's 8-bit codes tell apart last.
    let [(hnsw, few), (hybrid, many)] = &recalls[..] else {
        panic!("{recalls:?}");
    };
    assert_eq!((hnsw.as_str(), hybrid.as_str()), ("hnsw", "hybrid"));
    assert!(0.5 < *few && *few < 0.9 && *many > 0.99, "{recalls:?}");
    // What a variant finds does not depend on the variants beside it, here one that searches deeper.
    let alone = sandbox.ok("eval config.toml --variants bm25,hnsw --format json --reports alone");
    assert_eq!(graph_recalls(&alone.stdout), recalls[..1]);
    // The report has the column for those only, and no difference of it.
    let report = sandbox.ok("report --format json").stdout;
    let differences = json(&report)["differences"].as_array().unwrap().clone();
    assert!(differences.iter().all(|row| row["metric"] != "ANN-R@50") && !differences.is_empty());
}

#[test]
fn a_run_builds_the_vectors_that_it_needs_and_keeps_those_that_are_there() {
    let sandbox = sandbox();
    let sets = || {
        let folder = data_folder_of(&sandbox, ".ragkit/indexes/small").join("vectors");
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    sandbox.ok("eval config.toml --variants bm25");
    assert_eq!(sets(), [] as [&str; 0]);
    sandbox.ok("eval config.toml --variants small,bm25");
    assert_eq!(sets(), ["small"]);
    let shown = sandbox.ok("eval config.toml --variants exact");
    assert!(shown.stderr.contains("building the index"));
    assert_eq!(sets(), ["graph", "small"]);
    let shown = sandbox.ok("eval config.toml --variants small");
    assert!(!shown.stderr.contains("building the index"));
    sandbox.ok("index config.toml");
    assert_eq!(sets(), ["graph", "small"]);
}

#[test]
fn a_deterministic_graph_is_the_same_every_time_and_a_damaged_one_is_told() {
    let sandbox = sandbox();
    sandbox.ok("index data --out a --dim 16 --hnsw --deterministic");
    let shown = sandbox.ok("index data --out b --dim 16 --hnsw --deterministic --threads 1");
    assert!(
        shown
            .stderr
            .contains("vectors `lsa` of 16 dimensions with a graph"),
        "{}",
        shown.stderr
    );
    let graph = |index: &str| data_folder_of(&sandbox, index).join("vectors/lsa/graph.hnsw");
    let [a, b] = ["a", "b"].map(|index| std::fs::read(graph(index)).unwrap());
    assert!(a == b);
    let hits = |index: &str| {
        sandbox
            .ok(&format!(
                "search {index} otter --by dense --ef 50 --format json"
            ))
            .stdout
    };
    assert_eq!(hits("a"), hits("b"));
    let mut flipped = a;
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(graph("a"), flipped).unwrap();
    sandbox.fails("search a otter", "the index `a` is damaged: `vectors/lsa/graph.hnsw` has another checksum than when it was written; rebuild it with `ragkit index`");
    sandbox.fails(
        "search b otter --by dense --ef 0",
        "--ef: `0` is out of range; give a whole number from 1 to 65536",
    );
    sandbox.ok("index data --out plain --dim 16");
    sandbox.fails("search plain otter --by dense --ef 9", "variant `search` searches the graph of the vectors `lsa`, which have none; build the index with one");
    sandbox.fails(
        "index data --out c --embedder none --hnsw",
        "--hnsw needs vectors; choose another `--embedder`",
    );
}

#[test]
fn configs_of_vectors_with_a_mistake_point_at_it() {
    let with = |from: &str, to: &str, message: &str| {
        let config = config();
        assert!(config.contains(from));
        sandbox()
            .file("config.toml", config.replacen(from, to, 1))
            .fails("eval config.toml", message);
    };
    with(
        "dense.vectors = \"small\"",
        "dense = {}",
        "`config.toml` is not a valid config: variant `small` must say which `vectors` it searches: `graph`, `small`",
    );
    with(
        "dense.vectors = \"small\"",
        "dense.vectors = \"large\"",
        "`config.toml` is not a valid config: variant `small` searches the vectors `large`, the index has `graph`, `small`",
    );
    with(
        ", hnsw = { m = 8 }",
        "",
        "`config.toml` is not a valid config: variant `hnsw` searches the graph of the vectors `graph`, which have none; give them one with `hnsw = {}`",
    );
    with(
        "vectors.small =",
        "vectors.\"a/b\" =",
        "`config.toml` is not a valid config: the vectors' name `a/b` must be 1 to 64 letters, digits, `-` or `_`: it names a directory",
    );
    let line = "index.build.vectors.graph = { embedder.lsa = { dim = 16 }, hnsw = { m = 300 } }";
    let marks = "^".repeat(3);
    let (number, column) = (10, line.find("300").unwrap() + 1);
    with(
        "{ m = 8 }",
        "{ m = 300 }",
        &format!(
            "`config.toml` is not a valid config: TOML parse error at line {number}, column {column}\n   |\n{number} | {line}\n   | {}{marks}\n`300` is out of range; give a whole number from 2 to 256",
            " ".repeat(column - 1)
        ),
    );
}

#[test]
fn a_missing_model_stops_only_the_variants_that_want_it() {
    let config = config().replace(
        "embedder.lsa = { dim = 8 }",
        "embedder.encoder = { model = \"no-such-model\" }",
    );
    let sandbox = sandbox().file("config.toml", config);
    sandbox.fails(
        "eval config.toml",
        "variant `small`: the model `no-such-model` is not in `models`: fetch it with `just model` (or its commands in `justfile`), or set RAGKIT_MODELS to the folder that holds it, or run the variants that need none: `--variants bm25,exact,hnsw,hybrid`",
    );
    sandbox.ok("eval config.toml --variants bm25,exact,hnsw,hybrid");
    sandbox.fails("index data --out i --model no-such-model", "vectors `encoder`: the model `no-such-model` is not in `models`: fetch it with `just model` (or its commands in `justfile`), or set RAGKIT_MODELS to the folder that holds it");
    sandbox.fails(
        "index data --out i --embedder encoder",
        "`--embedder encoder` and `--model` go together",
    );
}

/// With the real encoder, where it was fetched.
#[test]
fn an_encoder_indexes_searches_and_is_known_by_its_files() {
    let Some(model) = model_folder() else { return };
    let sandbox = Sandbox::with_dataset();
    let copy = |name: &str| std::fs::copy(model.join(name), sandbox.path("m").join(name)).unwrap();
    std::fs::create_dir_all(sandbox.path("m/1_Pooling")).unwrap();
    for name in [
        "config.json",
        "tokenizer.json",
        "modules.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
        "model.safetensors",
    ] {
        if Path::new(&model.join(name)).exists() {
            copy(name);
        }
    }
    let shown = sandbox.ok("index data --out i --model ./m --hnsw --deterministic");
    assert!(
        shown
            .stderr
            .contains("vectors `encoder` of 384 dimensions with a graph"),
        "{}",
        shown.stderr
    );
    let hits = json(
        &sandbox
            .ok("search i aquatic-mammal --by dense -k 1 --format json")
            .stdout,
    );
    assert_eq!(hits[0]["title"], "The otter");
    // The vectors are in the cache: a second index needs no forward pass, and has the same bytes.
    sandbox.ok("index data --out j --model ./m --hnsw --deterministic");
    let vectors = |index: &str| {
        std::fs::read(data_folder_of(&sandbox, index).join("vectors/encoder/vectors.f32")).unwrap()
    };
    assert!(vectors("i") == vectors("j"));
    let settings = std::fs::read_to_string(sandbox.path("m/config.json")).unwrap();
    let sandbox = sandbox.file("m/config.json", settings.replace("1e-12", "1e-11"));
    let shown = sandbox.run("search i otter --by dense");
    assert!(
        shown
            .stderr
            .starts_with("error: vectors `encoder` of the index `i`: it was built with the model ")
            && shown
                .stderr
                .trim_end()
                .ends_with("rebuild it with `ragkit index`"),
        "{}",
        shown.stderr
    );
    let whole = std::fs::read(sandbox.path("m/model.safetensors")).unwrap();
    let sandbox = sandbox.file("m/model.safetensors", &whole[..whole.len() / 2]);
    let shown = sandbox.run("index data --out k --model ./m");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown.stderr.contains("model.safetensors"),
        "{}",
        shown.stderr
    );
}
