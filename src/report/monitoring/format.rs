//! Numbers as a person reads them.

use std::borrow::Cow;

/// Text that stays text in HTML, between tags and in attributes.
pub(super) fn escaped(text: &str) -> Cow<'_, str> {
    quick_xml::escape::escape(text)
}

/// What stands where there is no value.
pub(super) const NONE: &str = "–";

/// A value, or a dash.
pub(super) fn or_none(value: Option<f64>, show: impl Fn(f64) -> String) -> String {
    value.map_or_else(|| NONE.to_owned(), show)
}

/// Milliseconds in three digits or more: `0.42`, `4.20`, `42.0`, `420`, `4 200`.
pub(super) fn milliseconds(value: f64) -> String {
    digits(value, 2)
}

/// Tokens or calls of a mean query: `0`, `0.25`, `12.5`, `480`, `1 204`.
pub(super) fn per_query(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        digits(value, 2)
    }
}

/// Three digits, of which at most `decimals` stand behind the point, and more before it where there are more.
fn digits(value: f64, decimals: usize) -> String {
    let size = value.abs();
    // Bounds at which rounding would give one digit more.
    let decimals = match size {
        _ if size >= 99.95 => 0,
        _ if size >= 9.995 => 1.min(decimals),
        _ => decimals,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// Thin spaces between thousands.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, whole) = whole.split_at(whole.len() - whole.trim_start_matches('-').len());
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && whole.len() > 3 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text + rest
}

/// US dollars in three significant digits: `$0`, `$0.000417`, `$1.25`.
pub(super) fn dollars(value: f64) -> String {
    if value == 0.0 {
        return "$0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "from 2 to 12"
    )]
    let decimals = (2.0 - value.abs().log10().floor()).clamp(2.0, 12.0) as usize;
    format!("${}", grouped(&format!("{value:.decimals$}")))
}

/// A share of 1: `0 %`, `0.4 %`, `12.5 %`.
pub(super) fn percent(share: f64) -> String {
    if share == 0.0 {
        "0\u{202f}%".to_owned()
    } else {
        format!("{:.1}\u{202f}%", 100.0 * share)
    }
}

/// A metric's value.
pub(super) fn quality(value: f64) -> String {
    if value.abs() < 99.95 {
        format!("{value:.3}")
    } else {
        digits(value, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        let shown = [
            0.0,
            0.42,
            9.994,
            9.996,
            42.04,
            99.96,
            420.4,
            4200.0,
            1_234_567.0,
        ];
        let shown = shown.map(milliseconds);
        let thin = |text: &str| text.replace(' ', "\u{202f}");
        let expected = [
            "0.00",
            "0.42",
            "9.99",
            "10.0",
            "42.0",
            "100",
            "420",
            "4 200",
            "1 234 567",
        ];
        assert_eq!(shown.as_slice(), expected.map(thin).as_slice());
        assert_eq!(grouped("-1234.5"), thin("-1 234.5"));
        assert_eq!(grouped("-123"), "-123");
    }

    #[test]
    fn small_costs_keep_three_digits() {
        let shown = [0.0, 0.000_417_2, 0.0125, 1.25, 12.0].map(dollars);
        assert_eq!(shown, ["$0", "$0.000417", "$0.0125", "$1.25", "$12.00"]);
    }

    #[test]
    fn names_become_no_markup() {
        assert_eq!(escaped("<script>'\"&"), "&lt;script&gt;&apos;&quot;&amp;");
    }
}
