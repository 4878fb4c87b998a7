//! What trec_eval prints.

use std::fmt::Write;

use super::{Missing, Scores};
use crate::data::Rankings;
use crate::metrics::trec_eval::{Line, Shows};
use crate::metrics::{Aggregate, Judgements, Metric};

/// The text that trec_eval prints of `scores`, whose metrics are those of `lines` in their order: single queries where
/// asked for, then the summary unless it is not wanted.
pub fn trec_lines(
    lines: &[Line],
    rankings: &Rankings,
    scores: &Scores,
    missing: Missing,
    single_queries: bool,
    summary: bool,
) -> String {
    let mut text = String::new();
    let mut line = |name: &str, query: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<22}\t{query}\t{value}");
    };
    if single_queries {
        let unlisted = |missing_query: bool| missing_query && missing == Missing::ZeroInMeans;
        for query in scores
            .queries
            .iter()
            .filter(|query| !unlisted(query.missing))
        {
            let mut values = query.values.iter();
            for Line { name, shows } in lines {
                match shows {
                    Shows::RunId => {}
                    Shows::Grades(length) => {
                        line(name, &query.query, &grades(&query.judgements, *length));
                    }
                    Shows::Value { metric, per_query } => {
                        let value = values.next().copied().unwrap_or_default();
                        if *per_query {
                            line(name, &query.query, &number(metric, value));
                        }
                    }
                }
            }
        }
    }
    if summary {
        let mut place = 0;
        for Line { name, shows } in lines {
            match shows {
                Shows::RunId => line(name, "all", &rankings.tag),
                Shows::Grades(_) => {}
                Shows::Value { metric, .. } => {
                    line(
                        name,
                        "all",
                        &number(metric, scores.total(place, metric, missing)),
                    );
                    place += 1;
                }
            }
        }
    }
    text
}

fn number(metric: &Metric, value: f64) -> String {
    match metric.aggregate() {
        Aggregate::Sum => format!("{value:.0}"),
        Aggregate::Mean | Aggregate::GeometricMean => format!("{value:6.4}"),
    }
}

/// The grades of the first documents, a character each: `>` above 9, `-` not in the judgements, `.` there and not judged.
fn grades(judgements: &Judgements, length: usize) -> String {
    let character = |grade: &Option<i32>| match grade {
        None => '-',
        Some(grade) if *grade < 0 => '.',
        Some(grade) => u32::try_from(*grade)
            .ok()
            .and_then(|grade| char::from_digit(grade, 10))
            .unwrap_or('>'),
    };
    let characters: String = judgements.top(length).iter().map(character).collect();
    format!("'{characters}'")
}
