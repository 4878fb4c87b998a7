//! Labelled answers in the layouts of others.

use serde_json::{Value, json};

use crate::labelled::read;
use crate::sandbox::Sandbox;

/// A table as BEGIN has it.
pub fn begin(rows: &[&str]) -> String {
    let header = "model_name\tdata_source\tknowledge\tmessage\tresponse\tbegin_label";
    format!("{header}\r\n{}\r\n", rows.join("\r\n"))
}

fn lines(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = String::from_utf8(sandbox.read(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn begin_has_quotation_marks_that_are_none() {
    let sandbox = Sandbox::new()
        .file(
            "a.tsv",
            begin(&[
                "gpt2\tcmu\tThe \"Joker\" film.\t\"Who?\t\"No one.\tNot fully attributable",
                "t5\tcmu\tThe JOKER film !\t\tThe Joker.\tFully attributable",
            ]),
        )
        .file(
            "b.tsv",
            begin(&[
                "ctrl\twow\tOther.\tHi.\tNice.\tGeneric",
                "ctrl\tcmu\tOther.\tHi.\t\tGeneric",
            ]),
        );
    let shown = sandbox.ok("data convert begin a.tsv b.tsv --out out");
    assert_eq!(
        shown.stdout,
        "3 labelled answers, 1 of them supported (left out: 1 without an answer): `out`\n"
    );
    let rows = lines(&sandbox, "out/labelled.jsonl");
    let document = rows[0]["document"].as_str().unwrap();
    // One text in two spellings is one document.
    assert_eq!(
        (document.len(), &rows[1]["document"]),
        (12, &rows[0]["document"])
    );
    assert_eq!(
        rows[0],
        json!({"id": "cmu-1", "question": "\"Who?", "answer": "\"No one.", "contexts": [{"text": "The \"Joker\" film."}], "supported": false,
            "document": document, "label": "Not fully attributable", "model": "gpt2", "part": "cmu", "set": "begin"})
    );
    assert_eq!(
        (&rows[1]["supported"], rows[1].get("question")),
        (&json!(true), None)
    );
    assert_eq!(
        (&rows[2]["id"], &rows[2]["label"]),
        (&json!("wow-1"), &json!("Generic"))
    );
    assert_ne!(rows[2]["document"], rows[0]["document"]);
    let read_back = read(&sandbox, &["out/labelled.jsonl"]).unwrap();
    let written: Vec<Value> = read_back.answers.iter().map(|one| json!(one)).collect();
    assert_eq!(written, rows);
    let convert = "data convert begin c.tsv --out new";
    for (text, message) in [
        (
            begin(&["t5\tcmu\tK.\tQ\tA\tAttributable"]),
            "`c.tsv` line 2: the label `Attributable` is none of BEGIN's: `Fully attributable`, `Not fully attributable`, `Generic`",
        ),
        (
            begin(&["t5\tcmu\tK."]),
            "`c.tsv` line 2: 3 columns, expected 6",
        ),
        (
            "a\tb\r\n1\t2\r\n".to_owned(),
            "`c.tsv` line 2: no text in a column `data_source`; BEGIN's files have `model_name`, `data_source`, `knowledge`, `message`, `response` and `begin_label`, with tabs between them",
        ),
        (String::new(), "`c.tsv`: is empty; expected a header line"),
        (begin(&[]), "`c.tsv`: holds no labelled answer"),
    ] {
        Sandbox::new().file("c.tsv", text).fails(convert, message);
    }
    sandbox.fails(
        "data convert begin a.tsv --queries b.tsv --out new",
        "the files of labelled answers hold everything, in UTF-8; give the files and nothing else",
    );
}

#[test]
fn the_audit_of_faithdial_has_one_spelling() {
    let spellings = [
        ("entailment", Some(("entailment", true))),
        ("Entailment", Some(("entailment", true))),
        (
            "\"entailment,uncooperative\"",
            Some(("entailment,uncooperative", true)),
        ),
        (
            "\"entailmentt,uncooperative\"",
            Some(("entailment,uncooperative", true)),
        ),
        (
            "entailment. uncooperative",
            Some(("entailment,uncooperative", true)),
        ),
        ("Uncooperative", Some(("entailment,uncooperative", true))),
        ("hallucinated", Some(("hallucination", false))),
        ("Hallucination", Some(("hallucination", false))),
        (
            "Partial Hallucination",
            Some(("entailment,hallucination", false)),
        ),
        (
            "\"entailment,hallucination\"",
            Some(("entailment,hallucination", false)),
        ),
        ("Generic", Some(("generic", false))),
        (" ", None),
    ];
    let rows: String = spellings
        .iter()
        .map(|(label, _)| format!("Knowledge.,[],Reply.,{label},\n"))
        .collect();
    let sandbox = Sandbox::new()
        .file("topical__gold.csv", format!("evidence,history,response,BEGIN,VRM\n{rows}"))
        .file("doha_processed_wow.csv", "knowledge,history,doha,begin_label,vrm_label\nKnowledge,So?, Reply. ,generic,x\n,So?,Reply.,entailment,x\nK,So?, ,generic,x\n");
    let shown =
        sandbox.ok("data convert faithdial topical__gold.csv doha_processed_wow.csv --out out");
    assert_eq!(
        shown.stdout,
        "12 labelled answers, 6 of them supported (left out: 1 without a label, 1 without an answer, 1 without contexts): `out`\n"
    );
    let found = lines(&sandbox, "out/labelled.jsonl");
    let told: Vec<(&str, bool)> = found
        .iter()
        .map(|row| {
            (
                row["label"].as_str().unwrap(),
                row["supported"].as_bool().unwrap(),
            )
        })
        .collect();
    let mut expected: Vec<(&str, bool)> = spellings.iter().filter_map(|(_, told)| *told).collect();
    expected.push(("generic", false));
    assert_eq!(told, expected);
    assert_eq!(
        found[0],
        json!({"id": "gold-tc-1", "answer": "Reply.", "contexts": [{"text": "Knowledge."}], "supported": true,
            "document": found[11]["document"], "label": "entailment", "model": "gold", "part": "tc", "set": "faithdial"})
    );
    assert_eq!(
        (
            &found[11]["id"],
            &found[11]["question"],
            &found[11]["answer"],
            &found[11]["model"]
        ),
        (
            &json!("doha-wow-1"),
            &json!("So?"),
            &json!("Reply."),
            &json!("DoHA")
        )
    );
    for (rows, message) in [
        (
            "knowledge,history,ctrl,begin_label\nK,H,R,entailment generic\n",
            "`x.csv` line 2: the label `entailment generic` is none of the audit's: entailment, hallucination, both, uncooperative, generic",
        ),
        (
            "knowledge,history,ctrl,begin_label\nK,H,R,nonsense\n",
            "`x.csv` line 2: the label `nonsense` is none of the audit's: entailment, hallucination, both, uncooperative, generic",
        ),
        (
            "knowledge,history,bart,begin_label\nK,H,R,generic\n",
            "`x.csv` line 2: no text in a column `response`; the audit's files have `knowledge` (or `evidence`), `history`, the reply (`response`, `ctrl`, `gpt2` or `doha`) and `begin_label` (or `BEGIN`)",
        ),
    ] {
        let sandbox = Sandbox::new().file("x.csv", rows);
        sandbox.fails("data convert faithdial x.csv --out new", message);
    }
}

#[test]
fn halueval_has_two_answers_a_question() {
    let question = |n: u64| {
        json!({"knowledge": format!("K{n}."), "question": "Q?", "right_answer": "R", "hallucinated_answer": "H"}).to_string()
    };
    let sandbox = Sandbox::new()
        .file("a.json", question(1))
        .file("b.json", format!("{}\n", question(2)))
        .file("c.json", "{\"question\": \"Q?\"}");
    let shown = sandbox.ok("data convert halueval a.json b.json --out out");
    assert_eq!(
        shown.stdout,
        "4 labelled answers, 2 of them supported: `out`\n"
    );
    let rows = lines(&sandbox, "out/labelled.jsonl");
    assert_eq!(
        rows[2..],
        [
            json!({"id": "2-right", "question": "Q?", "answer": "R", "contexts": [{"text": "K2."}], "supported": true, "document": "halueval-2", "label": "right", "set": "halueval"}),
            json!({"id": "2-hallucinated", "question": "Q?", "answer": "H", "contexts": [{"text": "K2."}], "supported": false, "document": "halueval-2", "label": "hallucinated", "set": "halueval"}),
        ]
    );
    sandbox.fails(
        "data convert halueval c.json --out new",
        "`c.json` line 1: no text in a column `right_answer`; HaluEval's questions have `knowledge`, `question`, `right_answer` and `hallucinated_answer`, a JSON object a line",
    );
}

#[test]
fn expertqa_has_claims_with_the_texts_of_their_evidence() {
    let claim = |support: Value, evidence: &[&str]| json!({"claim_string": "It is so [1].", "evidence": evidence, "support": support, "worthiness": "Yes"});
    let claims = [
        claim(
            json!("Complete"),
            &[
                "[1] https://a.org/x?y=[1]\n\n Text of [2] it. ",
                "[2] https://b.org/",
            ],
        ),
        claim(
            json!("Partial"),
            &["[12] http://a.org/\n\nMore.", "No address."],
        ),
        claim(json!("Incomplete"), &["[see] here"]),
        claim(json!("Missing"), &[]),
        claim(json!("N/A"), &["[1] https://a.org/\n\nText."]),
        claim(Value::Null, &["[1] https://a.org/\n\nText."]),
    ];
    let question = |claims: &[Value]| {
        json!({"question": "Is it?", "answers": {"gpt4": {"claims": claims}}, "metadata": {"field": "Law"}}).to_string()
    };
    let sandbox = Sandbox::new()
        .file(
            "a.jsonl",
            format!("{}\n{}\n", question(&[]), question(&claims)),
        )
        .file("bad.jsonl", question(&[claim(json!("Some"), &["Text."])]))
        .file("other.jsonl", "{\"question\": \"Is it?\"}");
    let shown = sandbox.ok("data convert expertqa a.jsonl --out out");
    assert_eq!(
        shown.stdout,
        "3 labelled answers, 1 of them supported (left out: 2 without a label, 1 without contexts): `out`\n"
    );
    let rows = lines(&sandbox, "out/labelled.jsonl");
    assert_eq!(
        rows[0],
        json!({"id": "2-1", "question": "Is it?", "answer": "It is so [1].", "contexts": [{"id": "https://a.org/x?y=[1]", "text": "Text of [2] it."}], "supported": true,
            "document": "expertqa-2", "field": "Law", "label": "Complete", "model": "gpt4", "set": "expertqa", "worthiness": "Yes"})
    );
    assert_eq!(
        (
            &rows[1]["contexts"],
            &rows[1]["label"],
            &rows[1]["supported"]
        ),
        (
            &json!([{"id": "http://a.org/", "text": "More."}, {"text": "No address."}]),
            &json!("Partial"),
            &json!(false)
        )
    );
    assert_eq!(rows[2]["contexts"], json!([{"text": "[see] here"}]));
    sandbox.fails(
        "data convert expertqa bad.jsonl --out new",
        "`bad.jsonl` line 1: the support `Some` is none of ExpertQA's: `Complete`, `Partial`, `Incomplete`, `Missing`, `N/A`",
    );
    sandbox.fails(
        "data convert expertqa other.jsonl --out new",
        "`other.jsonl` line 1: not ExpertQA's JSON (`question`, `answers` with `claims` of `claim_string`, `evidence` and `support`): missing field `answers`",
    );
}

#[test]
fn scifact_holds_claims_against_what_they_cite() {
    let claims = "id,claim,evidence_doc_id,evidence_label,evidence_sentences,cited_doc_ids\n7,It binds.,10,SUPPORT,[1],[10 20]\n7,It binds.,10,SUPPORT,[2],[10 20]\n8,Both.,10,SUPPORT,[0],[10 20]\n8,Both.,20,CONTRADICT,[1],[10 20]\n9,Mixed.,20,CONTRADICT,[0],[20]\n9,Mixed.,20,SUPPORT,[1],[20]\n12,Withheld.,,,[],[]\n";
    let sandbox = Sandbox::new()
        .file("corpus.jsonl", "{\"_id\": \"10\", \"title\": \"One\", \"text\": \"A. B. C.\"}\n{\"_id\": \"20\", \"title\": \"\", \"text\": \"D. E.\"}\n")
        .file("claims.csv", claims)
        .file("strange.csv", claims.replace("12,Withheld.,,,[],[]", "12,Withheld.,,,[],[30]"));
    let shown =
        sandbox.ok("data convert scifactclaims corpus.jsonl --queries claims.csv --out out");
    assert_eq!(
        shown.stdout,
        "5 labelled answers, 2 of them supported (left out: 1 without a label): `out`\n"
    );
    let rows = lines(&sandbox, "out/labelled.jsonl");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["id"].as_str().unwrap(),
                row["label"].as_str().unwrap(),
                row["supported"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("7-10", "SUPPORT", true),
            ("7-20", "nei", false),
            ("8-10", "SUPPORT", true),
            ("8-20", "CONTRADICT", false),
            ("9-20", "MIXED", false),
        ]
    );
    assert_eq!(
        rows[0],
        json!({"id": "7-10", "answer": "It binds.", "contexts": [{"id": "10", "title": "One", "text": "A. B. C."}], "supported": true,
            "claim_id": "7", "document": "10", "label": "SUPPORT", "set": "scifact"})
    );
    sandbox.fails(
        "data convert scifactclaims corpus.jsonl --queries strange.csv --out new",
        "`strange.csv`: claim `12` cites document `30`, which is not in the corpus; give the corpus that belongs to the claims",
    );
    sandbox.fails(
        "data convert scifactclaims corpus.jsonl --out new",
        "SciFact's claims are its queries; give `claims_validation.csv` or `claims_train.csv` as `queries` (`--queries`)",
    );
}

#[test]
fn labelled_answers_are_no_queries() {
    let config = crate::sandbox::CONFIG.replace(
        "dataset.source.beir.path = \"data\"",
        "dataset.converted = { layout = \"begin\", corpus = [\"a.tsv\"] }",
    );
    let sandbox = Sandbox::new()
        .file("a.tsv", begin(&["t5\tcmu\tK.\tQ\tA\tGeneric"]))
        .file("config.toml", config);
    sandbox.fails(
        "eval config.toml",
        "the layout `begin` holds labelled answers and no queries; name it in `dataset.labelled`, as in `labelled = [{ layout = \"begin\", path = [\"FILE\"] }]`",
    );
}
