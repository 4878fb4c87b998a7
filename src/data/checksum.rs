//! SHA-256 of files and of values: how ragkit tells whether an input is the one it was.

use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{DataError, rows};

/// Size and SHA-256 of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checksum {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Checksum {
    /// Reads the whole file at `path`.
    pub fn of_file(path: &Path) -> Result<Self, DataError> {
        let mut file = rows::file(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0_u8; 1 << 20];
        let mut bytes = 0;
        loop {
            let read = file
                .read(&mut buffer)
                .map_err(|error| DataError::file(path, error.to_string()))?;
            if read == 0 {
                break;
            }
            bytes += read as u64;
            hasher.update(&buffer[..read]);
        }
        Ok(Self {
            bytes,
            sha256: hex(&hasher.finalize()),
        })
    }
}

/// A SHA-256 over named parts; the names and lengths keep two different lists of parts from colliding.
#[derive(Default)]
pub struct Digest(Sha256);

impl Digest {
    /// Adds one part under its name.
    #[must_use]
    pub fn with(mut self, name: &str, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        for field in [name.as_bytes(), part] {
            self.0.update((field.len() as u64).to_le_bytes());
            self.0.update(field);
        }
        self
    }

    /// The digest in lower-case hexadecimal.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}
