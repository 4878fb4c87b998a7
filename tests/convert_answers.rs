//! Collections with gold answers and recorded outputs, as BEIR folders.

use std::path::Path;

use ragkit::data::{Gold, Judged, PathText, Source};
use serde_json::{Value, json};

use crate::real_data::data_folder;
use crate::sandbox::Sandbox;

fn lines(sandbox: &Sandbox, file: &str) -> Vec<Value> {
    let text = String::from_utf8(sandbox.read(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn source(sandbox: &Sandbox, folder: &str) -> Source {
    Source::beir_at(PathText::literal(sandbox.path(folder).to_str().unwrap()))
}

#[test]
fn squad_keeps_its_answers() {
    let squad = json!({"data": [{"title": "T", "paragraphs": [{"context": "The sky is blue, sky blue.", "qas": [
        {"id": "a", "question": "Which colour?", "answers": [
            {"text": "blue", "answer_start": 11}, {"text": "sky blue", "answer_start": 17}, {"text": "blue", "answer_start": 21}
        ]},
        {"id": "b", "question": "Which smell?", "answers": [], "is_impossible": true},
        {"id": "c", "question": "Withheld?"}
    ]}]}]});
    let sandbox = Sandbox::new().file("squad.json", squad.to_string());
    let shown = sandbox.ok("data convert squad squad.json --out out");
    assert_eq!(
        shown.stdout,
        "1 documents, 3 queries, 2 judgements, 3 gold spans, 2 gold answers: `out`\n"
    );
    assert_eq!(
        lines(&sandbox, "out/answers.jsonl"),
        [
            json!({"_id": "a", "answers": ["blue", "sky blue"], "answerable": true}),
            json!({"_id": "b", "answerable": false}),
        ]
    );
    let judged = Judged::read(&source(&sandbox, "out"), Gold::Answers).unwrap();
    let known: Vec<_> = judged
        .queries
        .iter()
        .map(|query| {
            (
                query.id.as_str(),
                judged.is_judged(&query.id),
                query.answerable,
            )
        })
        .collect();
    assert_eq!(
        known,
        [
            ("a", true, Some(true)),
            ("b", false, Some(false)),
            ("c", true, None)
        ]
    );
}

const PUBMEDQA: &str = r#"{
  "21": {"QUESTION": "Is it so?", "CONTEXTS": ["First.", "Second."], "LABELS": ["AIM", "RESULTS"], "MESHES": ["Cells", "Plants"],
         "YEAR": "2011", "reasoning_required_pred": "yes", "final_decision": "maybe", "LONG_ANSWER": "It may be so."},
  "3": {"QUESTION": "And this?", "CONTEXTS": ["Third."], "LABELS": ["AIM"], "MESHES": [], "YEAR": null, "final_decision": "no", "LONG_ANSWER": "Not this."}
}"#;

#[test]
fn pubmedqa_has_abstracts_and_conclusions() {
    let sandbox = Sandbox::new()
        .file("pqal.json", PUBMEDQA)
        .file("other.json", "{\"1\": {\"QUESTION\": \"x\"}}")
        .file("twice.json", PUBMEDQA.replace("\"3\"", "\"21\""));
    let shown = sandbox.ok("data convert pubmedqa pqal.json --out out");
    assert_eq!(
        shown.stdout,
        "2 documents, 2 queries, 2 judgements, 2 gold answers: `out`\n"
    );
    assert_eq!(
        lines(&sandbox, "out/corpus.jsonl"),
        [
            json!({"_id": "21", "title": "", "text": "First.\n\nSecond.", "metadata": {"year": "2011", "mesh": ["Cells", "Plants"]}}),
            json!({"_id": "3", "title": "", "text": "Third."}),
        ]
    );
    assert_eq!(
        lines(&sandbox, "out/queries.jsonl"),
        [
            json!({"_id": "21", "title": "", "text": "Is it so?", "metadata": {"year": "2011", "final_decision": "maybe"}}),
            json!({"_id": "3", "title": "", "text": "And this?", "metadata": {"final_decision": "no"}}),
        ]
    );
    assert_eq!(
        lines(&sandbox, "out/answers.jsonl"),
        [
            json!({"_id": "21", "answers": ["It may be so."], "answerable": true}),
            json!({"_id": "3", "answers": ["Not this."], "answerable": true}),
        ]
    );
    assert_eq!(
        sandbox.read("out/qrels/test.tsv"),
        b"query-id\tcorpus-id\tscore\n21\t21\t1\n3\t3\t1\n"
    );
    sandbox.fails(
        "data convert pubmedqa other.json --out new",
        "`other.json`: not PubMedQA's JSON (`QUESTION`, `CONTEXTS`, `LONG_ANSWER` by PubMed id): missing field `CONTEXTS` at line 1 column 23",
    );
    sandbox.fails(
        "data convert pubmedqa twice.json --out new",
        "`twice.json` row 2: the id `21` stands there twice; ids must be unique",
    );
    sandbox.fails(
        "data convert pubmedqa pqal.json --queries other.json --out new",
        "PubMedQA's files hold documents, queries and judgements, in UTF-8; give the files and nothing else",
    );
}

const ABSTRACTS: &str = r#"{"_id": "10", "title": "One", "text": "Über p53. miR-1 binds (vs. 2 of 3). It ends."}
{"_id": "20", "title": "Two", "text": "Nothing here. Or there."}
"#;

const HEADER: &str = "id,claim,evidence_doc_id,evidence_label,evidence_sentences,cited_doc_ids\n";

fn scifact(claims: &str) -> Sandbox {
    Sandbox::new()
        .file("corpus.jsonl", ABSTRACTS)
        .file("claims.csv", format!("{HEADER}{claims}"))
}

#[test]
fn scifact_has_claims_with_evidence() {
    // Claim 7 has alternative sets of evidence, 8 both labels, 9 none, 11 more sentences than the abstract, 12 cites nothing.
    let sandbox = scifact(
        "7,\"It binds, \"\"strongly\"\".\",10,SUPPORT,[1],[10 20]\n9,Unknown.,,,[],[20]\n7,\"It binds, \"\"strongly\"\".\",10,SUPPORT,[2 1],[10 20]\n8,Both.,10,SUPPORT,[0],\"[ 10\n 20]\"\n8,Both.,20,CONTRADICT,[1],[10 20]\n11,Behind.,20,SUPPORT,[0 2],[20]\n12,Withheld.,,,[],[]\n",
    );
    let shown =
        sandbox.ok("data convert scifact corpus.jsonl --queries claims.csv --split dev --out out");
    assert_eq!(
        shown.stdout,
        "2 documents, 5 queries, 6 judgements, 4 gold spans (those of 1 queries have no place), 4 gold answers: `out`\n"
    );
    assert_eq!(
        lines(&sandbox, "out/queries.jsonl"),
        [
            json!({"_id": "7", "title": "", "text": "It binds, \"strongly\".", "metadata": {"label": "SUPPORT"}}),
            json!({"_id": "9", "title": "", "text": "Unknown.", "metadata": {"label": "NONE"}}),
            json!({"_id": "8", "title": "", "text": "Both.", "metadata": {"label": "MIXED"}}),
            json!({"_id": "11", "title": "", "text": "Behind.", "metadata": {"label": "SUPPORT"}}),
            json!({"_id": "12", "title": "", "text": "Withheld."}),
        ]
    );
    assert_eq!(
        lines(&sandbox, "out/answers.jsonl"),
        [
            json!({"_id": "7", "nuggets": ["miR-1 binds (vs. 2 of 3).", "It ends."], "answerable": true}),
            json!({"_id": "9", "answerable": false}),
            json!({"_id": "8", "nuggets": ["Über p53.", "Or there."], "answerable": true}),
            json!({"_id": "11", "answerable": true}),
        ]
    );
    // Characters, not bytes.
    assert_eq!(
        lines(&sandbox, "out/spans/dev.jsonl")[0],
        json!({"query": "7", "document": "10", "start": 10, "end": 35, "text": "miR-1 binds (vs. 2 of 3)."})
    );
    assert_eq!(
        String::from_utf8(sandbox.read("out/qrels/dev.tsv")).unwrap(),
        "query-id\tcorpus-id\tscore\n7\t10\t1\n7\t20\t1\n9\t20\t1\n8\t10\t1\n8\t20\t1\n11\t20\t1\n"
    );
    assert_eq!(lines(&sandbox, "out/corpus.jsonl")[0]["title"], "One");
}

#[test]
fn scifact_with_faults_is_refused_by_line() {
    let convert = "data convert scifact corpus.jsonl --queries claims.csv --out out";
    for (claims, message) in [
        (
            "1,A.,10,SUPPORT,[x],[10]\n",
            "`claims.csv` line 2: the sentence `x` is not a whole number from 0",
        ),
        (
            "1,A.,30,SUPPORT,[0],[10]\n",
            "`claims.csv` line 2: the evidence is of document `30`, which is not in the corpus",
        ),
        (
            "1,A.,10,NEUTRAL,[0],[10]\n",
            "`claims.csv` line 2: evidence needs `evidence_doc_id`, `evidence_label` (`SUPPORT` or `CONTRADICT`) and `evidence_sentences`",
        ),
        (
            "1,A.,10,SUPPORT,[0],[10]\n1,B.,10,SUPPORT,[0],[10]\n",
            "`claims.csv` line 3: claim `1` has another text in an earlier row",
        ),
    ] {
        scifact(claims).fails(convert, message);
    }
    let sandbox = scifact("").file("claims.csv", "id,claim\n1,A.\n");
    sandbox.fails(
        convert,
        "`claims.csv` line 2: no column `cited_doc_ids`; SciFact's claims have `id`, `claim`, `evidence_doc_id`, `evidence_label`, `evidence_sentences` and `cited_doc_ids`",
    );
    sandbox.fails(
        "data convert scifact corpus.jsonl --out out",
        "SciFact's claims are its queries; give `claims_validation.csv` or `claims_train.csv` as `queries` (`--queries`)",
    );
    sandbox.fails(
        "data convert scifact corpus.jsonl --queries claims.csv --encoding latin1 --out out",
        "SciFact's claims hold their ids and judgements, in UTF-8; give the corpus and the claims and nothing else",
    );
}

/// What an annotator said of the pair 4: overall, completeness, correctness.
fn label(overall: i32, completeness: i32, correctness: i32) -> Value {
    json!({
        "instance_id": 4, "dataset": "kiwi", "query_id": "41", "query": "How?", "gt_answer": "So.",
        "model1": {"model_name": "bm25_gpt_4", "response": "Thus.", "critiques": "short"},
        "model2": {"model_name": "e5_gpt_4", "response": "", "critiques": "shorter"},
        "correctness_label": correctness, "completeness_label": completeness, "overall_label": overall
    })
}

#[test]
fn ragchecker_has_two_answers_and_what_people_preferred() {
    let of = |labels: &[Value]| Sandbox::new().file("labels.json", json!(labels).to_string());
    let sandbox = of(&[label(-2, 1, 0), label(-1, -1, 2)]);
    let shown = sandbox.ok("data convert ragchecker labels.json --out out");
    assert_eq!(
        shown.stdout,
        "0 documents, 1 queries, 0 judgements, 1 gold answers, 2 recorded outputs: `out`\n"
    );
    assert_eq!(
        lines(&sandbox, "out/queries.jsonl"),
        [
            json!({"_id": "4", "title": "", "text": "How?", "metadata": {
                "dataset": "kiwi", "query_id": "41", "model1": "bm25_gpt_4", "model2": "e5_gpt_4",
                "overall": -3, "overall_1": -2, "overall_2": -1,
                "completeness": 0, "completeness_1": 1, "completeness_2": -1,
                "correctness": 2, "correctness_1": 0, "correctness_2": 2,
            }})
        ]
    );
    assert_eq!(
        lines(&sandbox, "out/outputs.jsonl"),
        [
            json!({"query_id": "4", "variant": "model1", "answer": "Thus.", "contexts": []}),
            json!({"query_id": "4", "variant": "model2", "answer": "", "contexts": []}),
        ]
    );
    let source = source(&sandbox, "out");
    let judged = Judged::read(&source, Gold::Answers).unwrap();
    assert_eq!(judged.queries[0].answers, ["So."]);
    assert_eq!(judged.queries[0].metadata["overall"], "-3");
    let recordings = source.outputs().unwrap().unwrap().read().unwrap();
    assert_eq!(recordings.variants(), ["model1", "model2"]);

    let mut other = label(0, 0, 0);
    other["model2"]["response"] = json!("Another.");
    of(&[label(0, 0, 0), other]).fails(
        "data convert ragchecker labels.json --out out",
        "`labels.json`: instance 4: its labels are not all of one question and one pair of answers",
    );
    of(&[label(0, 3, 0)]).fails(
        "data convert ragchecker labels.json --out out",
        "`labels.json`: instance 4: `completeness_label` is 3; expected −2 to 2",
    );
    sandbox.fails(
        "data convert ragchecker labels.json --volumes 2 --out new",
        "volumes are joined of SQuAD's articles only",
    );
    sandbox.fails(
        "data convert ragchecker labels.json --qrels labels.json --out new",
        "RAGChecker's files hold queries and what systems answered, in UTF-8; give the files and nothing else",
    );
}

/// The cards' counts hold, which each card's checksums tie to one copy.
#[test]
fn real_collections_are_what_their_cards_say() {
    let Some(data) = data_folder() else { return };
    let cards = Path::new(env!("CARGO_MANIFEST_DIR")).join("datasets");
    let sandbox = Sandbox::new();
    let output = sandbox
        .command("data verify pubmedqa scifact_evidence ragchecker --cards")
        .arg(cards)
        .env("RAGKIT_DATA", data)
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && !shown.contains("FAIL"),
        "{shown}"
    );
    for line in [
        "gold spans: 363",
        "gold answers: 300",
        "recorded outputs: 560",
    ] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
}

#[test]
fn scifact_claims_are_beirs_queries() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("rag/scifact_beir");
    let sandbox = Sandbox::new();
    for (claims, split, unplaced) in [("validation", "test", 1), ("train", "train", 0)] {
        let path = |file: &str| folder.join(file).display().to_string();
        sandbox.ok(&format!(
            "data convert scifact {} --queries {} --split {split} --out {split}",
            path("corpus.jsonl"),
            path(&format!("claims_{claims}.csv"))
        ));
        // The judgements that BEIR's own conversion has, whatever their order.
        let sorted = |text: String| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let qrels = format!("qrels/{split}.tsv");
        let ours = String::from_utf8(sandbox.read(format!("{split}/{qrels}"))).unwrap();
        let beirs = std::fs::read_to_string(folder.join(&qrels)).unwrap();
        assert_eq!(sorted(ours), sorted(beirs));
        let gold = lines(&sandbox, &format!("{split}/answers.jsonl"));
        let without = |row: &&Value| row["answerable"] == true && row["nuggets"].is_null();
        assert_eq!(gold.iter().filter(without).count(), unplaced);
    }
    let labels = lines(&sandbox, "test/queries.jsonl");
    let count = |label: &str| {
        let of_label = labels
            .iter()
            .filter(|query| query["metadata"]["label"] == label);
        of_label.count()
    };
    assert_eq!(
        (
            count("SUPPORT"),
            count("CONTRADICT"),
            count("NONE"),
            count("MIXED")
        ),
        (124, 64, 112, 0)
    );
}

#[test]
fn pubmedqa_has_the_verdicts_that_its_readme_counts() {
    let Some(data) = data_folder() else { return };
    let sandbox = Sandbox::new();
    let path = data.join("rag/pubmedqa/ori_pqal.json");
    sandbox.ok(&format!(
        "data convert pubmedqa {} --out out",
        path.display()
    ));
    let queries = lines(&sandbox, "out/queries.jsonl");
    let count = |verdict: &str| {
        let of_verdict = |query: &&Value| query["metadata"]["final_decision"] == verdict;
        queries.iter().filter(of_verdict).count()
    };
    assert_eq!((count("yes"), count("no"), count("maybe")), (552, 338, 110));
}

/// RAGChecker's own scores, `model2`'s less `model1`'s, correlate with the labels as its paper's table 2 says: .4966, .6067, .6193. With
/// the preference's sign the wrong way round they would be negative.
#[test]
fn preferences_have_the_sign_that_ragcheckers_paper_gives_them() {
    let Some(data) = data_folder() else { return };
    let folder = data.join("rag/ragchecker_meta");
    let sandbox = Sandbox::new();
    let path = folder.join("human_labeled_data.json");
    sandbox.ok(&format!(
        "data convert ragchecker {} --out out",
        path.display()
    ));
    let queries = lines(&sandbox, "out/queries.jsonl");
    let text = std::fs::read_to_string(folder.join("baseline_ragchecker.json")).unwrap();
    let scores: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((queries.len(), scores.len()), (280, 280));
    for (name, expected) in [
        ("correctness", 0.4966),
        ("completeness", 0.6067),
        ("overall", 0.6193),
    ] {
        let mut pairs = Vec::new();
        for (query, score) in queries.iter().zip(&scores) {
            assert_eq!(query["_id"], score["instance_id"].to_string());
            let of = |model: &str| {
                score[model]["ragchecker"][format!("{name}_label")]
                    .as_f64()
                    .unwrap()
            };
            for annotator in 1..=2 {
                let label = &query["metadata"][format!("{name}_{annotator}")];
                pairs.push((of("model2") - of("model1"), label.as_f64().unwrap()));
            }
        }
        assert!(
            (pearson(&pairs) - expected).abs() < 5e-5,
            "{name}: {}",
            pearson(&pairs)
        );
    }
}

fn pearson(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    let (x, y) = pairs
        .iter()
        .fold((0.0, 0.0), |(x, y), pair| (x + pair.0 / n, y + pair.1 / n));
    let sum = |of: fn(f64, f64) -> f64| -> f64 {
        pairs.iter().map(|pair| of(pair.0 - x, pair.1 - y)).sum()
    };
    sum(|x, y| x * y) / (sum(|x, _| x * x) * sum(|_, y| y * y)).sqrt()
}
