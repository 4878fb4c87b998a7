//! Text with placeholders: read once, filled in as often as asked.

/// A text with places to be filled in.
///
/// `{name}` is a placeholder, `{{` and `}}` are braces, `[[ … ]]` is a group, which is left out where a placeholder in it has no value;
/// groups do not nest. What is filled in is not looked at again: a value that holds a placeholder stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(String),
    Group(Vec<Piece>),
}

impl Pattern {
    /// Reads a text; what is wrong with it, where it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("[[") {
            read(before, &mut pieces)?;
            let (inside, after) = behind
                .split_once("]]")
                .ok_or_else(|| "the group `[[` has no end; close it with `]]`".to_owned())?;
            let mut group = Vec::new();
            read(inside, &mut group)?;
            if !group.iter().any(|piece| matches!(piece, Piece::Place(_))) {
                return Err(format!(
                    "the group `[[{inside}]]` has no placeholder in it, so it would always stand; write it without `[[` and `]]`"
                ));
            }
            pieces.push(Piece::Group(group));
            rest = after;
        }
        read(rest, &mut pieces)?;
        Ok(Self(pieces))
    }

    /// The names of its placeholders, in order, each as often as it stands there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.flat().filter_map(|piece| match piece {
            Piece::Place(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// What stands in it as it is.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.flat().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn flat(&self) -> impl Iterator<Item = &Piece> {
        self.0.iter().flat_map(|piece| match piece {
            Piece::Group(group) => group.iter(),
            single => std::slice::from_ref(single).iter(),
        })
    }

    /// What stands before the first placeholder or group, and whether that is all.
    pub fn head(&self) -> (&str, bool) {
        match self.0.as_slice() {
            [] => ("", true),
            [Piece::Text(text)] => (text, true),
            [Piece::Text(text), ..] => (text, false),
            _ => ("", false),
        }
    }

    /// Appends it to `out` with every placeholder filled in; one without a value, or with an empty one, becomes nothing.
    pub fn write<'v>(&self, value: &dyn Fn(&str) -> Option<&'v str>, out: &mut String) {
        let value = |name: &str| value(name).filter(|value| !value.is_empty());
        let put = |piece: &Piece, out: &mut String| match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Place(name) => out.push_str(value(name).unwrap_or_default()),
            Piece::Group(_) => {}
        };
        for piece in &self.0 {
            let Piece::Group(group) = piece else {
                put(piece, out);
                continue;
            };
            let lacks =
                |piece: &Piece| matches!(piece, Piece::Place(name) if value(name).is_none());
            if !group.iter().any(lacks) {
                group.iter().for_each(|piece| put(piece, out));
            }
        }
    }
}

/// Reads what stands outside of groups, or in one.
fn read(text: &str, pieces: &mut Vec<Piece>) -> Result<(), String> {
    if text.contains("]]") {
        return Err("`]]` closes no group; open it with `[[`".to_owned());
    }
    let mut plain = String::new();
    let mut rest = text;
    while let Some(place) = rest.find(['{', '}']) {
        plain.push_str(&rest[..place]);
        let found = &rest[place..];
        if found.starts_with("{{") || found.starts_with("}}") {
            plain.push_str(&found[..1]);
            rest = &found[2..];
            continue;
        }
        let Some((name, behind)) = found
            .strip_prefix('{')
            .and_then(|name| name.split_once('}'))
        else {
            return Err(format!(
                "`{}` is half a placeholder; write `{{name}}`, or `{{{{` and `}}}}` for braces",
                found.lines().next().unwrap_or_default()
            ));
        };
        let is_name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(format!(
                "`{{{name}}}` is no placeholder: a name has letters, digits, `_`, `-` and `.`; write `{{{{` and `}}}}` for braces"
            ));
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(Piece::Place(name.to_owned()));
        rest = behind;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, values: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let value = |name: &str| {
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        Pattern::parse(text).unwrap().write(&value, &mut out);
        out
    }

    #[test]
    fn values_are_filled_in_once() {
        let values = [("a", "{b} [[x]] {{"), ("b", "two")];
        assert_eq!(
            filled("{{{a}}} {b}-{a}", &values),
            "{{b} [[x]] {{} two-{b} [[x]] {{"
        );
        assert_eq!(filled("{{a}}", &values), "{a}");
    }

    #[test]
    fn a_group_needs_all_of_its_values() {
        let text = "x[[ ({a}, {b})]].";
        assert_eq!(filled(text, &[("a", "1"), ("b", "2")]), "x (1, 2).");
        assert_eq!(filled(text, &[("a", "1")]), "x.");
        assert_eq!(filled(text, &[("a", "1"), ("b", "")]), "x.");
        assert_eq!(filled("x ({a}).", &[]), "x ().");
    }

    #[test]
    fn what_is_no_template_says_why() {
        let cases = [
            ("a [[b {c}", "the group `[[` has no end; close it with `]]`"),
            ("a ]] b", "`]]` closes no group; open it with `[[`"),
            (
                "[[a]] {b}",
                "the group `[[a]]` has no placeholder in it, so it would always stand; write it without `[[` and `]]`",
            ),
            (
                "a {b\nc",
                "`{b` is half a placeholder; write `{name}`, or `{{` and `}}` for braces",
            ),
            (
                "a } b",
                "`} b` is half a placeholder; write `{name}`, or `{{` and `}}` for braces",
            ),
            (
                "a { b }",
                "`{ b }` is no placeholder: a name has letters, digits, `_`, `-` and `.`; write `{{` and `}}` for braces",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(Pattern::parse(text), Err(message.to_owned()));
        }
    }

    #[test]
    fn the_head_is_what_no_value_changes() {
        let head = |text| {
            let pattern = Pattern::parse(text).unwrap();
            let (head, is_all) = pattern.head();
            (head.to_owned(), is_all)
        };
        assert_eq!(head("a {{b}} {c} d"), ("a {b} ".to_owned(), false));
        assert_eq!(head("a"), ("a".to_owned(), true));
        assert_eq!(head("[[a {c}]]"), (String::new(), false));
        assert_eq!(head(""), (String::new(), true));
    }
}
