//! Numbers in sheets, as a person would read them.

use chrono::{Days, NaiveDate};

/// What a number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Percent,
    /// A day, a time of day, or both.
    Date,
    Duration,
}

impl Kind {
    /// By the number of one of Excel's own formats.
    pub(super) fn own(format: usize) -> Self {
        match format {
            9 | 10 => Self::Percent,
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Self::Date,
            46 => Self::Duration,
            _ => Self::Plain,
        }
    }

    /// By the format in which it is shown.
    pub(super) fn of(format: &str) -> Self {
        let mut kind = Self::Plain;
        let mut characters = format.chars();
        while let Some(character) = characters.next() {
            match character {
                ';' => break,
                '\\' | '_' | '*' => drop(characters.next()),
                '"' => drop(characters.find(|c| *c == '"')),
                '[' => {
                    let inner: String = characters.by_ref().take_while(|c| *c != ']').collect();
                    if !inner.is_empty()
                        && inner
                            .to_lowercase()
                            .chars()
                            .all(|c| matches!(c, 'h' | 'm' | 's'))
                    {
                        return Self::Duration;
                    }
                }
                '%' => kind = Self::Percent,
                'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return Self::Date,
                _ => {}
            }
        }
        kind
    }
}

/// A number as a person would read it.
pub(super) fn shown_number(number: f64, kind: Kind, since_1904: bool) -> String {
    match kind {
        Kind::Plain => shown_plain(number),
        Kind::Percent => format!("{}%", shown_plain(number * 100.0)),
        Kind::Date => shown_moment(number, since_1904).unwrap_or_else(|| shown_plain(number)),
        Kind::Duration => {
            let seconds = (number.abs() * 86400.0).round();
            let sign = if number < 0.0 { "-" } else { "" };
            format!(
                "{sign}{}:{:02}:{:02}",
                (seconds / 3600.0).floor(),
                (seconds / 60.0).floor() % 60.0,
                seconds % 60.0
            )
        }
    }
}

/// A number with no more than the 15 digits that Excel keeps.
fn shown_plain(number: f64) -> String {
    let rounded: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    match rounded.abs() {
        0.0 => "0".to_owned(),
        1e-6..1e15 => rounded.to_string(),
        _ => format!("{rounded:e}"),
    }
}

/// The day and time of so many days since the beginning of the year 1900, or 1904.
fn shown_moment(days: f64, since_1904: bool) -> Option<String> {
    let seconds = (days * 86400.0).round();
    if !(0.0..3e11).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is in range"
    )]
    let seconds = seconds as u64;
    let (day, second) = (seconds / 86400, seconds % 86400);
    let time = format!(
        "{:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    // Excel has a 29th of February in the year 1900: days before it count from one day later.
    let start = match (since_1904, day) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        (false, ..60) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        (false, 60..) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    let date = start.checked_add_days(Days::new(day))?;
    Some(match (day, second) {
        (0, _) if !since_1904 => time,
        (_, 0) => date.to_string(),
        _ => format!("{date} {time}"),
    })
}

/// A date as ISO 8601 has it, without a time that says nothing.
pub(super) fn shown_date(date: &str) -> String {
    let date = date.trim();
    date.strip_suffix("T00:00:00")
        .unwrap_or(date)
        .replacen('T', " ", 1)
}
