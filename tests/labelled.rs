//! Labelled answers: read in ragkit's columns, and converted from the layouts of others.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, StringArray};
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use ragkit::data::{Labelled, LabelledAnswers, LabelledSources, LeftOut, PathText, Table};
use serde_json::{Value, json};

use crate::convert_labelled::begin;
use crate::sandbox::Sandbox;

fn table(sandbox: &Sandbox, file: &str) -> Table {
    Table::at(PathText::literal(sandbox.path(file).to_str().unwrap()))
}

pub fn read(sandbox: &Sandbox, files: &[&str]) -> Result<LabelledAnswers, String> {
    let tables: Vec<Table> = files.iter().map(|file| table(sandbox, file)).collect();
    let folder = format!("{}/", sandbox.path("").display());
    LabelledAnswers::read(&tables)
        .map_err(|error| error.to_string().replace(folder.trim_end_matches('/'), ""))
}

fn jsonl(rows: &[Value]) -> Sandbox {
    let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    Sandbox::new().file("a.jsonl", lines.join("\n"))
}

fn texts(one: &Labelled) -> Vec<(&str, &str)> {
    let passages = one.contexts.iter();
    passages
        .map(|passage| (passage.title.as_str(), passage.text.as_str()))
        .collect()
}

pub fn field<'a>(one: &'a Labelled, name: &str) -> Option<&'a str> {
    one.metadata.get(name).map(String::as_str)
}

#[test]
fn every_column_has_its_names() {
    let sandbox = jsonl(&[
        json!({"id": 7, "question": "Why?", "answer": "So.", "contexts": ["A.", " ", {"title": "T", "text": "B.", "id": 3}], "supported": true, "label": "entailed", "score": 0.5, "tags": ["x", "y"], "none": null}),
        json!({"_id": " b ", "user_input": "Who?", "response": "They.", "context": "One text.", "faithful": "Hallucination", "set": "mine", "metadata": {"document": "d1", "set": "theirs"}}),
        json!({"id": "c", "claim": "It is.", "evidence": "[1] Not a list.", "label": 1, "knowledge": "Metadata."}),
        json!({"id": "d", "answer": "It is.", "knowledge": "[\"Listed.\", \"Twice.\"]", "supported": "NO"}),
        json!({"id": "e", "answer": "It is.", "doc": "K.", "supported": "0.0"}),
    ]);
    let found = read(&sandbox, &["a.jsonl"]).unwrap();
    let [a, b, c, others @ ..] = &found.answers[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (a.id.as_str(), a.question.as_str(), a.answer.as_str()),
        ("7", "Why?", "So.")
    );
    assert_eq!(texts(a), [("", "A."), ("T", "B.")]);
    assert_eq!(a.contexts[1].id.as_deref(), Some("3"));
    let labels: Vec<bool> = found.answers.iter().map(|one| one.supported).collect();
    assert_eq!(labels, [true, false, true, false, false]);
    // A name that is not the first stays what it is to the others: metadata.
    assert_eq!(
        ["label", "score", "tags", "none", "set"].map(|name| field(a, name)),
        [Some("entailed"), Some("0.5"), Some("x; y"), None, Some("a")]
    );
    assert_eq!(
        (b.id.as_str(), b.set(), field(b, "document")),
        ("b", "mine", Some("d1"))
    );
    assert_eq!(texts(b), [("", "One text.")]);
    assert_eq!(
        (texts(c), field(c, "knowledge")),
        (vec![("", "[1] Not a list.")], Some("Metadata."))
    );
    assert_eq!(texts(&others[0]), [("", "Listed."), ("", "Twice.")]);
    assert_eq!(
        (texts(&others[1]), others[1].question.as_str()),
        (vec![("", "K.")], "")
    );
    assert_eq!(
        found.fields(),
        [
            "`document`",
            "`knowledge`",
            "`label`",
            "`score`",
            "`set`",
            "`tags`"
        ]
    );
    // Its contexts name the document of an answer that names none.
    let document = |one| field(one, "document").unwrap();
    assert_eq!((document(a).len(), document(a) == document(c)), (12, false));
    assert_eq!((found.sets(), found.both_ways), (vec!["a", "mine"], 0));
    assert_eq!(found.left_out, LeftOut::default());
}

#[test]
fn a_table_of_texts_and_a_parquet_file_say_the_same() {
    let sandbox = Sandbox::new().file(
        "a.csv",
        "id,answer,contexts,supported,score,model\n1,One.,\"[\"\"A, b.\"\", \"\"C.\"\"]\",true,0.5,m\n2,Two.,\"[\"\"D.\"\"]\",0,1.5,\n",
    );
    let mut contexts = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    contexts.append_value([Some("A, b."), Some("C.")]);
    contexts.append_value([Some("D.")]);
    let columns: [(&str, ArrayRef); 6] = [
        ("id", Arc::new(Int64Array::from(vec![1, 2]))),
        ("answer", Arc::new(StringArray::from(vec!["One.", "Two."]))),
        ("contexts", Arc::new(contexts.finish())),
        ("supported", Arc::new(BooleanArray::from(vec![true, false]))),
        ("score", Arc::new(Float64Array::from(vec![0.5, 1.5]))),
        ("model", Arc::new(StringArray::from(vec![Some("m"), None]))),
    ];
    write_parquet(&sandbox.path("a.parquet"), &columns);
    let (csv, parquet) = (
        read(&sandbox, &["a.csv"]).unwrap(),
        read(&sandbox, &["a.parquet"]).unwrap(),
    );
    assert_eq!(csv.answers, parquet.answers);
    assert_eq!(csv.digest(), parquet.digest());
    assert_eq!(texts(&csv.answers[0]), [("", "A, b."), ("", "C.")]);
    assert_eq!(field(&csv.answers[0], "model"), Some("m"));
    assert_eq!(field(&csv.answers[1], "model"), None);
    // Numbers as labels, as other tools write them.
    let numbers: [(&str, ArrayRef); 3] = [
        (
            "claim",
            Arc::new(StringArray::from(vec!["One.", "Two.", "Three."])),
        ),
        (
            "context",
            Arc::new(StringArray::from(vec!["A.", "B.", "C."])),
        ),
        (
            "label",
            Arc::new(Float64Array::from(vec![Some(1.0), None, Some(0.0)])),
        ),
    ];
    write_parquet(&sandbox.path("b.parquet"), &numbers);
    let found = read(&sandbox, &["b.parquet"]).unwrap();
    let ids: Vec<_> = found
        .answers
        .iter()
        .map(|one| (one.id.as_str(), one.supported))
        .collect();
    assert_eq!(ids, [("1", true), ("3", false)]);
    assert_eq!(
        found.left_out,
        LeftOut {
            label: 1,
            ..LeftOut::default()
        }
    );
    // An id that is a list is none.
    let lists: ListArray = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(1)])]);
    let bad: [(&str, ArrayRef); 1] = [("id", Arc::new(lists))];
    write_parquet(&sandbox.path("c.parquet"), &bad);
    assert_eq!(
        read(&sandbox, &["c.parquet"]).unwrap_err(),
        "`/c.parquet` row 1: the id must be text or a whole number, found [1]; write it as text"
    );
}

fn write_parquet(path: &Path, columns: &[(&str, ArrayRef)]) {
    let batch = RecordBatch::try_from_iter(columns.iter().cloned()).unwrap();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[test]
fn rows_that_say_too_little_are_counted() {
    let sandbox = jsonl(&[
        json!({"answer": "A.", "contexts": ["K."], "supported": true}),
        json!({"answer": "A.", "contexts": ["K."], "supported": null}),
        json!({"answer": " ", "contexts": ["K."], "supported": "true"}),
        json!({"answer": null, "contexts": ["K."], "supported": true}),
        json!({"answer": "A.", "contexts": [], "supported": true}),
        json!({"answer": "A.", "contexts": ["", {"text": " "}], "supported": true}),
        json!({"answer": "A.", "contexts": null, "supported": true}),
        json!({"answer": "A.", "contexts": ["K."], "supported": false}),
        json!({"answer": "A.", "contexts": ["K."], "supported": "", "question": "Q?"}),
        json!({"answer": "A.", "contexts": ["K."], "supported": false, "question": "Q?"}),
    ]);
    let found = read(&sandbox, &["a.jsonl"]).unwrap();
    let ids: Vec<&str> = found.answers.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["1", "8", "10"]);
    assert_eq!(
        found.left_out,
        LeftOut {
            label: 2,
            answer: 2,
            contexts: 3
        }
    );
    assert_eq!(
        found.left_out.to_string(),
        "2 without a label, 2 without an answer, 3 without contexts"
    );
    // The same answer to another question is another answer.
    assert_eq!(found.both_ways, 2);
}

#[test]
fn ids_of_two_sets_stay_apart() {
    let rows = "{\"id\": 1, \"answer\": \"A.\", \"contexts\": \"K.\", \"supported\": true}\n{\"id\": 2, \"answer\": \"B.\", \"contexts\": \"K.\", \"supported\": false}\n";
    let sandbox = Sandbox::new()
        .file("a.jsonl", rows)
        .file("b.jsonl", rows)
        .file("c.jsonl", rows.replace("\"id\": ", "\"id\": 1"))
        .file("sub/a.jsonl", rows.replace("\"id\": 1", "\"id\": 3"));
    let ids = |files: &[&str]| -> Vec<String> {
        let found = read(&sandbox, files).unwrap();
        found.answers.into_iter().map(|one| one.id).collect()
    };
    assert_eq!(ids(&["a.jsonl", "b.jsonl"]), ["a:1", "a:2", "b:1", "b:2"]);
    assert_eq!(ids(&["a.jsonl", "c.jsonl"]), ["1", "2", "11", "12"]);
    assert_eq!(
        read(&sandbox, &["a.jsonl", "sub/a.jsonl"]).unwrap_err(),
        "`/sub/a.jsonl` line 2: the id `2` of the set `a` stands already in `/a.jsonl` line 2; ids must be unique in a set, so mend it or name the sets apart in `set`"
    );
    let (one, two) = (read(&sandbox, &["a.jsonl"]), read(&sandbox, &["c.jsonl"]));
    assert_ne!(one.unwrap().digest(), two.unwrap().digest());
}

#[test]
fn what_is_no_labelled_answer_is_refused_by_line() {
    let labels = "write `true`, `1`, `yes`, `supported`, `faithful`, `entailment` for what the contexts support, and `false`, `0`, `no`, `unsupported`, `unfaithful`, `hallucination`, `contradiction`, `neutral` for what they do not";
    let cases = [
        (
            json!({"id": "", "answer": "A.", "contexts": "K.", "supported": true}),
            "the id is empty".to_owned(),
        ),
        (
            json!({"id": "x", "contexts": "K.", "supported": true}),
            "no column `answer` (or `response`, `claim`) for the answer; the columns are `id`, `contexts`, `supported`".to_owned(),
        ),
        (
            json!({"answer": "A.", "supported": true}),
            "no column `contexts` (or `context`, `evidence`, `knowledge`, `retrieved_contexts`, `doc`) for what the answer should rest on; the columns are `answer`, `supported`".to_owned(),
        ),
        (
            json!({"answer": "A.", "contexts": "K."}),
            "no column `supported` (or `label`, `faithful`) for people's label; the columns are `answer`, `contexts`".to_owned(),
        ),
        (
            json!({"answer": "A.", "contexts": "K.", "supported": "maybe"}),
            format!("`supported` is \"maybe\", which is no label; {labels}"),
        ),
        (
            json!({"answer": "A.", "contexts": "K.", "label": 2}),
            format!("`label` is 2, which is no label; {labels}"),
        ),
        (
            json!({"answer": "A.", "contexts": "K.", "faithful": 0.5}),
            format!("`faithful` is 0.5, which is no label; {labels}"),
        ),
        (
            json!({"response": 3, "contexts": "K.", "supported": true}),
            "`response` must be text, found a number".to_owned(),
        ),
        (
            json!({"answer": "A.", "contexts": "K.", "supported": true, "question": []}),
            "`question` must be text, found a list".to_owned(),
        ),
        (
            json!({"answer": "A.", "context": 3, "supported": true}),
            "`context` must be one text, or a list of texts or of objects, found a number".to_owned(),
        ),
        (
            json!({"answer": "A.", "contexts": ["K.", 3], "supported": true}),
            "`contexts`: context 2: expected a text or an object, found a number".to_owned(),
        ),
        (
            json!({"answer": "A.", "evidence": [{"title": "T"}], "supported": true}),
            "`evidence`: context 1: it has no `text`".to_owned(),
        ),
    ];
    let good = json!({"id": "good", "answer": "A.", "contexts": "K.", "supported": true});
    for (row, message) in cases {
        let found = read(&jsonl(&[good.clone(), row]), &["a.jsonl"]).unwrap_err();
        assert_eq!(found, format!("`/a.jsonl` line 2: {message}"));
    }
    assert_eq!(
        read(&jsonl(&[good]), &["a.jsonl"]).unwrap_err(),
        "`/a.jsonl` has no answer with `supported = false`; both kinds are needed to tell them apart"
    );
    let unlabelled = json!({"answer": "A.", "contexts": "K.", "supported": null});
    let sandbox = jsonl(&[unlabelled]).file("b.csv", "answer,contexts,supported\n");
    assert_eq!(
        read(&sandbox, &["a.jsonl", "b.csv"]).unwrap_err(),
        "`/a.jsonl`, `/b.csv` (rows left out: 1 without a label) have no answer with `supported = true`; both kinds are needed to tell them apart"
    );
    assert_eq!(
        read(&sandbox, &[]).unwrap_err(),
        "no file of labelled answers is named; name at least one"
    );
}

fn sources(text: &str) -> Result<LabelledSources, String> {
    #[derive(serde::Deserialize)]
    struct Whole {
        labelled: LabelledSources,
    }
    let whole: Whole = toml::from_str(text).map_err(|error| error.to_string())?;
    let valid = whole.labelled.validate();
    valid.map_err(|error| error.to_string())?;
    Ok(whole.labelled)
}

#[test]
fn a_config_names_files_of_either_kind() {
    let sandbox = Sandbox::new()
        .file(
            "own.rows",
            "{\"id\": \"cmu-1\", \"answer\": \"A.\", \"contexts\": \"K.\", \"supported\": true}\n",
        )
        .file("a.tsv", begin(&["t5\tcmu\tK.\t\tYes.\tGeneric"]))
        .file(
            "b.tsv",
            begin(&["t5\twow\tL.\tHi.\tYes.\tFully attributable"]),
        );
    let folder = sandbox.path("").display().to_string();
    let named = sources(&format!(
        "labelled = [{{ path = '{folder}own.rows', format = 'jsonl' }}, {{ layout = 'begin', path = ['{folder}a.tsv', '{folder}b.tsv'] }}]"
    ))
    .unwrap();
    let cache = sandbox.path("cache");
    let found = named.read(&cache).unwrap();
    let ids: Vec<&str> = found.answers.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["own:cmu-1", "begin:cmu-1", "begin:wow-1"]);
    assert_eq!(found.sets(), ["own", "begin"]);
    // What was converted once is read again.
    assert_eq!(
        std::fs::read_dir(cache.join("datasets")).unwrap().count(),
        1
    );
    assert_eq!(named.read(&cache).unwrap(), found);
    assert_eq!(
        std::fs::read_dir(cache.join("datasets")).unwrap().count(),
        1
    );
    let written = toml::to_string(&named.0[1]).unwrap();
    assert_eq!(
        written,
        format!("path = [\"{folder}a.tsv\", \"{folder}b.tsv\"]\nlayout = \"begin\"\n")
    );
    let same = LabelledSources::at(&[sandbox.path("own.jsonl")]).unwrap();
    assert!(
        same.read(&cache)
            .unwrap_err()
            .to_string()
            .contains("no such file")
    );
}

#[test]
fn a_config_that_makes_no_sense_is_refused() {
    for (text, message) in [
        (
            "labelled = []",
            "`labelled` is empty; name at least one source, as in `labelled = [{ path = \"answers.jsonl\" }]`",
        ),
        (
            "labelled = [{ path = [] }]",
            "`labelled` has a source whose `path` names no file; name at least one",
        ),
        (
            "labelled = [{ path = 'a', layout = 'begin', format = 'tsv' }]",
            "`labelled` has a source with `format` and `layout`; drop `format`, for the layout says it",
        ),
        (
            "labelled = [{ path = 'a', layout = 'squad' }]",
            "the layout `squad` holds no labelled answers; those that do are `begin`, `faithdial`, `halueval`, `expertqa`, `scifactclaims`",
        ),
        (
            "labelled = [{ path = 'a', queries = 'b' }]",
            "`labelled` has a source with `queries`, which goes with `layout = \"scifactclaims\"`",
        ),
    ] {
        assert_eq!(sources(text).unwrap_err(), message);
    }
    let unknown = sources("labelled = [{ path = 3 }]").unwrap_err();
    assert!(
        unknown.contains("expected a path, or a list of paths"),
        "{unknown}"
    );
    let unknown = sources("labelled = [{ path = 'a', fields = 3 }]").unwrap_err();
    assert!(unknown.contains("unknown field `fields`"), "{unknown}");
}
