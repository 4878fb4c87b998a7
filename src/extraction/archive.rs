//! Zip archives: what most office formats are.

use std::cell::RefCell;
use std::io::Cursor;

use zip::ZipArchive;
use zip::result::ZipError;

use super::Refusal;
use super::guard::Guard;

/// An archive whose entries are unpacked under the eyes of a guard.
pub(super) struct Archive<'a> {
    zip: RefCell<ZipArchive<Cursor<&'a [u8]>>>,
    guard: &'a Guard<'a>,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8], guard: &'a Guard<'a>) -> Result<Self, Refusal> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(Refusal::damaged)?;
        Ok(Self {
            zip: RefCell::new(zip),
            guard,
        })
    }

    /// The names of all entries, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = {
            let zip = self.zip.borrow();
            let names = zip.file_names().flatten();
            names.map(std::borrow::Cow::into_owned).collect()
        };
        names.sort_unstable();
        names
    }

    /// The content of an entry; `None` where there is no such entry.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let mut zip = self.zip.borrow_mut();
        let place = zip.index_for_name(name);
        let Some(place) = place else { return Ok(None) };
        match zip.by_index(place) {
            Ok(entry) => self.guard.unpack(entry).map(Some),
            Err(ZipError::UnsupportedArchive(reason)) if reason == ZipError::PASSWORD_REQUIRED => {
                Err(Refusal::Encrypted)
            }
            Err(error) => Err(Refusal::damaged(error)),
        }
    }

    /// The content of an entry that must be there.
    pub(super) fn need(&self, name: &str) -> Result<Vec<u8>, Refusal> {
        self.read(name)?
            .ok_or_else(|| Refusal::Damaged(format!("its archive holds no `{name}`")))
    }
}
