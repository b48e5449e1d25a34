//! Labels of file systems: printable ASCII for a person, whatever was written.

use super::windows;
use crate::facts::bytes::{Read, ascii, printable, utf16};

/// Where a label is.
#[derive(Clone, Copy, Debug)]
pub enum Label {
    /// Not known, or there is none.
    None,
    /// ASCII at this offset of the window, of at most so many bytes.
    Ascii(usize, usize),
    /// UTF-16 at this offset of the window, of at most so many units.
    Utf16(usize, usize),
    /// In the volume file of an NTFS.
    Ntfs,
    /// In the root directory of an exFAT.
    ExFat,
}

impl Label {
    /// Reads it from the window of its magic number, or with `read` from where that leads; empty where there is none.
    pub fn read(self, window: &[u8], read: Read) -> String {
        match self {
            Label::None => String::new(),
            Label::Ascii(at, length) => ascii(window, at, length),
            Label::Utf16(at, units) => wide(window, at, units),
            Label::Ntfs => windows::ntfs(window, read).unwrap_or_default(),
            Label::ExFat => windows::exfat(window, read).unwrap_or_default(),
        }
    }
}

/// UTF-16 up to a zero; what is no printable ASCII becomes a question mark.
pub fn wide(bytes: &[u8], at: usize, units: usize) -> String {
    let rest = bytes.get(at..).unwrap_or_default();
    printable(&utf16(rest.get(..2 * units).unwrap_or(rest)).0)
}
