//! Files that appear whole or not at all: written beside their place, then renamed over it.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that is being written. Dropped before [`Self::finish`], it leaves nothing behind.
pub struct WholeFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl WholeFile {
    /// How the names of unfinished files begin.
    pub const PREFIX: &str = ".writing-";

    /// Begins the file that is to stand at `path`, whose folder exists.
    pub fn create(path: PathBuf) -> std::io::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(Self::PREFIX);
        // A report is for others to read: as open as the user's umask lets it be, unlike other temporary files.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Ok(Self {
            file: builder.tempfile_in(folder)?,
            path,
        })
    }

    /// Makes it appear.
    pub fn finish(self) -> std::io::Result<()> {
        self.file.as_file().sync_all()?;
        self.file.persist(self.path)?;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}
