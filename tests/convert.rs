//! Collections in other layouts, as BEIR folders.

use serde_json::Value;

use crate::real_data::data_folder;
use crate::sandbox::Sandbox;

fn lines(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = String::from_utf8(sandbox.read(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn trec_documents_and_topics() {
    let sandbox = Sandbox::new()
        .file("docs", "<DOC>\n<DOCNO> FT-1 </DOCNO>\n<HEADLINE>Ships &amp; <b>sails</b></HEADLINE>\n<TEXT>\nA tall\n ship.</TEXT>\n<TEXT>More.</TEXT>\n</DOC>\n<doc><docno>FT-2</docno>No text tag, a < b</doc>\n")
        .file("topics", "<top>\n<num> Number: 051\n<title> Topic: Tall ships\n<desc> Description:\nWhere are they?\n<narr> Narrative: Any.\n</top>\n")
        .file("qrels", "51 0 FT-1 1\n51 0 FT-2 0\n");
    let shown = sandbox.ok("data convert trec docs --queries topics --qrels qrels --out out");
    assert_eq!(
        shown.stdout,
        "2 documents, 1 queries, 2 judgements: `out`\n"
    );
    let documents = lines(&sandbox, "out/corpus.jsonl");
    assert_eq!(
        documents[0],
        serde_json::json!({"_id": "FT-1", "title": "Ships & sails", "text": "A tall ship. More."})
    );
    assert_eq!(documents[1]["text"], "No text tag, a < b");
    let queries = lines(&sandbox, "out/queries.jsonl");
    assert_eq!(
        queries[0],
        serde_json::json!({"_id": "51", "title": "", "text": "Tall ships", "metadata": {"description": "Where are they?", "narrative": "Any."}})
    );
    assert_eq!(
        sandbox.read("out/qrels/test.tsv"),
        b"query-id\tcorpus-id\tscore\n51\tFT-1\t1\n51\tFT-2\t0\n"
    );
    sandbox.fails(
        "data convert trec docs --out out",
        "`out` is not empty; give `--out` a new path",
    );
    let sandbox = sandbox.file("cut", "<DOC><DOCNO>a</DOCNO>\n");
    sandbox.fails(
        "data convert trec cut --out new",
        "`cut` line 1: a `<DOC>` without its `</DOC>`; the file is cut short",
    );
    sandbox.fails(
        "data convert trec topics --out new",
        "`topics`: holds no `<DOC>`",
    );
}

#[test]
fn untidy_trec_files_lose_nothing() {
    let sandbox = Sandbox::new()
        .file("docs", "<DOC id=\"x\">\n<DOCNO>a</DOCNO>\n<TITLE>R&#38;D</TITLE>\nif x < 5 and y > 3 it&apos;s &Amp; &hyph; &#x41;\n</DOC>\n<DOC >\n<DOCNO>b</DOCNO><TEXT></TEXT></DOC>\n")
        .file("topics", "<top>\n<num> Number: 1\n<title> two < three\n<top>\n<num> Number: 2\n<title> more\n</top>\n")
        .file("cut", "<DOC><DOCNO>a</DOCNO> aaa\n<DOC><DOCNO>b</DOCNO> bbb</DOC>\n");
    sandbox.ok("data convert trec docs --queries topics --out out");
    let documents = lines(&sandbox, "out/corpus.jsonl");
    assert_eq!(
        documents[0],
        serde_json::json!({"_id": "a", "title": "R&D", "text": "if x < 5 and y > 3 it's & &hyph; A"})
    );
    assert_eq!(
        (&documents[1]["_id"], &documents[1]["text"]),
        (&"b".into(), &"".into())
    );
    let queries = lines(&sandbox, "out/queries.jsonl");
    assert_eq!(
        queries
            .iter()
            .map(|query| &query["text"])
            .collect::<Vec<_>>(),
        ["two < three", "more"]
    );
    assert!(!sandbox.path("out/qrels").exists());
    sandbox.fails(
        "data convert trec cut --out new",
        "`cut` line 1: a `<DOC>` without its `</DOC>`; the file is cut short",
    );
}

#[test]
fn smart_collections_with_other_fields_and_pairs() {
    let sandbox = Sandbox::new()
        .file("docs", ".I 1\n.T\nOn\nships\n.B\nCACM\n.N\nCA1 JB\n.X\n1\t5\t1\n.I 2\n.T\nSails\n.W\nWhite.\n.K\ncloth\n")
        .file("queries", ".I 1\n.W\n Which ships?\n.N\n 1. Richard Alexander\n.I 2\n.W\nsails\n")
        .file("pairs", "01 1  0 0\n01 2  0 0\n02 2  0 0.000000\n")
        .file("trec", "1 0 2 1\n2 0 3 1\n")
        .file("unknown", "7 0 2 1\n");
    let shown = sandbox.ok("data convert smart docs --queries queries --qrels pairs --out out");
    assert_eq!(
        shown.stdout,
        "2 documents, 2 queries, 3 judgements: `out`\n"
    );
    assert_eq!(
        lines(&sandbox, "out/corpus.jsonl"),
        [
            serde_json::json!({"_id": "1", "title": "On ships", "text": "", "metadata": {"source": "CACM"}}),
            serde_json::json!({"_id": "2", "title": "Sails", "text": "White."}),
        ]
    );
    assert_eq!(
        lines(&sandbox, "out/queries.jsonl")[0]["text"],
        "Which ships?"
    );
    assert_eq!(
        sandbox.read("out/qrels/test.tsv"),
        b"query-id\tcorpus-id\tscore\n1\t1\t1\n1\t2\t1\n2\t2\t1\n"
    );
    let shown = sandbox.ok("data convert smart docs --queries queries --qrels trec --out other");
    assert_eq!(
        shown.stdout,
        "2 documents, 2 queries, 2 judgements (1 of documents that are not there): `other`\n"
    );
    sandbox.fails(
        "data convert smart docs --queries queries --qrels unknown --out new",
        "query `7` is judged and is not among the queries; drop its judgements, or give the queries that belong to them",
    );
    // What failed left nothing that stands in the way.
    sandbox.ok("data convert smart docs --queries queries --out new");
    sandbox.fails(
        "data convert smart docs --split ../x --out escaped",
        "the split's name `../x` must be letters, digits, `-`, `_` or `.`: it names a file",
    );
    let sandbox = sandbox.file("empty", "");
    sandbox.fails(
        "data convert smart empty --out nothing",
        "`empty`: holds no record",
    );
}

#[test]
fn ms_marco_and_squad() {
    let squad = r#"{"data": [{"title": "T", "paragraphs": [{"context": "The sky is blue.", "qas": [{"id": "a", "question": "Which colour?", "answers": [{"text": "blue", "answer_start": 11}]}, {"id": "b", "question": "Which smell?", "answers": [], "is_impossible": true}]}]}]}"#;
    let sandbox = Sandbox::new()
        .file("collection.tsv", "0\tThe first passage\n1\tThe second\n")
        .file("queries.tsv", "7\twhich passage\n")
        .file("qrels.tsv", "7\t0\t1\t1\n")
        .file("squad.json", squad);
    sandbox.ok("data convert msmarco collection.tsv --queries queries.tsv --qrels qrels.tsv --split dev --out marco");
    assert_eq!(
        lines(&sandbox, "marco/corpus.jsonl")[1]["text"],
        "The second"
    );
    assert_eq!(
        sandbox.read("marco/qrels/dev.tsv"),
        b"query-id\tcorpus-id\tscore\n7\t1\t1\n"
    );
    let shown = sandbox.ok("data convert squad squad.json --out squad");
    assert_eq!(
        shown.stdout,
        "1 documents, 2 queries, 1 judgements, 1 gold spans, 2 gold answers: `squad`\n"
    );
    assert_eq!(
        lines(&sandbox, "squad/queries.jsonl")[0]["metadata"]["answers"],
        "blue"
    );
    sandbox.fails(
        "data convert msmarco queries.tsv queries.tsv --out twice",
        "`queries.tsv` line 1: the id `7` stands there twice; ids must be unique",
    );
    let other = squad.replace("\"a\"", "\"c\"").replace("\"b\"", "\"d\"");
    let sandbox = sandbox
        .file("other.json", format!("\u{feff}{other}"))
        .file("tab.json", squad.replace("\"a\"", "\"a\\tb\""));
    let shown = sandbox.ok("data convert squad squad.json other.json --out both");
    assert_eq!(
        shown.stdout,
        "2 documents, 4 queries, 2 judgements, 2 gold spans, 4 gold answers: `both`\n"
    );
    assert_eq!(lines(&sandbox, "both/corpus.jsonl")[1]["_id"], "2-1");
    sandbox.fails(
        "data convert squad squad.json squad.json --out twice",
        "`squad.json` row 1: the id `a` stands there twice; ids must be unique",
    );
    sandbox.fails(
        "data convert squad tab.json --out tab",
        "`tab.json` row 1: the id \"a\\tb\" holds a tab or a line end, which no file of judgements can hold",
    );
    sandbox.fails(
        "data convert squad squad.json --queries queries.tsv --out more",
        "SQuAD's files hold documents, queries and judgements, in UTF-8; give the files and nothing else",
    );
    sandbox.fails("data convert squad queries.tsv --out new", "`queries.tsv`: not SQuAD's JSON (`data`, `paragraphs`, `qas`): invalid type: integer `7`, expected struct Whole at line 1 column 1");
}

/// Converted Cranfield scores as the card of the original files does.
#[test]
fn real_collections_convert() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("rag");
    let path = |file: &str| folder.join(file).display().to_string();
    let sandbox = Sandbox::new();
    let shown = sandbox.ok(&format!(
        "data convert smart {} --queries {} --qrels {} --encoding latin1 --ordinal-queries --grade 1=4 --grade 2=3 --grade 3=2 --grade 4=1 --out cranfield",
        path("cranfield/cran.all.1400"), path("cranfield/cran.qry"), path("cranfield/cranqrel")
    ));
    assert_eq!(
        shown.stdout,
        "1400 documents, 225 queries, 1837 judgements: `cranfield`\n"
    );
    let config = "name = \"c\"\nmetrics = [\"AP\"]\ndataset.source.beir.path = \"cranfield\"\n[system.rag]\ndepth = 1000\n[[system.rag.variants]]\nname = \"bm25\"\nretrieve.lexical = {}\n";
    let sandbox = sandbox.file("c.toml", config);
    let shown: Value =
        serde_json::from_str(&sandbox.ok("eval c.toml --format json").stdout).unwrap();
    assert!((shown["summary"][0]["mean"].as_f64().unwrap() - 0.420_52).abs() < 5e-5);
    let shown = sandbox.ok(&format!(
        "data convert squad {} --out xquad",
        path("xquad/xquad.en.json")
    ));
    assert_eq!(
        shown.stdout,
        "240 documents, 1190 queries, 1190 judgements, 1190 gold spans, 1190 gold answers: `xquad`\n"
    );
}
