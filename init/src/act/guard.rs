//! The last gate before the first write: the disks must still be those the plan was made for, and all but the target refuse writes.
//!
//! What the kernel refuses then is write(2), discarding, zeroing, and mounting them writable. Not refused are the writes of a device that
//! somebody stacks on them (block/blk-core.c, `bio_check_ro`); nobody here assembles arrays or volumes.

use std::fs::{File, OpenOptions, read_to_string, remove_file};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{OFlags, ioctl_blksszget};

use crate::decide::Disk;
use crate::error::{Doing, Error, Kind, Result};
use crate::look;
use crate::sys::block;

/// Which disks are protected, name and sequence number each: a program that starts over does not know otherwise.
const PROTECTED: &str = "/run/autoinstaller.protected";

/// Refuses when a disk came, went or changed while the plan was on the screen: it might have been chosen, or explained, differently.
///
/// # Errors
/// The first such disk.
pub fn same_disks(shown: &[Disk], now: &[Disk]) -> Result<()> {
    let known = |disk: &Disk, list: &[Disk]| list.iter().any(|d| (&d.name, d.diskseq, d.bytes) == (&disk.name, disk.diskseq, disk.bytes));
    let stray = |list: &[Disk], other: &[Disk]| list.iter().find(|disk| !known(disk, other)).map(Disk::to_string);
    let cause = match (stray(now, shown), stray(shown, now)) {
        (Some(disk), _) => format!("{disk} has appeared or changed since the plan was made"),
        (_, Some(disk)) => format!("{disk} has gone since the plan was made"),
        _ => return Ok(()),
    };
    Err(Error::new(Kind::Choice, "comparing the disks with the plan", cause))
}

/// Makes the kernel refuse writes to every disk but the target, against a helper's or a hook's mistake.
///
/// # Errors
/// A disk cannot be protected. An empty drive or a disk that is read-only already needs no protection.
pub fn protect_others(target: &Disk, disks: &[Disk]) -> Result<()> {
    for disk in disks.iter().filter(|disk| disk.name != target.name && disk.bytes > 0 && !disk.read_only && !disk.optical) {
        let doing = || format!("protecting {} from writes", disk.name);
        let device = File::open(disk.node()).doing(Kind::System, doing)?;
        // First, so that none is ever forgotten.
        let line = format!("{} {}\n", disk.name, disk.diskseq);
        let noted = OpenOptions::new().create(true).append(true).open(PROTECTED).and_then(|mut list| list.write_all(line.as_bytes()));
        noted.unwrap_or_else(|error| log::debug!("noting that {} is protected: {error}", disk.name));
        block::set_read_only(&device, true).doing(Kind::System, doing)?;
        log::debug!("{} is protected from writes", disk.name);
    }
    Ok(())
}

/// Lets those disks be written again that [`protect_others`] has protected: another may be chosen now.
pub fn unprotect() {
    for line in read_to_string(PROTECTED).unwrap_or_default().lines() {
        let Some((name, sequence)) = line.split_once(' ') else { continue };
        let done = File::open(format!("/dev/{name}")).and_then(|device| {
            // Another may have its name by now.
            if block::sequence(&device)?.to_string() == sequence { Ok(block::set_read_only(&device, false)?) } else { Ok(()) }
        });
        done.unwrap_or_else(|error| log::debug!("letting {name} be written: {error}"));
    }
    remove_file(PROTECTED).unwrap_or_default();
}

/// Opens the target for writing, for us alone, and compares it with what the plan says of it: what the opened device itself answers, and
/// what sysfs says once more. While the device is open no other can have its name.
///
/// # Errors
/// Somebody else uses the disk, or it is not the same disk any more.
pub fn claim(target: &Disk) -> Result<File> {
    let doing = || format!("claiming {}", target.name);
    let exclusive = OFlags::EXCL.bits() as i32;
    let opened = OpenOptions::new().read(true).write(true).custom_flags(exclusive).open(target.node()).doing(Kind::Disk, doing);
    let device = opened.map_err(|error| error.with_details(look::users(target)))?;
    let listed = look::disks()?.into_iter().find(|disk| disk.name == target.name);
    let listed = listed.ok_or_else(|| Error::new(Kind::Disk, doing(), "it has gone since the plan was made"))?;
    let now = Disk {
        bytes: block::size(&device).doing(Kind::Disk, doing)?,
        sector: u64::from(ioctl_blksszget(&device).doing(Kind::Disk, doing)?),
        diskseq: block::sequence(&device).doing(Kind::Disk, doing)?,
        ..listed
    };
    same(target, &now).map_err(|cause| Error::new(Kind::Disk, doing(), cause))?;
    Ok(device)
}

fn same(plan: &Disk, now: &Disk) -> std::result::Result<(), String> {
    let text = |disk: &Disk| {
        [
            ("sequence number", disk.diskseq.to_string()),
            ("size", disk.bytes.to_string()),
            ("logical sector size", disk.sector.to_string()),
            ("serial number", format!("\"{}\"", disk.serial)),
            ("WWN", format!("\"{}\"", disk.wwn)),
        ]
    };
    for ((what, planned), (_, found)) in text(plan).iter().zip(text(now)) {
        if *planned != found {
            return Err(format!("it is not the disk of the plan any more: its {what} was {planned} and is {found}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_came_or_went_or_changed_stops() {
        let disk = |name: &str, diskseq, bytes| Disk { name: name.into(), diskseq, bytes, ..Disk::default() };
        let shown = [disk("sda", 1, 1 << 30), disk("sdb", 2, 0)];
        let cause = |now: &[Disk]| same_disks(&shown, now).unwrap_err().to_string();
        assert_eq!(same_disks(&shown, &shown), Ok(()));
        let late = disk("sdc", 3, 1 << 30);
        assert_eq!(
            cause(&[shown[0].clone(), shown[1].clone(), late]),
            "comparing the disks with the plan: sdc (unknown model, serial unknown, 1.0 GiB, other) has appeared or changed since the plan was made"
        );
        assert!(cause(&[shown[0].clone(), disk("sdb", 2, 4 << 30)]).contains("sdb (unknown model, serial unknown, 4.0 GiB"));
        assert!(cause(&[disk("sda", 9, 1 << 30), shown[1].clone()]).contains("has appeared or changed"));
        assert!(cause(&shown[..1]).ends_with("sdb (unknown model, serial unknown, 0.0 KiB, other) has gone since the plan was made"));
    }

    #[test]
    fn any_difference_stops() {
        let plan = Disk {
            bytes: 16 << 30,
            sector: 512,
            diskseq: 3,
            serial: "S1".into(),
            wwn: "naa.1".into(),
            model: "A".into(),
            ..Disk::default()
        };
        assert_eq!(same(&plan, &Disk { contents: Vec::new(), ..plan.clone() }), Ok(()));
        for (now, what) in [
            (Disk { bytes: 1 << 30, ..plan.clone() }, "size was 17179869184 and is 1073741824"),
            (Disk { sector: 4096, ..plan.clone() }, "logical sector size was 512 and is 4096"),
            (Disk { diskseq: 4, ..plan.clone() }, "sequence number was 3 and is 4"),
            (Disk { serial: String::new(), ..plan.clone() }, "serial number was \"S1\" and is \"\""),
            (Disk { wwn: "naa.2".into(), ..plan.clone() }, "WWN was \"naa.1\" and is \"naa.2\""),
        ] {
            assert_eq!(same(&plan, &now).unwrap_err(), format!("it is not the disk of the plan any more: its {what}"));
        }
    }
}
