//! What a user sees when a config or an index is at fault: the whole text.

use crate::sandbox::{CONFIG, Sandbox, corpus};

#[test]
fn configs_with_a_mistake_point_at_it() {
    let config = |change: (&str, &str), message: &str| {
        assert!(CONFIG.contains(change.0));
        Sandbox::with_dataset()
            .file("config.toml", CONFIG.replacen(change.0, change.1, 1))
            .fails("eval config.toml", message);
    };
    config(
        ("batch_size", "batchsize"),
        "`config.toml` is not a valid config: TOML parse error at line 4, column 1\n  |\n4 | batchsize = 2\n  | ^^^^^^^^^\nunknown field `batchsize`, expected one of `name`, `seed`, `batch_size`, `metrics`, `slices`, `cluster`, `dataset`, `system`",
    );
    config(
        ("retrieve.lexical", "retrieve.lexcal"),
        "`config.toml` is not a valid config: TOML parse error at line 12, column 10\n   |\n12 | retrieve.lexcal = {}\n   |          ^^^^^^\nunknown variant `lexcal`, expected one of `lexical`, `dense`, `hybrid`",
    );
    config(
        ("nDCG@10", "nDCG10"),
        "`config.toml` is not a valid config: TOML parse error at line 2, column 11\n  |\n2 | metrics = [\"nDCG10\", \"RR\", \"R@10\"]\n  |           ^^^^^^^^^^^^^^^^^^^^^^^^\n`nDCG10` is not a metric: expected nDCG, AP, RR, P@k, R@k, Success@k, Rprec, Bpref, infAP, ERR, RBP, Judged, SetP, SetR, SetF, SetAP, IPrec@r, NumQ, NumRet, NumRel, NumRelRet or a name of trec_eval's, with `@k` where a cutoff is meant",
    );
    config(
        ("nDCG@10", "gm_map"),
        "`config.toml` is not a valid config: `gm_map` is no mean over examples, so it has no interval here; `ragkit score` knows it",
    );
    config(
        ("\"lsa\"", "\"bm25\""),
        "`config.toml` is not a valid config: two variants are called `bm25`; give each its own name",
    );
    config(
        ("R@10", "R@100"),
        "`config.toml` is not a valid config: `R@100` needs rankings 100 deep, `system.rag.depth` is 10; raise it or drop the metric",
    );
    config(
        ("lexical = {}", "lexical = { b = 7.5 }"),
        "`config.toml` is not a valid config: variant `bm25`: `b = 7.5` must lie between 0 and 1",
    );
    config(
        ("depth = 8", "weights = [0.0, 0.0]"),
        "`config.toml` is not a valid config: variant `hybrid`: `weights = [0, 0]` must be numbers from 0 to 1000000, not both 0",
    );
    config(
        ("slices = [\"kind\"]", "slices = [\"sort\"]"),
        "no query has the field `sort` that `slices` or `cluster` names; the fields are `kind`",
    );
    config(
        ("path = \"data\"", "path = \"$NOT_SET/data\""),
        "the path `$NOT_SET/data/spans/test.jsonl` needs the environment variable `NOT_SET`; set it, for example `NOT_SET=/path/to/data ragkit …`",
    );
    Sandbox::new().fails("eval none.toml", "cannot read the config: failed to open file `none.toml`: No such file or directory (os error 2)");
    Sandbox::with_dataset().fails(
        "eval config.toml --variants bm25,bm26",
        "there is no variant `bm26`; the config has `bm25`, `lsa`, `hybrid`",
    );
}

#[test]
fn an_index_that_is_not_whole_or_not_the_right_one() {
    let sandbox = Sandbox::with_dataset();
    sandbox.fails("search i otter", "`i` is not an index: it has no `manifest.json`; build one with `ragkit index PATH --out i`");
    sandbox.ok("index data --out i");
    let manifest: serde_json::Value =
        serde_json::from_slice(&sandbox.read("i/manifest.json")).unwrap();
    let folder = format!("i/{}", manifest["folder"].as_str().unwrap());

    // A bit flipped, a file cut short, a file gone: each is told apart.
    let vectors = format!("{folder}/vectors/lsa/vectors.f32");
    let whole = sandbox.read(&vectors);
    let mut flipped = whole.clone();
    flipped[5] ^= 1;
    let sandbox = sandbox.file(&vectors, flipped);
    sandbox.fails("search i otter", "the index `i` is damaged: `vectors/lsa/vectors.f32` has another checksum than when it was written; rebuild it with `ragkit index`");
    let sandbox = sandbox.file(&vectors, &whole[..100]);
    sandbox.fails("search i otter", "the index `i` is damaged: `vectors/lsa/vectors.f32` has another size than when it was written; rebuild it with `ragkit index`");
    std::fs::remove_file(sandbox.path(&vectors)).unwrap();
    sandbox.fails(
        "search i otter",
        "the index `i` is damaged: `vectors/lsa/vectors.f32` is missing; rebuild it with `ragkit index`",
    );
    let sandbox = sandbox.file(&vectors, whole);
    sandbox.ok("search i otter");

    // A foreign manifest, a future one, a torn one.
    let sandbox = sandbox.file("i/manifest.json", "{\"format\": 99}");
    sandbox.fails(
        "search i otter",
        "the index `i` has format 99, this ragkit reads format 3; rebuild it with `ragkit index`",
    );
    let sandbox = sandbox.file("i/manifest.json", "{\"form");
    sandbox.fails("search i otter", "the manifest of the index `i` cannot be read: EOF while parsing a string at line 1 column 6; rebuild it with `ragkit index`");
    let sandbox = sandbox.file("notes/readme.txt", "mine");
    sandbox.fails(
        "index data --out notes",
        "`notes` is no index directory: it holds `readme.txt`; give `--out` an empty or a new path",
    );
}

#[test]
fn an_index_given_by_path_must_fit_and_is_never_changed() {
    let config = CONFIG.replace("depth = 10", "depth = 10\nindex.path = \"i\"");
    let sandbox = Sandbox::with_dataset().file("config.toml", &config);
    sandbox.fails("eval config.toml", "`i` is not an index: it has no `manifest.json`; build one with `ragkit index PATH --out i`");
    sandbox.ok("index data --out i --embedder none");
    sandbox.fails("eval config.toml", "variant `lsa` searches by vectors, the index has none; give the index `vectors` or drop the variant");
    sandbox.ok("eval config.toml --variants bm25");
    let before = sandbox.read("i/manifest.json");
    let sandbox = sandbox.file("data/corpus.jsonl", corpus(41));
    sandbox.fails("eval config.toml", "the index `i` was not built from `data/corpus.jsonl` as it is now; give another path or rebuild it with `ragkit index data/corpus.jsonl --out i`");
    assert_eq!(sandbox.read("i/manifest.json"), before);
    sandbox.fails("index config.toml", "`config.toml` searches the index `i`, which it does not own; build that one from its corpus with --out");
}

#[test]
fn an_index_directory_takes_over_nothing_that_is_not_its_own() {
    let sandbox = Sandbox::with_dataset()
        .file("mine/data-2024/keep.txt", "precious")
        .file(
            "extension/manifest.json",
            "{\"name\": \"a browser extension\"}",
        );
    sandbox.fails(
        "index data --out mine",
        "`mine` is no index directory: it holds `data-2024`; give `--out` an empty or a new path",
    );
    sandbox.fails(
        "index data --out extension",
        "`extension` is no index directory: it holds `manifest.json`; give `--out` an empty or a new path",
    );
    assert_eq!(sandbox.read("mine/data-2024/keep.txt"), b"precious");
}

#[test]
fn an_edited_manifest_is_not_believed() {
    for (from, to) in [
        ("\"english\"", "\"german\""),
        ("\"documents\": 40", "\"documents\": 7"),
    ] {
        let edited = Sandbox::with_dataset();
        edited.ok("index data --out i");
        let text = String::from_utf8(edited.read("i/manifest.json")).unwrap();
        assert!(text.contains(from));
        let edited = edited.file("i/manifest.json", text.replace(from, to));
        edited.fails(
            "search i otter",
            "the index `i` is damaged: `manifest.json` was edited since it was written; rebuild it with `ragkit index`",
        );
    }
}

#[test]
fn what_a_config_cannot_mean_is_refused() {
    let config = |change: (&str, &str), message: &str| {
        let text = CONFIG.replacen(change.0, change.1, 1);
        Sandbox::with_dataset()
            .file("config.toml", text)
            .fails("eval config.toml", message);
    };
    config(
        ("[\"kind\"]", "[\"kind\", \"kind\"]"),
        "`config.toml` is not a valid config: `slices` names `kind` twice",
    );
    config(
        ("depth = 8", "depth = 4"),
        "`config.toml` is not a valid config: `nDCG@10` needs rankings 10 deep, variant `hybrid` fuses at most 8 documents; raise its `depth` or drop the metric",
    );
    let sandbox = Sandbox::with_dataset();
    sandbox.fails(
        "index config.toml --language german",
        "a config says by itself what to index and how; its index lies in `.ragkit/indexes/small`: give no other option",
    );
    sandbox.fails(
        "index data --out i --embedder none --dim 3",
        "--dim goes with `--embedder lsa` only",
    );
    sandbox.fails(
        "--threads 100000 search i x",
        "`--threads` and `RAGKIT_THREADS` take a whole number from 1 to 1024",
    );
    assert_eq!(sandbox.run("eval config.toml --limit 0").code, Some(2));
}
