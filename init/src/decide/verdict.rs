//! Whether a disk could be the target at all, and why not.

use super::layout::TooSmall;
use super::{Disk, Layout, Transport, human};
use crate::facts::table::Table;
use crate::settings::Settings;

/// A disk with its division, or with the reason why it is none.
pub type Judged<'a> = (&'a Disk, Result<Layout, Never>);

/// Why a disk cannot be the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {
    /// It carries the image we booted from, or a copy of it.
    Ours,
    /// A CD drive.
    Optical,
    /// A drive or slot without a medium.
    Empty,
    /// Writes are refused.
    ReadOnly,
    /// A hardware partition of an eMMC for firmware.
    BootArea,
    /// A sector size that nothing here was tested with.
    SectorSize(u64),
    /// Removable, and not named.
    Removable,
    /// Behind USB, and not named.
    Usb,
    /// In a card slot, and not named.
    SdCard,
    /// What is on it cannot be known, and it is not named.
    Unreadable,
    /// Too small for the plan.
    TooSmall {
        /// Its size in bytes.
        bytes: u64,
        /// The size that would do, in bytes.
        needed: u64,
    },
}

impl Never {
    /// The end of the sentence about the disk.
    pub fn reason(self) -> String {
        match self {
            Never::Ours => "it carries the installer's own medium".into(),
            Never::Optical => "it is an optical drive".into(),
            Never::Empty => "it has no medium in it".into(),
            Never::ReadOnly => "it is read-only".into(),
            Never::BootArea => "it is a boot or RPMB area of an eMMC".into(),
            Never::SectorSize(bytes) => format!("its logical sectors have {bytes} bytes; only 512 and 4096 are supported"),
            Never::Removable => "its medium is removable; it must be named".into(),
            Never::Usb => "it is attached by USB; it must be named".into(),
            Never::SdCard => "it is an SD card; it must be named".into(),
            Never::Unreadable => "it must be named".into(),
            Never::TooSmall { bytes, needed } => format!("it is too small: {} where {} are needed", human(bytes), human(needed)),
        }
    }
}

/// Divides the disk, or says why not. `named` is whether a person means exactly this one.
pub fn judge(disk: &Disk, named: bool, settings: &Settings, content: u64) -> Result<Layout, Never> {
    let boot_area = disk.name.strip_prefix("mmcblk").is_some_and(|rest| rest.contains("boot") || rest.contains("rpmb"));
    let never = [
        (disk.ours, Never::Ours),
        (disk.optical, Never::Optical),
        (disk.bytes == 0, Never::Empty),
        (disk.read_only, Never::ReadOnly),
        (boot_area, Never::BootArea),
        (!matches!(disk.sector, 512 | 4096), Never::SectorSize(disk.sector)),
        (disk.removable && !named, Never::Removable),
        (disk.transport == Transport::Usb && !named, Never::Usb),
        (disk.sd_card && !named, Never::SdCard),
        (disk.table == Table::Unreadable && !named, Never::Unreadable),
    ];
    if let Some((_, never)) = never.into_iter().find(|(applies, _)| *applies) {
        return Err(never);
    }
    Layout::of(disk.bytes, disk.sector, settings.swap, content).map_err(|TooSmall { needed }| Never::TooSmall { bytes: disk.bytes, needed })
}
