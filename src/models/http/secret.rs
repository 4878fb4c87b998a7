//! A server's key, which no text may show.

use std::borrow::Cow;

use anyhow::ensure;

/// Shorter keys are what servers without keys are given for one, such as `none`.
const SHORTEST_SECRET: usize = 16;

const MASK: &str = "[key]";

/// A key.
pub(super) struct Secret(String);

/// Checks that a variable's name can be one. It may be the key itself by mistake, so the error does not repeat it.
pub(in crate::models) fn check_key_env(name: Option<&str>) -> anyhow::Result<()> {
    let is_name = name.is_none_or(|name| {
        let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        name.bytes().all(is_sign) && name.starts_with(|first: char| !first.is_ascii_digit())
    });
    ensure!(
        is_name,
        "`key_env` is no name of an environment variable, which has letters, digits and `_` alone (its value is not shown, as it may be a key); set a variable to the key, and give the variable's name"
    );
    Ok(())
}

impl Secret {
    /// The key in an environment variable.
    pub(super) fn of(name: &str) -> anyhow::Result<Self> {
        check_key_env(Some(name))?;
        let key = std::env::var(name).unwrap_or_default().trim().to_owned();
        ensure!(
            !key.is_empty(),
            "the endpoint's key is missing; set the environment variable `{name}`"
        );
        ensure!(
            key.bytes().all(|byte| byte.is_ascii_graphic()),
            "the endpoint's key in the environment variable `{name}` holds what no key does, such as a blank or a line end; set it again"
        );
        Ok(Self(key))
    }

    /// The key itself, for the header alone.
    pub(super) fn key(&self) -> &str {
        &self.0
    }

    /// Whether it is one that nobody can guess, and no ordinary word.
    pub(super) fn is_secret(&self) -> bool {
        self.0.len() >= SHORTEST_SECRET
    }

    /// A text without the key, as it is and as JSON may escape it.
    pub(super) fn cleared<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let (mut cleared, mut kept, mut place) = (String::new(), 0, 0);
        while place < text.len() {
            match self.at_start(&text.as_bytes()[place..]) {
                // The key is ASCII: what it takes begins and ends between signs.
                Some(length) => {
                    cleared += &text[kept..place];
                    cleared += MASK;
                    place += length;
                    kept = place;
                }
                None => place += 1,
            }
        }
        if kept == 0 {
            return text.into();
        }
        cleared += &text[kept..];
        cleared.into()
    }

    /// The bytes that the key takes at the start of a text, where it stands there.
    fn at_start(&self, text: &[u8]) -> Option<usize> {
        let key = self.0.as_bytes();
        if text.starts_with(key) {
            return Some(key.len());
        }
        let sign = |taken: usize, sign: &u8| Some(taken + sign_at_start(&text[taken..], *sign)?);
        key.iter().try_fold(0, sign)
    }
}

/// The bytes that a sign takes at the start of a text, where it stands there as it is or escaped: behind a backslash, and
/// behind more of them in JSON within JSON.
fn sign_at_start(text: &[u8], sign: u8) -> Option<usize> {
    let slashes = text.iter().take_while(|byte| **byte == b'\\').count();
    let rest = &text[slashes..];
    if slashes > 0 && rest.first() == Some(&b'u') {
        let digits = std::str::from_utf8(rest.get(1..5)?).ok()?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        return (code == u32::from(sign)).then_some(slashes + 5);
    }
    match sign {
        b'\\' => (slashes > 0).then_some(slashes.min(2)),
        b'/' | b'"' => (rest.first() == Some(&sign)).then_some(slashes + 1),
        _ => (text.first() == Some(&sign)).then_some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_cleared_however_json_writes_it() {
        let secret = Secret("sk-a/b\"c\\d+e".to_owned());
        for written in [
            "sk-a/b\"c\\d+e",
            "sk-a/b\\\"c\\\\d+e",
            "sk-a\\/b\\\"c\\\\d+e",
            "sk-a\\u002Fb\\u0022c\\u005cd\\u002be",
            "\\u0073k\\u002da\\\\u002fb\\\\\\\"c\\\\d+e",
        ] {
            let text = format!("é{written}{written}\\n sk-a/b \\u00e9 {written}");
            assert_eq!(
                secret.cleared(&text),
                "é[key][key]\\n sk-a/b \\u00e9 [key]",
                "{written}"
            );
        }
        let every: String = secret.0.chars().fold(String::new(), |text, sign| {
            format!("{text}\\u{:04x}", u32::from(sign))
        });
        assert_eq!(secret.cleared(&format!("\\{every}")), "[key]");
        for text in ["", "sk-a/b", "sk-a\\", "\\u00", "sk-a\\u00é", "\\u0073"] {
            assert_eq!(secret.cleared(text), text);
        }
    }

    #[test]
    fn a_name_of_a_variable_is_no_key() {
        for name in ["KEY", "_k2", "a"] {
            check_key_env(Some(name)).unwrap();
        }
        check_key_env(None).unwrap();
        for name in ["", "2A", "sk-a", "A B", "É", "A=B", "A\n"] {
            let error = check_key_env(Some(name)).unwrap_err().to_string();
            assert!(name.is_empty() || !error.contains(name), "{error}");
        }
    }
}
