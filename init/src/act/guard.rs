//! The last gate before the first write: the disks must still be those the plan was made for, and all but the target refuse writes.
//!
//! What the kernel refuses then is opening them for writing and mounting them writable (block/bdev.c, `bdev_permission`); nothing of theirs
//! is mounted or stacked yet, since nobody here assembles arrays or volumes.

use std::fs::{File, OpenOptions, read_to_string};
use std::os::unix::fs::OpenOptionsExt;

use rustix::fs::{OFlags, ioctl_blksszget};

use crate::decide::Disk;
use crate::error::{Doing, Error, Kind, Result};
use crate::look;
use crate::sys::block;

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

/// Makes the kernel refuse writes to every disk but the target, so that no helper and no hook can either.
///
/// # Errors
/// A disk cannot be protected. An empty drive or a disk that is read-only already needs no protection.
pub fn protect_others(target: &Disk, disks: &[Disk]) -> Result<()> {
    for disk in disks.iter().filter(|disk| disk.name != target.name && disk.bytes > 0 && !disk.read_only && !disk.optical) {
        let doing = || format!("protecting {} from writes", disk.name);
        let device = File::open(disk.node()).doing(Kind::System, doing)?;
        block::set_read_only(&device, true).doing(Kind::System, doing)?;
        log::debug!("{} is protected from writes", disk.name);
    }
    Ok(())
}

/// Opens the target for writing, for us alone, and compares it with what the plan says of it.
///
/// # Errors
/// Somebody else uses the disk, or it is not the same disk any more.
pub fn claim(target: &Disk) -> Result<File> {
    let doing = || format!("claiming {}", target.name);
    let exclusive = OFlags::EXCL.bits() as i32;
    let opened = OpenOptions::new().read(true).write(true).custom_flags(exclusive).open(target.node()).doing(Kind::Disk, doing);
    let device = opened.map_err(|error| Error { details: look::users(target), ..error })?;
    let path = format!("/sys/block/{}/diskseq", target.name);
    let diskseq = read_to_string(&path).doing(Kind::Disk, || format!("reading {path}"))?;
    let now = Identity {
        bytes: block::size(&device).doing(Kind::Disk, doing)?,
        sector: u64::from(ioctl_blksszget(&device).doing(Kind::Disk, doing)?),
        diskseq: diskseq.trim().parse().doing(Kind::Disk, || format!("reading {path}"))?,
    };
    same(target, &now).map_err(|cause| Error::new(Kind::Disk, doing(), cause))?;
    Ok(device)
}

struct Identity {
    bytes: u64,
    sector: u64,
    diskseq: u64,
}

fn same(plan: &Disk, now: &Identity) -> std::result::Result<(), String> {
    for (what, planned, found) in
        [("sequence number", plan.diskseq, now.diskseq), ("size", plan.bytes, now.bytes), ("logical sector size", plan.sector, now.sector)]
    {
        if planned != found {
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
        let plan = Disk { bytes: 16 << 30, sector: 512, diskseq: 3, ..Disk::default() };
        assert_eq!(same(&plan, &Identity { bytes: 16 << 30, sector: 512, diskseq: 3 }), Ok(()));
        for (identity, what) in [
            (Identity { bytes: 1 << 30, sector: 512, diskseq: 3 }, "size was 17179869184 and is 1073741824"),
            (Identity { bytes: 16 << 30, sector: 4096, diskseq: 3 }, "logical sector size was 512 and is 4096"),
            (Identity { bytes: 16 << 30, sector: 512, diskseq: 4 }, "sequence number was 3 and is 4"),
        ] {
            assert_eq!(same(&plan, &identity).unwrap_err(), format!("it is not the disk of the plan any more: its {what}"));
        }
    }
}
