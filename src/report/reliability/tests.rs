use std::collections::{BTreeMap, HashMap};

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, UInt32Type, UInt64Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use roxmltree::{Document, Node};
use serde_json::Value;
use tempfile::TempDir;

use super::*;
use crate::metrics::{Better, PooledFrom};

fn facts(name: &str, statistic: Option<(Statistic, &[&str])>) -> MetricFacts {
    let pooled = statistic.map(|(statistic, columns)| PooledFrom {
        statistic,
        columns: columns.iter().map(|name| (*name).to_owned()).collect(),
    });
    MetricFacts {
        name: name.to_owned(),
        unit: "1".to_owned(),
        better: Better::Lower,
        convention: String::new(),
        judge: None,
        aside: pooled.is_none(),
        pooled,
        exact: false,
    }
}

/// For each category its two columns and then some figures of them.
fn metrics(categories: &[&str], figures: &[Classification]) -> Vec<MetricFacts> {
    let of_category = |category: &&str| {
        let columns = [format!("Label({category})"), format!("Score({category})")];
        let columns = columns.each_ref().map(String::as_str);
        let figures = figures.iter().map(|figure| {
            let statistic = Statistic::Classification(*figure);
            facts(
                &format!("{figure:?}({category})"),
                Some((statistic, &columns)),
            )
        });
        let plain = columns.iter().map(|name| facts(name, None));
        plain.chain(figures).collect::<Vec<_>>()
    };
    categories.iter().flat_map(of_category).collect()
}

fn identity(variants: &[&str]) -> Identity {
    Identity {
        name: "posts <&\" of May".to_owned(),
        ragkit: String::new(),
        config: Value::Null,
        seed: 0,
        conditions: BTreeMap::new(),
        metrics: Vec::new(),
        indexes: Vec::new(),
        models: BTreeMap::new(),
        variants: variants.iter().map(|name| (*name).to_owned()).collect(),
        slices: Vec::new(),
        cluster: None,
        interleaved_rounds: 0,
        examples: 0,
        unjudged: 0,
        dangling: 0,
    }
}

/// Examples from what each metric is of an example under a variant.
fn examples(
    count: usize,
    variants: &[&str],
    metrics: &[MetricFacts],
    value: impl Fn(usize, &str, &str) -> Option<f64>,
) -> Vec<Evaluated> {
    let of_example = |place: usize| {
        let of_variant = |variant: &&str| {
            let values = metrics.iter().map(|facts| {
                let value = value(place, variant, &facts.name);
                value.filter(|_| facts.pooled.is_none())
            });
            values.collect()
        };
        Evaluated {
            id: place.to_string(),
            slices: Vec::new(),
            cluster: None,
            outputs: Vec::new(),
            scores: variants.iter().map(of_variant).collect(),
            grades: HashMap::new(),
        }
    };
    (0..count).map(of_example).collect()
}

/// Scores over 0..1 that promise what comes true of every second one.
fn made_up(place: usize, metric: &str) -> f64 {
    let score = (place * 37 % 100) as f64 / 100.0;
    if metric.starts_with("Score") {
        return score;
    }
    f64::from(u8::from(score > 0.5 && place.is_multiple_of(2)))
}

/// Examples of which everything is known.
fn known(count: usize, variants: &[&str], metrics: &[MetricFacts]) -> Vec<Evaluated> {
    let value = |place: usize, _: &str, metric: &str| Some(made_up(place, metric));
    examples(count, variants, metrics, value)
}

fn written(variants: &[&str], metrics: &[MetricFacts], examples: &[Evaluated]) -> (TempDir, bool) {
    let folder = tempfile::tempdir().unwrap();
    let run = RunPath(folder.path().to_owned());
    write_reliability(&run, &identity(variants), metrics, examples).unwrap();
    let files = [files::RELIABILITY, files::RELIABILITY_PICTURE];
    let exist = files.map(|name| run.file(name).exists());
    assert_eq!(exist[0], exist[1], "both files or none");
    (folder, exist[0])
}

fn picture(variants: &[&str], metrics: &[MetricFacts]) -> String {
    let examples = known(100, variants, metrics);
    let identity = identity(variants);
    let picture = Picture::of(&identity, metrics, &examples);
    picture.svg(&identity.name).unwrap()
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

#[test]
fn the_table_is_that_of_other_tools() {
    let text = include_str!("../../../tests/golden/moderation_reliability.json");
    let golden: Value = serde_json::from_str(text).unwrap();
    let variants = ["calm", "over-sure"];
    let metrics = metrics(&["hate", "spam"], &[Classification::CalibrationError]);
    let count = golden["labels"]["hate"].as_array().unwrap().len();
    let examples = examples(count, &variants, &metrics, |place, variant, metric| {
        let (column, category) = metric.split_once('(')?;
        let category = category.trim_end_matches(')');
        let of_category = match column {
            "Label" => &golden["labels"][category],
            _ => &golden["scores"][variant][category],
        };
        of_category[place].as_f64()
    });
    let (folder, _) = written(&variants, &metrics, &examples);
    let file = fs_err::File::open(folder.path().join(files::RELIABILITY)).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file.into_parts().0).unwrap();
    let batch = reader.build().unwrap().next().unwrap().unwrap();
    let rows = golden["rows"].as_array().unwrap();
    assert_eq!(batch.num_rows(), rows.len());
    let column = |name: &str| batch.column_by_name(name).unwrap();
    for (place, row) in rows.iter().enumerate() {
        for name in ["variant", "category"] {
            let found = column(name).as_string::<i32>().value(place);
            assert_eq!(found, row[name].as_str().unwrap(), "{row}");
        }
        let bin = column("bin").as_primitive::<UInt32Type>().value(place);
        assert_eq!(u64::from(bin), row["bin"].as_u64().unwrap());
        let count = column("count").as_primitive::<UInt64Type>().value(place);
        assert_eq!(count, row["count"].as_u64().unwrap(), "{row}");
        for name in [
            "lower",
            "upper",
            "mean_score",
            "share_positive",
            "ci_low",
            "ci_high",
        ] {
            let found = column(name).as_primitive::<Float64Type>().value(place);
            let golden = row[name].as_f64().unwrap();
            assert!((found - golden).abs() < 1e-12, "{name} {found}: {row}");
        }
    }
}

#[test]
fn nothing_is_written_of_what_is_no_calibration() {
    use Classification as C;
    let calibration = [
        C::CalibrationError,
        C::SquaredCalibrationError,
        C::DebiasedCalibrationError,
        C::Reliability,
    ];
    for figure in calibration {
        let metrics = metrics(&["hate"], &[figure]);
        let examples = known(20, &["a"], &metrics);
        assert!(written(&["a"], &metrics, &examples).1, "{figure:?}");
    }
    let others = [
        C::Precision,
        C::Lift,
        C::Resolution,
        C::Uncertainty,
        C::Agreement,
    ];
    let of_others = metrics(&["hate"], &others);
    let scored = known(20, &["a"], &of_others);
    assert!(!written(&["a"], &of_others, &scored).1);
    // Nor where no example has both a label and a score, as where every call failed.
    let metrics = metrics(&["hate"], &calibration);
    let failed = examples(20, &["a"], &metrics, |place, _, metric| {
        let is_known = metric.starts_with("Label") == place.is_multiple_of(2);
        is_known.then(|| made_up(place, metric))
    });
    assert!(!written(&["a"], &metrics, &failed).1);
}

#[test]
fn a_category_has_one_panel_whatever_its_figures() {
    use Classification as C;
    let metrics = metrics(
        &["hate", "spam"],
        &[C::Reliability, C::CalibrationError, C::Precision],
    );
    let examples = examples(100, &["a", "b", "c"], &metrics, |place, variant, metric| {
        // Nobody labelled spam but for the first two variants, and the third says nothing at all.
        let is_known = variant == "a" || (variant == "b" && metric.ends_with("(hate)"));
        is_known.then(|| made_up(place, metric))
    });
    let identity = identity(&["a", "b", "c"]);
    let picture = Picture::of(&identity, &metrics, &examples);
    let found: Vec<(&str, &str)> = picture
        .readings
        .iter()
        .map(|reading| (reading.variant, picture.categories[reading.category]))
        .collect();
    assert_eq!(found, [("a", "hate"), ("a", "spam"), ("b", "hate")]);
    let svg = picture.svg("x").unwrap();
    let squares = svg.matches("class=\"square\"").count();
    let lines = svg.matches("class=\"line\"").count();
    assert_eq!((squares, lines), (2, 3));
    assert!(!svg.contains(">c</text>"), "no legend of what has no line");
}

#[test]
fn pictures_are_well_formed_and_hold_all_they_draw() {
    let categories = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let variants = ["1", "2", "3", "4", "5", "6"];
    for panels in 1..=categories.len() {
        for lines in 1..=variants.len() {
            let metrics = metrics(&categories[..panels], &[Classification::CalibrationError]);
            let svg = picture(&variants[..lines], &metrics);
            let document = Document::parse(&svg).unwrap();
            let root = document.root_element();
            let all = |class: &str| {
                let class = class.to_owned();
                let mut nodes: Vec<Node<'_, '_>> = root.descendants().collect();
                nodes.retain(|node| node.attribute("class") == Some(&class));
                nodes
            };
            assert_eq!(all("line").len(), panels * lines);
            assert_eq!(all("range").len(), panels * lines);
            let squares = all("square");
            assert_eq!(squares.len(), panels);
            let size: Vec<f64> = root
                .attribute("viewBox")
                .unwrap()
                .split(' ')
                .map(|side| side.parse().unwrap())
                .collect();
            let inside = |x: f64, y: f64| (0.0..=size[2]).contains(&x) && y > 0.0 && y <= size[3];
            let texts = root.descendants().filter(|node| node.has_tag_name("text"));
            for node in texts.filter(|node| node.has_attribute("x")) {
                assert!(inside(number(node, "x"), number(node, "y")), "{node:?}");
            }
            // Every point is in a square.
            let corners = |square: &Node<'_, '_>| {
                let of = |name| number(*square, name);
                (of("x"), of("y"), of("width"), of("height"))
            };
            let squares: Vec<_> = squares.iter().map(corners).collect();
            let points = root.descendants().filter(|n| n.has_tag_name("circle"));
            let points: Vec<(f64, f64)> = points
                .map(|node| (number(node, "cx"), number(node, "cy")))
                .collect();
            assert_eq!(points.len(), panels * lines * BINS);
            for (x, y) in points {
                let holds = |(left, top, width, height): &(f64, f64, f64, f64)| {
                    (*left..=left + width).contains(&x) && (*top..=top + height).contains(&y)
                };
                assert!(squares.iter().any(holds), "{x} {y}");
            }
        }
    }
}

#[test]
fn points_stand_where_their_bins_are() {
    // 30 scores of 0.25, of which 24 are positive.
    let metrics = metrics(&["hate"], &[Classification::Reliability]);
    let examples = examples(30, &["a"], &metrics, |place, _, metric| {
        let label = f64::from(u8::from(place < 24));
        Some(if metric == "Label(hate)" { label } else { 0.25 })
    });
    let identity = identity(&["a"]);
    let picture = Picture::of(&identity, &metrics, &examples);
    assert_eq!(picture.readings[0].counts[5], 30);
    let svg = picture.svg("x").unwrap();
    let document = Document::parse(&svg).unwrap();
    let find = |of: &dyn Fn(&Node<'_, '_>) -> bool| document.descendants().find(of).unwrap();
    let square = find(&|node| node.attribute("class") == Some("square"));
    let point = find(&|node| node.has_tag_name("circle"));
    let of = |name| number(square, name);
    let score = (number(point, "cx") - of("x")) / of("width");
    let share = 1.0 - (number(point, "cy") - of("y")) / of("height");
    assert!((score - 0.25).abs() < 1e-3 && (share - 0.8).abs() < 1e-3);
}

#[test]
fn names_stay_text() {
    let long = "<&\" a name that is longer than the space for it, by far";
    let metrics = metrics(&["<&\"", long], &[Classification::CalibrationError]);
    let variants = ["<b>&\"'", long];
    let svg = picture(&variants, &metrics);
    let document = Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document
        .descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text())
        .collect();
    for name in ["posts <&\" of May: reliability", "<&\"", long, "<b>&\"'"] {
        assert!(texts.contains(&name), "{name}");
    }
    let cut = texts.iter().filter(|text| text.ends_with('…'));
    assert_eq!(cut.count(), 2, "a category and a variant");
    assert!(!svg.contains("<b>"));
}

#[test]
fn bytes_are_the_same_again() {
    let metrics = metrics(&["hate", "spam"], &[Classification::CalibrationError]);
    let examples = known(100, &["a", "b"], &metrics);
    let read = || {
        let (folder, _) = written(&["a", "b"], &metrics, &examples);
        let files = [files::RELIABILITY, files::RELIABILITY_PICTURE];
        files.map(|name| fs_err::read(folder.path().join(name)).unwrap())
    };
    assert!(read() == read());
}

#[test]
fn steps_hold_every_score() {
    let counted = counts(&[-0.1, 0.0, 0.049, 0.05, 0.5, 0.999, 1.0, 1.2]);
    let mut expected = [0; STEPS];
    (expected[0], expected[1], expected[10], expected[19]) = (3, 1, 1, 3);
    assert_eq!(counted, expected);
}

#[test]
fn what_stands_in_parentheses_is_the_category() {
    let found = ["Score(hate)", "Score(a (b))", "Score", "Score(a) b"].map(inside);
    assert_eq!(found, ["hate", "a (b)", "", ""]);
}
