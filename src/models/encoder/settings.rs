//! The small JSON files that describe a model: read key by key, so that an error names the file and the key.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::{Map, Value};

/// The top-level object of one JSON file.
pub(super) struct Settings {
    path: PathBuf,
    object: Map<String, Value>,
}

impl Settings {
    /// What a number reads as where a file says "no limit".
    pub(super) const NO_LIMIT: usize = usize::MAX;

    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let object = serde_json::from_value(json(path)?)
            .with_context(|| format!("`{}` is not a JSON object", path.display()))?;
        Ok(Self {
            path: path.to_owned(),
            object,
        })
    }

    /// A file that need not be there: no file reads as an empty object.
    pub(super) fn load_optional(path: &Path) -> anyhow::Result<Self> {
        if path.is_file() {
            return Self::load(path);
        }
        Ok(Self {
            path: path.to_owned(),
            object: Map::new(),
        })
    }

    pub(super) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// The value of the first of these keys that is there and not null.
    fn find<'a>(&'a self, keys: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        keys.iter()
            .filter_map(|key| Some((*key, self.object.get(*key)?)))
            .find(|(_, value)| !value.is_null())
    }

    pub(super) fn number(&self, keys: &[&str]) -> anyhow::Result<Option<usize>> {
        let Some((key, value)) = self.find(keys) else {
            return Ok(None);
        };
        // Hugging Face writes "no limit" as 1e30.
        let huge = value
            .as_f64()
            .filter(|number| *number >= 1e15)
            .map(|_| Self::NO_LIMIT);
        let number = value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok());
        match number.or(huge) {
            Some(number) => Ok(Some(number)),
            None => self.wrong(key, value, "a count"),
        }
    }

    /// A count, or `None` where it is below 0: how configs say that there is none.
    pub(super) fn number_unless_negative(&self, key: &str) -> anyhow::Result<Option<usize>> {
        match self.find(&[key]) {
            Some((_, value)) if value.as_i64().is_some_and(|number| number < 0) => Ok(None),
            _ => self.number(&[key]),
        }
    }

    /// An object inside this one, an empty one where there is none.
    pub(super) fn inner(&self, key: &str) -> anyhow::Result<Self> {
        let object = match self.find(&[key]) {
            None => Map::new(),
            Some((_, Value::Object(object))) => object.clone(),
            Some((_, value)) => return self.wrong(key, value, "an object"),
        };
        Ok(Self {
            path: self.path.clone(),
            object,
        })
    }

    pub(super) fn needed_number(&self, keys: &[&str]) -> anyhow::Result<usize> {
        match self.number(keys)? {
            Some(0) | None => bail!(
                "`{}` does not say `{}`, a count above 0; take the file that came with the weights",
                self.path(),
                keys[0]
            ),
            Some(number) => Ok(number),
        }
    }

    pub(super) fn float(&self, key: &str) -> anyhow::Result<Option<f64>> {
        match self.find(&[key]) {
            None => Ok(None),
            Some((_, value)) => match value.as_f64() {
                Some(number) => Ok(Some(number)),
                None => self.wrong(key, value, "a number"),
            },
        }
    }

    pub(super) fn flag(&self, key: &str) -> anyhow::Result<Option<bool>> {
        match self.find(&[key]) {
            None => Ok(None),
            Some((_, value)) => match value.as_bool() {
                Some(flag) => Ok(Some(flag)),
                None => self.wrong(key, value, "true or false"),
            },
        }
    }

    /// One text or a list of texts.
    pub(super) fn texts(&self, keys: &[&str]) -> anyhow::Result<Option<Vec<String>>> {
        let Some((key, value)) = self.find(keys) else {
            return Ok(None);
        };
        let texts = match value {
            Value::Array(items) => items
                .iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            other => other.as_str().map(|text| vec![text.to_owned()]),
        };
        match texts {
            Some(texts) => Ok(Some(texts)),
            None => self.wrong(key, value, "a text or a list of texts"),
        }
    }

    pub(super) fn text<'a>(&'a self, keys: &[&'a str]) -> anyhow::Result<Option<&'a str>> {
        match self.find(keys) {
            None => Ok(None),
            Some((key, value)) => match value.as_str() {
                Some(text) => Ok(Some(text)),
                None => self.wrong(key, value, "a text"),
            },
        }
    }

    /// The texts of an object whose keys are the numbers from 0 on, in the order of these.
    pub(super) fn numbered_texts(&self, key: &str) -> anyhow::Result<Option<Vec<String>>> {
        let Some((key, value)) = self.find(&[key]) else {
            return Ok(None);
        };
        let texts = value.as_object().and_then(|object| {
            let text = |number: usize| object.get(&number.to_string())?.as_str();
            let texts = (0..object.len()).map(|number| Some(text(number)?.to_owned()));
            texts.collect::<Option<Vec<_>>>()
        });
        match texts {
            Some(texts) => Ok(Some(texts)),
            None => self.wrong(key, value, "a text for each number from 0 on"),
        }
    }

    fn wrong<T>(&self, key: &str, value: &Value, wanted: &str) -> anyhow::Result<T> {
        bail!(
            "`{}` says `{key}` = `{value}`, which is not {wanted}; take the file that came with the weights",
            self.path()
        )
    }
}

/// Any JSON file.
pub(super) fn json(path: &Path) -> anyhow::Result<Value> {
    let text = fs_err::read(path).with_context(|| {
        format!(
            "cannot read `{}`; give a folder with a Hugging Face model in it",
            path.display()
        )
    })?;
    serde_json::from_slice(&text)
        .with_context(|| format!("`{}` is not JSON; fetch the file again", path.display()))
}
