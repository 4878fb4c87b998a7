//! Conditions on what is known of a document: whom it is by, when it was written, where it came from.

use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::Metadata;

/// Between the headings of a section's path.
pub const PATH_SEPARATOR: &str = " > ";

/// Conditions on a document's metadata, all of which must hold.
///
/// As JSON, in the column `filter` of a query: `{"author": "Ann Lee", "source": ["a.pdf", "b.pdf"],
/// "section": "Handbook > Leave", "date": {"from": "2024", "to": "2024-06-30"}}`.
/// * A text, or any of a list of texts: the field has this value, letter case aside. A field that names several, separated
///   by `;`, has each of them. For `section` a path of headings also stands for the sections below it.
/// * `from` and `to`, one or both: the field's date lies between them, both included. A month or a year stands for all its days.
///   What has no date, or none that can be read, is not between any two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct Predicate(BTreeMap<String, Condition>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
enum Condition {
    Is(Vec<String>),
    Between(
        #[serde(serialize_with = "day")] Option<NaiveDate>,
        #[serde(serialize_with = "day")] Option<NaiveDate>,
    ),
}

#[expect(
    clippy::ref_option,
    clippy::trivially_copy_pass_by_ref,
    reason = "the form that serde asks for"
)]
fn day<S: Serializer>(date: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    date.map(|date| date.to_string()).serialize(serializer)
}

impl Predicate {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the JSON form.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let object = match value {
            Value::Null => return Ok(Self::default()),
            Value::Object(object) => object,
            _ => {
                return Err(
                    "a filter must be an object such as `{\"author\": \"Ann Lee\"}`".to_owned(),
                );
            }
        };
        let conditions = object.iter().map(|(field, value)| {
            let condition = Condition::from_json(value);
            Ok((
                field.clone(),
                condition.map_err(|reason| format!("the filter's `{field}`: {reason}"))?,
            ))
        });
        Ok(Self(conditions.collect::<Result<_, String>>()?))
    }

    /// Reads conditions as a command line has them: `author=Ann Lee`, `date>=2024-01-01`, `date<=2024`. Several `=` on one field
    /// mean any of them.
    pub fn from_texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut predicate = Self::default();
        for text in texts {
            let equals = text.find('=').filter(|place| {
                !text[..*place].trim().is_empty() && !text[..*place].ends_with('!')
            });
            let equals = equals.ok_or_else(|| {
                format!("`{text}` is not `FIELD=VALUE`, `FIELD>=DATE` or `FIELD<=DATE`")
            })?;
            let (field, value) = (&text[..equals], text[equals + 1..].trim());
            let (field, bound) = match field.strip_suffix(['<', '>']) {
                Some(name) => (name, field.chars().last()),
                None => (field, None),
            };
            let days = bound
                .map(|_| days(value).ok_or_else(|| format!("`{text}`: {}", not_a_date(value))));
            let days = days.transpose()?;
            let known = predicate.0.entry(field.trim().to_owned());
            if let Some((first, last)) = days {
                let known = known.or_insert(Condition::Between(None, None));
                let Condition::Between(from, to) = known else {
                    return Err(twofold(field));
                };
                if bound == Some('>') {
                    *from = (*from).max(Some(first));
                } else {
                    *to = Some(to.map_or(last, |to| to.min(last)));
                }
            } else {
                let known = known.or_insert(Condition::Is(Vec::new()));
                let Condition::Is(values) = known else {
                    return Err(twofold(field));
                };
                values.push(value.to_lowercase());
            }
        }
        Ok(predicate)
    }

    /// Whether a document of which this is known fulfils all conditions.
    pub fn admits(&self, metadata: &Metadata) -> bool {
        self.0.iter().all(|(field, condition)| {
            metadata
                .get(field)
                .is_some_and(|value| condition.admits(field, value))
        })
    }
}

impl Condition {
    fn from_json(value: &Value) -> Result<Self, String> {
        let wrong =
            || "expected a text, a list of texts, or `{\"from\": DATE, \"to\": DATE}`".to_owned();
        let plain = |value: &Value| match value {
            Value::String(text) => Ok(text.trim().to_lowercase()),
            Value::Number(number) => Ok(number.to_string()),
            _ => Err(wrong()),
        };
        match value {
            Value::Array(values) if !values.is_empty() => Ok(Self::Is(
                values.iter().map(plain).collect::<Result<_, _>>()?,
            )),
            Value::Object(bounds) if !bounds.is_empty() => {
                if let Some(other) = bounds
                    .keys()
                    .find(|key| !["from", "to"].contains(&key.as_str()))
                {
                    return Err(format!("`{other}` is neither `from` nor `to`"));
                }
                let bound = |name: &str| match bounds.get(name) {
                    None | Some(Value::Null) => Ok(None),
                    Some(Value::String(text)) => {
                        days(text).map(Some).ok_or_else(|| not_a_date(text))
                    }
                    Some(other) => Err(not_a_date(&other.to_string())),
                };
                Ok(Self::Between(
                    bound("from")?.map(|(first, _)| first),
                    bound("to")?.map(|(_, last)| last),
                ))
            }
            Value::Array(_) | Value::Object(_) => Err(wrong()),
            value => Ok(Self::Is(vec![plain(value)?])),
        }
    }

    fn admits(&self, field: &str, found: &str) -> bool {
        match self {
            Self::Is(values) => {
                let found = found.to_lowercase();
                let is = |value: &String| {
                    found.trim() == value
                        || found.split(';').any(|one| one.trim() == value)
                        || (field == "section"
                            && found
                                .strip_prefix(value.as_str())
                                .is_some_and(|rest| rest.starts_with(PATH_SEPARATOR)))
                };
                values.iter().any(is)
            }
            Self::Between(from, to) => days(found).is_some_and(|(first, last)| {
                from.is_none_or(|from| from <= first) && to.is_none_or(|to| last <= to)
            }),
        }
    }
}

fn twofold(field: &str) -> String {
    format!("`{}` is asked for both by value and by date", field.trim())
}

fn not_a_date(text: &str) -> String {
    format!("`{text}` is not a date such as `2024-05-31`, `2024-05` or `2024`")
}

/// The first and the last day that a date stands for: `2024-05-31` (whatever follows it), `2024-05` or `2024`.
fn days(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    let text = text.trim();
    if let Some(day) = text
        .get(..10)
        .and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok())
    {
        let rest = &text[10..];
        return (rest.is_empty() || rest.starts_with(['T', ' '])).then_some((day, day));
    }
    let mut numbers = text.split('-').map(|part| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        if digits {
            part.parse::<u32>().ok()
        } else {
            None
        }
    });
    let year = i32::try_from(numbers.next()??)
        .ok()
        .filter(|_| text.len() >= 4)?;
    let (first, months) = match (numbers.next(), numbers.next()) {
        (None, _) => (NaiveDate::from_ymd_opt(year, 1, 1)?, 12),
        (Some(month), None) => (NaiveDate::from_ymd_opt(year, month?, 1)?, 1),
        _ => return None,
    };
    let last = first
        .checked_add_months(Months::new(months))?
        .checked_sub_days(Days::new(1))?;
    (first.year() <= 9999).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(pairs: &[(&str, &str)]) -> Metadata {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_condition_must_hold() {
        let document = metadata(&[
            ("author", "Ann Lee; Bo Ek"),
            ("date", "2024-05-31T23:30:00+02:00"),
            ("section", "Handbook > Leave > Sick"),
        ]);
        for (filter, admitted) in [
            (json!({}), true),
            (json!({"author": "ann lee"}), true),
            (json!({"author": "Ann"}), false),
            (
                json!({"author": ["Zoe", "bo ek"], "date": {"from": "2024-05-31", "to": "2024-05-31"}}),
                true,
            ),
            (json!({"date": {"from": "2024-06"}}), false),
            (json!({"date": {"to": "2024"}}), true),
            (json!({"date": {"to": "2023"}}), false),
            (json!({"section": "handbook > leave"}), true),
            (json!({"section": "handbook > lea"}), false),
            (json!({"source": "a.pdf"}), false),
        ] {
            assert_eq!(
                Predicate::from_json(&filter).unwrap().admits(&document),
                admitted,
                "{filter}"
            );
        }
        let undated = metadata(&[("date", "last spring")]);
        assert!(
            !Predicate::from_json(&json!({"date": {"to": "2030"}}))
                .unwrap()
                .admits(&undated)
        );
        let of_a_year = metadata(&[("date", "2024")]);
        assert!(
            !Predicate::from_json(&json!({"date": {"from": "2024-02"}}))
                .unwrap()
                .admits(&of_a_year),
            "not all of the year"
        );
    }

    #[test]
    fn a_command_line_says_the_same() {
        let texts = [
            "author=Ann Lee",
            "author=Bo Ek",
            "date>=2024-01",
            "date<=2024",
        ];
        let json =
            json!({"author": ["Ann Lee", "Bo Ek"], "date": {"from": "2024-01", "to": "2024"}});
        assert_eq!(Predicate::from_texts(texts), Predicate::from_json(&json));
        for (texts, reason) in [
            (
                &["author"][..],
                "`author` is not `FIELD=VALUE`, `FIELD>=DATE` or `FIELD<=DATE`",
            ),
            (
                &["date>=May"],
                "`date>=May`: `May` is not a date such as `2024-05-31`, `2024-05` or `2024`",
            ),
            (
                &["date=2024", "date>=2024"],
                "`date` is asked for both by value and by date",
            ),
        ] {
            assert_eq!(
                Predicate::from_texts(texts.iter().copied()).unwrap_err(),
                reason
            );
        }
    }
}
