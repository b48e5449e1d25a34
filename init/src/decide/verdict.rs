//! Whether a disk could be the target at all, and why not.

use super::layout::{Geometry, TooSmall, Wanted};
use super::{Disk, Layout, Transport, human, virtual_media};
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
    /// The kernel does not tell what must be known of it, and nothing here is guessed.
    Untold(&'static str),
    /// Lent to the machine by its management controller, and not named.
    VirtualMedia,
    /// A drive or slot without a medium.
    Empty,
    /// A disk that the kernel has detected and cannot use (drivers/scsi/sd.c: sectors of 520 bytes and the like).
    NoSize,
    /// Writes are refused.
    ReadOnly,
    /// A hardware partition of an eMMC, for firmware or keys.
    BootArea,
    /// A hardware partition of an eMMC that its maker may use.
    GeneralArea,
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
            Never::Untold(what) => format!("the kernel does not tell its {what}"),
            Never::VirtualMedia => "it is virtual media of a management controller; it must be named".into(),
            Never::Empty => "it has no medium in it".into(),
            Never::NoSize => "the kernel gives it no size, as it does where it cannot use the length of the sectors".into(),
            Never::ReadOnly => "it is read-only".into(),
            Never::BootArea => "it is a boot or RPMB area of an eMMC".into(),
            Never::GeneralArea => "it is a general purpose area of an eMMC".into(),
            Never::SectorSize(bytes) => format!("its logical sectors have {bytes} bytes; only 512 and 4096 are supported"),
            Never::Removable => "its medium is removable; it must be named".into(),
            Never::Usb => "it is attached by USB; it must be named".into(),
            Never::SdCard => "it is an SD card; it must be named".into(),
            Never::Unreadable => "it must be named".into(),
            Never::TooSmall { bytes, needed } if human(bytes) == human(needed) => {
                format!("it is too small: {bytes} bytes where {needed} are needed")
            }
            Never::TooSmall { bytes, needed } => format!("it is too small: {} where {} are needed", human(bytes), human(needed)),
        }
    }
}

/// Divides the disk, or says why not. `named` is whether a person means exactly this one.
pub fn judge(disk: &Disk, named: bool, settings: &Settings, content: u64) -> Result<Layout, Never> {
    let emmc_area = |name: &str| disk.name.strip_prefix("mmcblk").is_some_and(|rest| rest.contains(name));
    let slot = disk.removable || disk.transport == Transport::Usb;
    let never = [
        (disk.ours, Never::Ours),
        (disk.optical, Never::Optical),
        (disk.untold.is_some(), Never::Untold(disk.untold.unwrap_or_default())),
        (virtual_media::is_one(disk) && !named, Never::VirtualMedia),
        (disk.bytes == 0 && !slot, Never::NoSize),
        (disk.bytes == 0, Never::Empty),
        // Before read-only, which the kernel makes the boot areas.
        (emmc_area("boot") || emmc_area("rpmb"), Never::BootArea),
        (emmc_area("gp"), Never::GeneralArea),
        (disk.read_only, Never::ReadOnly),
        (!matches!(disk.sector, 512 | 4096), Never::SectorSize(disk.sector)),
        (disk.removable && !named, Never::Removable),
        (disk.transport == Transport::Usb && !named, Never::Usb),
        (disk.sd_card && !named, Never::SdCard),
        (disk.table == Table::Unreadable && !named, Never::Unreadable),
    ];
    if let Some((_, never)) = never.into_iter().find(|(applies, _)| *applies) {
        return Err(never);
    }
    let wanted = Wanted { esp: settings.esp, swap: settings.swap, content };
    let geometry = Geometry { bytes: disk.bytes, sector: disk.sector, optimal: disk.optimal };
    Layout::of(geometry, wanted).map_err(|TooSmall { needed }| Never::TooSmall { bytes: disk.bytes, needed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Source;

    fn verdict(disk: &Disk, named: bool) -> Result<Layout, Never> {
        let file = Source::file("settings", "targetHost=h\nprebuilt=true\nlabels.efi=E\nlabels.root=R\n");
        judge(disk, named, &Settings::read(&[file]).unwrap(), 1 << 30)
    }

    fn disk(name: &str) -> Disk {
        Disk { name: name.into(), bytes: 64 << 30, sector: 512, ..Disk::default() }
    }

    #[test]
    fn what_is_not_told_is_not_made_up_for_a_name() {
        for what in ["size", "logical sector size", "sequence number"] {
            let disk = Disk { untold: Some(what), ..disk("sda") };
            for named in [false, true] {
                assert_eq!(verdict(&disk, named).unwrap_err().reason(), format!("the kernel does not tell its {what}"));
            }
        }
        let empty = Disk { bytes: 0, untold: Some("size"), ..disk("sda") };
        assert_eq!(verdict(&empty, false), Err(Never::Untold("size")));
    }

    #[test]
    fn virtual_media_must_be_named_and_be_there() {
        let lent = Disk { transport: Transport::Usb, vendor: "AMI".into(), model: "Virtual HDisk0".into(), ..disk("sdb") };
        let reason = "it is virtual media of a management controller; it must be named";
        assert_eq!(verdict(&lent, false).unwrap_err().reason(), reason);
        assert!(verdict(&lent, true).is_ok());
        assert_eq!(verdict(&Disk { bytes: 0, ..lent }, true), Err(Never::Empty));
    }

    #[test]
    fn areas_of_an_emmc_and_empty_slots_are_none() {
        for (name, never) in [("mmcblk0boot1", Never::BootArea), ("mmcblk0rpmb", Never::BootArea), ("mmcblk0gp0", Never::GeneralArea)] {
            assert_eq!(verdict(&disk(name), true), Err(never));
        }
        assert!(verdict(&disk("mmcblk0"), false).is_ok());
        assert_eq!(verdict(&Disk { bytes: 0, removable: true, transport: Transport::Usb, ..disk("sdc") }, true), Err(Never::Empty));
        assert_eq!(verdict(&Disk { bytes: 0, transport: Transport::Sas, ..disk("sdc") }, true), Err(Never::NoSize));
        assert_eq!(verdict(&Disk { read_only: true, ..disk("mmcblk0boot0") }, true), Err(Never::BootArea));
    }
}
