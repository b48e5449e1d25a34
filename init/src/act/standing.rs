//! Consent given in advance, `install.confirm=SERIAL`: good for that one disk, and good once.
//!
//! An unattended stick that is left in a machine must not reinstall it for ever. So a consent that was used is noted on the stick's kit
//! partition before the first write, where that can be written, and on the new ESP: either note, and any doubt about them, makes the next run of the same image ask.

use std::fs::{File, create_dir_all};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use crate::decide::{Disk, Plan};
use crate::error::{Doing, Error, Kind, Result};
use crate::facts::{guid, superblock};
use crate::medium::{self, Medium};
use crate::pid1::truth;
use crate::settings::Settings;

const ESP: &str = "/run/old-esp";

/// Whether the person agreed in advance to erase the target. Says on the consoles why, and why not.
pub fn consent(plan: &Plan, settings: &Settings, disks: &[Disk], medium: &Medium) -> bool {
    let Some(serial) = &settings.confirm else { return false };
    // This program starts over after a failure, and a person is there then.
    let fresh = || if truth::is_written() { Err("a disk was erased already".into()) } else { Ok(()) };
    match fresh()
        .and_then(|()| kit_counts(settings))
        .and_then(|()| matches(serial, &plan.target, disks))
        .and_then(|()| unused(plan, medium))
    {
        Ok(()) => log::info!("install.confirm={serial} agrees to erase {}", plan.target.name),
        Err(why) => {
            log::info!("install.confirm={serial} does not count: {why}");
            return false;
        }
    }
    true
}

/// The disk that was agreed to is not there yet: a sentence.
pub fn absent(settings: &Settings, disks: &[Disk]) -> Option<String> {
    let serial = settings.confirm.as_ref().filter(|serial| disks.iter().all(|disk| disk.serial != **serial))?;
    Some(format!("no disk has the serial number {serial} of install.confirm"))
}

fn matches(serial: &str, target: &Disk, disks: &[Disk]) -> std::result::Result<(), String> {
    let owners = disks.iter().filter(|disk| disk.serial == serial).count();
    match (target.serial == serial, owners) {
        _ if serial.is_empty() => Err("an empty serial number is none".into()),
        (true, 1) => Ok(()),
        (true, _) => Err("several disks have this serial number".into()),
        (false, _) => Err(format!("the target {} has another", target.name)),
    }
}

/// Who agreed in advance may have agreed to what the kit says, such as an encrypted disk.
fn kit_counts(settings: &Settings) -> std::result::Result<(), String> {
    if settings.kit_unread.is_some() { Err("the kit partition cannot be read".into()) } else { Ok(()) }
}

/// Any doubt is a reason to ask.
fn unused(plan: &Plan, medium: &Medium) -> std::result::Result<(), String> {
    if !medium.is_unique() {
        return Err("several disks carry this image, and it may have been used from another".into());
    }
    let unknown = |error: Error| format!("whether it was used is not known: {error}");
    let on_kit = medium::read_kit(medium, |kit| note(kit, medium, &plan.target).try_exists()).map_err(unknown)?;
    let esps = plan.target.table.partitions().iter().filter(|partition| partition.kind == guid::ESP);
    let mut on_disk = false;
    for esp in esps {
        on_disk |= noted_on(&plan.target.partition(esp.number), medium, &plan.target).map_err(unknown)?;
    }
    if on_kit || on_disk { Err("it was used already".into()) } else { Ok(()) }
}

/// A partition that holds no FAT holds no note either.
fn noted_on(partition: &str, medium: &Medium, target: &Disk) -> Result<bool> {
    let doing = || format!("looking for the note on {partition}");
    let node = format!("/dev/{partition}");
    let mut start = vec![0; 4096];
    File::open(&node).and_then(|device| device.read_exact_at(&mut start, 0)).doing(Kind::Disk, doing)?;
    if superblock::hint(&start).is_none_or(|hint| hint.kind != "FAT") {
        return Ok(false);
    }
    create_dir_all(ESP).doing(Kind::Disk, doing)?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount(&node, ESP, "vfat", flags, None).doing(Kind::Disk, doing)?;
    let noted = note(Path::new(ESP), medium, target).try_exists().doing(Kind::Disk, doing);
    unmount(ESP, UnmountFlags::empty()).doing(Kind::Disk, doing)?;
    noted
}

/// Unmounts what it may have left mounted, whoever uses it.
pub fn leave() {
    unmount(ESP, UnmountFlags::DETACH).unwrap_or_default();
}

/// Notes on the new ESP that the consent was used, as soon as there is one. Not below `EFI`, which comes last.
///
/// # Errors
/// The note cannot be written.
pub fn note_on_disk(boot: &Path, medium: &Medium, target: &Disk) -> Result<()> {
    put(boot, medium, target).doing(Kind::Install, || format!("noting the consent in {}", boot.display()))
}

/// Notes it on the stick, too. A CD cannot be written, and then the note on the disk has to do.
pub fn note_on_kit(medium: &Medium, target: &Disk) {
    if let Err(error) = medium::write_kit(medium, |kit| put(kit, medium, target)) {
        log::warn!("{error}: the consent is noted on the disk alone");
    }
}

fn put(directory: &Path, medium: &Medium, target: &Disk) -> std::io::Result<()> {
    let path = note(directory, medium, target);
    create_dir_all(path.parent().unwrap_or(directory))?;
    let mut file = File::create(path)?;
    writeln!(file, "{} erased {}", medium.manifest.disk_guid, target)?;
    file.sync_all()
}

/// One note per image and disk. The serial number may hold anything, and is only ever compared through its letters and digits.
fn note(directory: &Path, medium: &Medium, target: &Disk) -> PathBuf {
    let serial: String = target.serial.chars().filter(char::is_ascii_alphanumeric).collect();
    directory.join("autoinstaller").join(format!("{}-{serial}.txt", medium.manifest.disk_guid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kit_that_cannot_be_read_may_have_said_something_else() {
        let settings = |unread: Option<&str>| Settings {
            kit_unread: unread.map(String::from),
            ..Settings::read(&[crate::settings::Source::file("x", "targetHost=a\nprebuilt=true\nlabels.efi=A\nlabels.root=B\n")]).unwrap()
        };
        assert_eq!(kit_counts(&settings(None)), Ok(()));
        assert_eq!(kit_counts(&settings(Some("age: Input/output error"))).unwrap_err(), "the kit partition cannot be read");
    }

    #[test]
    fn a_serial_number_must_be_the_target_s_alone() {
        let disk = |name: &str, serial: &str| Disk { name: name.into(), serial: serial.into(), ..Disk::default() };
        let disks = [disk("sda", "A"), disk("sdb", "B"), disk("sdc", "B"), disk("sdd", "")];
        assert_eq!(matches("A", &disks[0], &disks), Ok(()));
        for (serial, target, why) in [
            ("B", 0, "the target sda has another"),
            ("B", 1, "several disks have this serial number"),
            ("", 3, "an empty serial number is none"),
            ("a", 0, "the target sda has another"),
        ] {
            assert_eq!(matches(serial, &disks[target], &disks).unwrap_err(), why);
        }
    }
}
