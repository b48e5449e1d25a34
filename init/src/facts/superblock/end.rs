//! Superblocks near the end: old and mirrored arrays of Linux, and what the RAID of a firmware writes behind everything else.

use super::{Hint, Label, has_uberblock};
use crate::facts::bytes::Read;

/// How many bytes before the end the magic numbers are in; the uberblocks of the last label of ZFS are the farthest.
pub const REACH: usize = 384 << 10;

/// A magic number at `⌊size / unit⌋ · unit - back`: unit, back, what, what it means, and where the label is from there.
type Magic = (u64, u64, &'static [u8], &'static str, Label);

/// Layouts: linux/drivers/md/md.c, and mdadm's and util-linux's readers of foreign formats.
pub(super) const MAGICS: [Magic; 8] = [
    (4 << 10, 8 << 10, b"\xfc\x4e\x2b\xa9\x01\0\0\0", "RAID", Label::Ascii(32, 32)),
    (64 << 10, 64 << 10, b"\xfc\x4e\x2b\xa9\0\0\0\0", "RAID", Label::None),
    (512, 1024, b"Intel Raid ISM Cfg Sig. ", "Intel RAID", Label::None),
    (4096, 8192, b"Intel Raid ISM Cfg Sig. ", "Intel RAID", Label::None),
    (512, 512, b"\xde\x11\xde\x11", "DDF RAID", Label::None),
    (512, 257 * 512, b"\xde\x11\xde\x11", "DDF RAID", Label::None),
    (512, 1024, b"NVIDIA  ", "NVIDIA RAID", Label::None),
    (512, 512, b"$XIDE$", "LSI RAID", Label::None),
];

/// Labels of ZFS: two at the end, 256 KiB each, the second half of each for uberblocks.
const ZFS_LABEL: u64 = 256 << 10;

/// What the window at the end of `bytes` bytes holds.
pub fn hint(window: &[u8], bytes: u64) -> Option<Hint> {
    let start = bytes.checked_sub(window.len() as u64)?;
    // The window from there on.
    let place = |unit: u64, back: u64| {
        let at = (bytes / unit).checked_mul(unit)?.checked_sub(back)?.checked_sub(start)?;
        window.get(usize::try_from(at).ok()?..)
    };
    let nowhere: Read = &|_, _| None;
    let found = MAGICS.iter().find_map(|(unit, back, magic, kind, label)| {
        let rest = place(*unit, *back).filter(|rest| rest.starts_with(magic))?;
        Some(Hint::new(kind, label.read(rest, nowhere)))
    });
    let uberblocks = || place(ZFS_LABEL, ZFS_LABEL / 2)?.get(..128 << 10).filter(|uberblocks| has_uberblock(uberblocks));
    found.or_else(|| uberblocks().map(|_| Hint::new("ZFS", String::new())))
}
