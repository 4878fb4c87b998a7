//! What a user sees when a file of theirs is at fault: the whole text.

use crate::sandbox::{CONFIG, Sandbox};

fn indexing(corpus: impl AsRef<[u8]>, message: &str) {
    Sandbox::new()
        .file("c.jsonl", corpus)
        .fails("index c.jsonl --out i", message);
}

#[test]
fn malformed_documents_name_the_line() {
    indexing(
        "{\"_id\": \"a\", \"text\": \"x\"}\n{\"_id\": \"b\", \"text\": \"y\n",
        "`c.jsonl` line 2: not valid JSON: EOF while parsing a string at column 23; expected one JSON object a line",
    );
    indexing(
        "{\"_id\": \"a\", \"text\": \"x\"}\n\n[1, 2]\n",
        "`c.jsonl` line 3: expected a JSON object, found a list",
    );
    indexing(
        "{\"_id\": \"a\", \"body\": \"x\"}\n",
        "`c.jsonl` line 1: no column `text` for the text; the columns are `_id`, `body`; name one in `fields.text` (`--text`)",
    );
    indexing(
        "{\"text\": \"x\"}\n",
        "`c.jsonl` line 1: no column `_id` or `id` for the id; the columns are `text`; name one in `fields.id` (`--id`)",
    );
    indexing(
        "{\"_id\": 1.5, \"text\": \"x\"}\n",
        "`c.jsonl` line 1: the id must be text or a whole number, found 1.5; write it as text",
    );
    indexing(
        "{\"_id\": \" \", \"text\": \"x\"}\n",
        "`c.jsonl` line 1: the id is empty",
    );
    indexing(
        "{\"_id\": \"a\", \"text\": [\"x\"]}\n",
        "`c.jsonl` line 1: the text must be text, found a list",
    );
    indexing(
        "{\"_id\": \"a\", \"text\": \"x\", \"access\": [1]}\n",
        "`c.jsonl` line 1: an access label must be text and not empty",
    );
    indexing(
        b"{\"_id\": \"a\", \"text\": \"x\"}\n{\"_id\": \"b\", \"text\": \"caf\xe9\"}\n",
        "`c.jsonl` line 2: not UTF-8 at byte 26; if it is text, convert it, for example with `iconv -f latin1 -t utf-8`",
    );
    indexing(
        "{\"_id\": \"a\", \"text\": \"x\"}\n{\"_id\": 7, \"text\": \"y\"}\n{\"_id\": \"a\", \"text\": \"z\"}\n",
        "`c.jsonl` line 3: the id `a` stands already in line 1; ids must be unique",
    );
    indexing("", "`c.jsonl` holds no document");
}

#[test]
fn files_that_are_missing_or_of_no_known_kind() {
    let sandbox = Sandbox::new().file("c.bin", b"\x01\0\x02\0\x03".as_slice());
    sandbox.fails(
        "index nowhere.jsonl --out i",
        "`nowhere.jsonl`: cannot be opened: no such file",
    );
    sandbox.fails("index c.bin --out i", "`c.bin` holds no document: the one file was refused, `c.bin`: `.bin` is not a format that ragkit reads");
    sandbox.fails("index c.bin", "say where to write the index: `--out DIR`");
    let sandbox = Sandbox::new().file("c.parquet", "PAR1 and then nothing that is Parquet");
    let shown = sandbox.run("index c.parquet --out i");
    assert_eq!(shown.code, Some(2));
    assert!(
        shown
            .stderr
            .starts_with("error: `c.parquet`: not readable as Parquet: "),
        "{}",
        shown.stderr
    );
}

#[test]
fn tables_with_rows_of_another_length() {
    let sandbox = Sandbox::new()
        .file("c.csv", "id,text\na,one\nb,two,three\n")
        .file("empty.csv", "");
    sandbox.fails(
        "index c.csv --out i",
        "`c.csv` line 3: 3 columns, the header has 2",
    );
    sandbox.fails(
        "index empty.csv --out i",
        "`empty.csv`: is empty; expected a header line",
    );
}

#[test]
fn documents_without_text_are_kept_and_counted() {
    let sandbox = Sandbox::new().file("c.jsonl", "{\"_id\": \"a\", \"text\": \"otter\"}\n{\"_id\": \"b\", \"text\": \"\"}\n{\"_id\": \"c\", \"text\": null}\n");
    let shown = sandbox.ok("index c.jsonl --out i");
    assert!(
        shown
            .stderr
            .starts_with("indexed 3 documents (2 without a term: no words find them), 1 terms"),
        "{}",
        shown.stderr
    );
    let shown = sandbox.ok("search i otter --by lexical");
    assert_eq!(shown.stdout, "  1  0.2452  a  \n     otter\n");
}

#[test]
fn vectors_that_are_not_vectors() {
    let index = |rows: &str, message: &str| {
        Sandbox::new()
            .file("c.jsonl", rows)
            .fails("index c.jsonl --out i --embedder own", message);
    };
    index(
        "{\"_id\": \"a\", \"text\": \"x\"}\n",
        "document `a` has no vector; name its column in `fields.vector` or a file in `vectors`, or choose another `embedder`",
    );
    index(
        "{\"_id\": \"a\", \"text\": \"x\", \"vector\": [1, null]}\n",
        "`c.jsonl` line 1: the vector's dimension 2 is not a finite number (NaN, infinite or missing); mend or drop the row",
    );
    index(
        "{\"_id\": \"a\", \"text\": \"x\", \"vector\": [1, 1e300]}\n",
        "`c.jsonl` line 1: the vector's dimension 2 is not a finite number (NaN, infinite or missing); mend or drop the row",
    );
    index(
        "{\"_id\": \"a\", \"text\": \"x\", \"vector\": [1, 2]}\n{\"_id\": \"b\", \"text\": \"y\", \"vector\": [1, 2, 3]}\n",
        "`c.jsonl` line 2: the vector has 3 dimensions, that of line 1 has 2",
    );
    index(
        "{\"_id\": \"a\", \"text\": \"x\", \"vector\": []}\n",
        "`c.jsonl` line 1: the vector is empty",
    );
}

/// A `.npy` file of `rows` × 2 in `dtype`.
fn npy(dtype: &str, rows: usize, data: &[u8]) -> Vec<u8> {
    let mut header =
        format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({rows}, 2), }}");
    header.push_str(&" ".repeat(117 - header.len()));
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    file.extend(header.bytes());
    file.extend(data);
    file
}

fn floats(values: &[f32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect()
}

#[test]
fn numpy_files_are_read_and_checked() {
    let rows = "{\"_id\": \"a\", \"text\": \"x\"}\n{\"_id\": \"b\", \"text\": \"y\"}\n";
    let command = "index c.jsonl --out i --embedder own --vectors v.npy --vector-ids ids.txt";
    let with = |npy: Vec<u8>, ids: &str| {
        Sandbox::new()
            .file("c.jsonl", rows)
            .file("v.npy", npy)
            .file("ids.txt", ids)
    };
    let good = floats(&[1.0, 0.0, 0.0, 2.0]);

    let shown = with(npy("<f4", 2, &good), "b\na\n").ok(command);
    assert!(
        shown
            .stderr
            .starts_with("indexed 2 documents, 2 terms, vectors `own` of 2 dimensions"),
        "{}",
        shown.stderr
    );
    with(npy("<f4", 2, &good), "b\n").fails(
        command,
        "`ids.txt`: 1 ids for the 2 rows of `v.npy`; expected one id a row",
    );
    with(npy("<f4", 2, &good), "b\nb\n").fails(
        command,
        "`ids.txt` line 2: the id `b` stands already in line 1",
    );
    with(npy("<f4", 2, &good), "b\nc\n").fails(command, "`v.npy`: has no vector for the id `a`");
    with(npy("<i8", 2, &good), "b\na\n").fails(command, "`v.npy`: has the type `<i8`; expected `<f4` or `<f8`, as `array.astype(\"float32\")` writes it");
    with(npy("<f4", 2, &floats(&[1.0, 0.0, f32::NAN, 2.0])), "b\na\n").fails(
        command,
        "`v.npy` row 2: dimension 1 is not a finite number; mend or drop the row",
    );
    let shown = with(npy("<f4", 2, &good[..9]), "b\na\n").run(command);
    assert_eq!(shown.code, Some(2));
    assert!(
        shown
            .stderr
            .starts_with("error: `v.npy`: is cut short or damaged: "),
        "{}",
        shown.stderr
    );
    let shown = with(b"not numpy".to_vec(), "b\na\n").run(command);
    assert!(
        shown
            .stderr
            .starts_with("error: `v.npy`: not a NumPy file: "),
        "{}",
        shown.stderr
    );
}

#[test]
fn judgements_and_queries_that_do_not_fit() {
    let eval = |qrels: &str, message: &str| {
        Sandbox::with_dataset()
            .file("data/qrels/test.tsv", qrels)
            .fails("eval config.toml", message);
    };
    eval(
        "query-id\tcorpus-id\tscore\nq1\td0\t1\nq9\td0\t1\n",
        "`data/qrels/test.tsv` line 3: query `q9` is judged but is not in `data/queries.jsonl`; add it there or drop its judgements",
    );
    eval(
        "q1\td0\t1\nq1\td0\tmuch\n",
        "`data/qrels/test.tsv` line 2: the grade `much` is not a whole number, such as 0, 1 or 2",
    );
    eval(
        "q1\td0\t1\nq1\td0\t2\n",
        "`data/qrels/test.tsv` line 2: query `q1` and document `d0` are judged already in line 1; keep one of the two",
    );
    eval(
        "q1\td0\n",
        "`data/qrels/test.tsv` line 1: 2 columns; expected `query document grade` or TREC's `query 0 document grade`",
    );
    eval(
        "query-id\tcorpus-id\tscore\n",
        "`data/qrels/test.tsv`: holds no judgement",
    );
    Sandbox::with_dataset()
        .file(
            "data/queries.jsonl",
            "{\"_id\": \"q1\", \"text\": \"a\"}\n{\"_id\": \"q1\", \"text\": \"b\"}\n",
        )
        .fails(
            "eval config.toml",
            "`data/queries.jsonl` line 2: the id `q1` stands already in line 1; ids must be unique",
        );
}

#[test]
fn a_query_without_judgement_is_left_out_and_counted() {
    let shown = Sandbox::with_dataset().ok("eval config.toml");
    assert!(
        shown
            .stdout
            .contains("5 examples; 1 queries without a judgement were left out"),
        "{}",
        shown.stdout
    );
}

#[test]
fn a_judged_document_that_does_not_exist_counts_as_not_found() {
    let sandbox = Sandbox::with_dataset().file("data/qrels/test.tsv", "q1\td0\t1\nq1\tgone\t1\n");
    let shown = sandbox.ok("eval config.toml --format json");
    assert!(
        shown
            .stderr
            .contains("note: 1 relevant documents are not in the index; they count as not found"),
        "{}",
        shown.stderr
    );
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    let recall = result["summary"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["metric"] == "R@10")
        .unwrap();
    assert_eq!(recall["mean"], 0.5);
}

#[test]
fn a_query_without_text_is_an_error_row_in_the_denominator() {
    let sandbox = Sandbox::with_dataset()
        .file(
            "data/queries.jsonl",
            "{\"_id\": \"q1\", \"text\": \"otter river\"}\n{\"_id\": \"q2\", \"text\": \"  \"}\n",
        )
        .file("data/qrels/test.tsv", "q1\td35\t1\nq2\td1\t1\n")
        .file("config.toml", CONFIG.replace("slices = [\"kind\"]\n", ""));
    let shown = sandbox.ok("eval config.toml");
    assert!(
        shown.stdout.contains(
            "bm25: 1 examples ended in an error and count as 0; see `error` in examples.parquet"
        ),
        "{}",
        shown.stdout
    );
    let whole: serde_json::Value =
        serde_json::from_str(&sandbox.ok("report --format json").stdout).unwrap();
    let recall = whole["summary"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["metric"] == "RR")
        .unwrap();
    assert_eq!(
        (recall["n"].as_u64(), recall["mean"].as_f64()),
        (Some(2), Some(0.5))
    );
}

#[test]
fn queries_must_bring_vectors_that_fit_an_index_of_vectors() {
    let row = |id: &str, vector: &str| {
        format!("{{\"_id\": \"{id}\", \"text\": \"word {id}\", \"vector\": {vector}}}\n")
    };
    let errors = |queries: [&str; 2]| {
        let sandbox = Sandbox::new()
            .file("data/corpus.jsonl", [row("d1", "[1, 0]"), row("d2", "[0, 3]")].concat())
            .file("data/queries.jsonl", [row("q1", queries[0]), row("q2", queries[1])].concat())
            .file("data/qrels/test.tsv", "q1\td1\t1\nq2\td1\t1\n")
            .file("config.toml", "name = \"own\"\nmetrics = [\"RR\"]\ndataset.source.beir.path = \"data\"\n[system.rag]\nindex.build.vectors.mine.embedder = \"own\"\n[[system.rag.variants]]\nname = \"own\"\nretrieve.dense = {}\n");
        let result: serde_json::Value =
            serde_json::from_str(&sandbox.ok("eval config.toml --format json").stdout).unwrap();
        let errors = errors_of(&sandbox, result["run"].as_str().unwrap());
        (result["summary"][0]["mean"].as_f64().unwrap(), errors)
    };
    let none = Some("the index holds vectors of your own, and the query brings none".to_owned());
    assert_eq!(errors(["[9, 1]", "null"]), (0.5, vec![None, none]));
    let other = Some("the query's vector has 3 dimensions, the index has 2".to_owned());
    assert_eq!(
        errors(["[1, 2, 3]", "[3, 2, 1]"]),
        (0.0, vec![other.clone(), other])
    );
}

/// The column `error` of a run's examples.
fn errors_of(sandbox: &Sandbox, run: &str) -> Vec<Option<String>> {
    use arrow::array::AsArray;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let file = std::fs::File::open(sandbox.path(run).join("examples.parquet")).unwrap();
    let batches = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    batches
        .flat_map(|batch| {
            let batch = batch.unwrap();
            let column = batch
                .column_by_name("error")
                .unwrap()
                .as_string::<i32>()
                .clone();
            (0..batch.num_rows())
                .map(move |row| column.iter().nth(row).unwrap().map(str::to_owned))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_judgement_is_never_taken_for_a_header() {
    Sandbox::with_dataset().file("data/qrels/test.tsv", "q1\td0\thigh\nq1\td1\t1\n").fails(
        "eval config.toml",
        "`data/qrels/test.tsv` line 1: the grade `high` is not a whole number, such as 0, 1 or 2",
    );
}

#[test]
fn two_columns_of_one_name_are_refused() {
    Sandbox::new()
        .file("c.csv", "id,text,text\na,one,two\n")
        .fails(
            "index c.csv --out i",
            "`c.csv` line 1: two columns are called `text`",
        );
}

#[test]
fn a_header_that_promises_too_much_is_not_believed() {
    let command = "index c.jsonl --out i --vectors v.npy --vector-ids ids.txt";
    Sandbox::new()
        .file("c.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n")
        .file("ids.txt", "a\n")
        .file("v.npy", npy("<f4", 1 << 60, &floats(&[1.0, 0.0])))
        .fails(
            command,
            "`v.npy`: is cut short: its header promises 1152921504606846976 × 2 numbers",
        );
}

#[test]
fn an_empty_access_cell_holds_nothing_and_not_everything() {
    let sandbox = Sandbox::with_dataset()
        .file(
            "data/queries.jsonl",
            "{\"_id\": \"q1\", \"text\": \"beaver lynx\", \"access\": null}\n",
        )
        .file("data/qrels/test.tsv", "q1\td9\t1\nq1\td19\t1\n")
        .file("config.toml", CONFIG.replace("slices = [\"kind\"]\n", ""));
    let shown = sandbox.ok("eval config.toml --format json");
    let result: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    // Both documents are for rangers only.
    let rows = result["summary"].as_array().unwrap();
    assert!(
        rows.iter().all(|row| row["mean"] == 0.0),
        "{}",
        shown.stdout
    );
}
