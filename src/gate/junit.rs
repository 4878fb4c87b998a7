//! A verdict as JUnit XML, which every CI shows: one test case a check.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::render::one_line;
use super::{Answer, Check, OnInconclusive, Verdict};

/// The verdict as JUnit XML. A regression is a failure, what could not be compared an error; what is inconclusive or was not
/// tested is skipped, unless the gate fails on it.
pub fn junit(verdict: &Verdict, on_inconclusive: OnInconclusive) -> anyhow::Result<String> {
    let mut suite = TestSuite::new(verdict.gate.as_str());
    let case = |check: &Check| {
        let name = format!(
            "{} {} {} {}",
            check.rule, check.variant, check.metric, check.slice
        );
        let mut case = TestCase::new(name, status(check, on_inconclusive));
        case.set_classname(format!("{}:{}", verdict.gate, check.line));
        case
    };
    suite.add_test_cases(verdict.checks.iter().map(case));
    let mut report = Report::new("ragkit gate");
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

fn status(check: &Check, on_inconclusive: OnInconclusive) -> TestCaseStatus {
    let failed = |kind| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_type(check.answer.word());
        status
    };
    let mut status = match check.answer {
        Answer::Ok => return TestCaseStatus::success(),
        Answer::Regression => failed(NonSuccessKind::Failure),
        Answer::CannotCompare => failed(NonSuccessKind::Error),
        Answer::Inconclusive if on_inconclusive == OnInconclusive::Fail => {
            failed(NonSuccessKind::Failure)
        }
        Answer::Inconclusive | Answer::NotTested => TestCaseStatus::skipped(),
    };
    status.set_message(one_line(check));
    status
}
