//! A verdict as GitHub's workflow commands: notes at the lines of the gate file.

use super::render::one_line;
use super::{Answer, OnInconclusive, Verdict};

/// A line for every check that was not simply kept, such as `::error file=gate.toml,line=7,title=regression::…`.
pub fn annotations(verdict: &Verdict, on_inconclusive: OnInconclusive) -> String {
    let told = verdict.checks.iter().filter_map(|check| {
        let level = match check.answer {
            Answer::Ok => return None,
            Answer::NotTested => "notice",
            Answer::Inconclusive if on_inconclusive == OnInconclusive::Warn => "warning",
            _ => "error",
        };
        Some(format!(
            "::{level} file={},line={},title={}::{}",
            property(&verdict.gate),
            check.line,
            property(&format!("ragkit gate: {}", check.rule)),
            data(&one_line(check))
        ))
    });
    told.collect::<Vec<_>>().join("\n")
}

/// Text of a command: a line break would end it.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property of a command: a comma or a colon would end it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
