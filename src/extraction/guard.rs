//! Limits on what one file may take: a file from outside may be made to do harm.

use std::cell::Cell;
use std::io::Read;
use std::time::Instant;

use super::Refusal;
use crate::data::Limits;

/// Allowed to any file, whatever the ratio: small files compress well.
const ALWAYS_ALLOWED: u64 = 16 << 20;

/// Watches over the reading of one file.
pub(super) struct Guard<'a> {
    limits: &'a Limits,
    deadline: Instant,
    allowance: u64,
    unpacked: Cell<u64>,
    depth: Cell<u32>,
}

/// A level of nesting; left when this is dropped.
pub(super) struct Level<'g>(&'g Cell<u32>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'a> Guard<'a> {
    /// For a file of so many bytes, from now on.
    pub(super) fn new(limits: &'a Limits, file_bytes: usize) -> Self {
        let by_ratio = (file_bytes as u64).saturating_mul(limits.unpacked_ratio);
        Self {
            limits,
            deadline: Instant::now() + limits.by_the_clock(),
            allowance: by_ratio.max(ALWAYS_ALLOWED).min(limits.unpacked_mib << 20),
            unpacked: Cell::new(0),
            depth: Cell::new(0),
        }
    }

    /// Whether there is time left.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        if Instant::now() > self.deadline {
            return Err(Refusal::TooSlow(self.limits.seconds));
        }
        Ok(())
    }

    /// One level deeper, until what is returned is dropped.
    pub(super) fn enter(&self) -> Result<Level<'_>, Refusal> {
        if self.depth.get() >= self.limits.depth {
            return Err(Refusal::TooDeep(self.limits.depth));
        }
        self.depth.set(self.depth.get() + 1);
        Ok(Level(&self.depth))
    }

    /// Counts what was unpacked or otherwise made of the file.
    pub(super) fn spend(&self, bytes: usize) -> Result<(), Refusal> {
        self.unpacked
            .set(self.unpacked.get().saturating_add(bytes as u64));
        if self.unpacked.get() > self.allowance {
            return Err(Refusal::TooMuch(self.allowance));
        }
        self.check()
    }

    /// Unpacks `reader` to its end.
    pub(super) fn unpack(&self, mut reader: impl Read) -> Result<Vec<u8>, Refusal> {
        let mut unpacked = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = reader.read(&mut buffer).map_err(Refusal::damaged)?;
            if read == 0 {
                return Ok(unpacked);
            }
            self.spend(read)?;
            unpacked.extend_from_slice(&buffer[..read]);
        }
    }
}
