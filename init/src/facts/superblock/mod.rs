//! What lies on a partition or a whole disk, by the magic numbers of superblocks at both ends. A hint for the person who has to recognise a
//! disk, and nothing that a decision may rest on.

mod end;
mod fat;
mod front;
mod label;
mod uuid;
mod windows;

use std::fmt;

use super::bytes::{Read, u32_at};
pub use fat::is_fat;
pub use front::REACH;
use label::Label;
pub use uuid::uuid;

/// What was recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// File system, or what else it is.
    pub kind: &'static str,
    /// Its label, printable ASCII; may be empty.
    pub label: String,
}

impl Hint {
    /// A label that says there is none is none.
    fn new(kind: &'static str, label: String) -> Hint {
        Hint { kind, label: if label == "NO NAME" { String::new() } else { label } }
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        if self.label.is_empty() { Ok(()) } else { write!(f, " {}", self.label) }
    }
}

/// What lies on a partition, or a disk without partitions, of so many bytes: at its end first, since what a member of an array seems to
/// begin with is the array's.
pub fn hints(read: Read, bytes: u64) -> Vec<Hint> {
    // Where the beginning cannot be read, the end is not tried: a failing disk takes its time.
    let Some(window) = read(0, at_most(bytes, front::REACH)) else { return Vec::new() };
    let at_front = front::hint(&window, read);
    let same = |end: &Hint| at_front.as_ref().is_some_and(|front| front.kind == end.kind);
    let at_end = at_end(read, bytes).filter(|end| !same(end));
    at_end.into_iter().chain(at_front).collect()
}

/// What the end of a disk says, where firmware RAID keeps its notes whatever the rest is divided into.
pub fn at_end(read: Read, bytes: u64) -> Option<Hint> {
    let length = at_most(bytes, end::REACH);
    end::hint(&read(bytes.checked_sub(length as u64)?, length)?, bytes)
}

/// What the first bytes alone say, as far as they go.
pub fn hint(bytes: &[u8]) -> Option<Hint> {
    front::hint(bytes, &|_, _| None)
}

fn at_most(bytes: u64, reach: usize) -> usize {
    usize::try_from(bytes).unwrap_or(reach).min(reach)
}

/// ZFS has no superblock: any uberblock in the second half of one of its labels will do.
fn has_uberblock(bytes: &[u8]) -> bool {
    (0..bytes.len()).step_by(1024).any(|at| u32_at(bytes, at) == Some(0x00ba_b10c))
}

#[cfg(test)]
pub(super) mod tests;
