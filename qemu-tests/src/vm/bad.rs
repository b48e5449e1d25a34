//! Disks and sticks that do not keep what they promise, and the words that make QEMU pretend so. Pure.
//!
//! Errors are those of QEMU's `blkdebug`, which sits between the device and its file. A disk that has less room than it says is made of
//! several extents of a VMDK that lie in one file.

use super::scenario::Disk;

/// What is wrong with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// Requests of a kind fail as soon as they touch this sector of 512 bytes, for ever.
    Sector(Request, u64),
    /// The same, of one sector every 4 MiB from the first of these to the second.
    Some(Request, u64, u64),
    /// All requests of a kind fail.
    All(Request),
    /// It has so many MiB, of which its size must be a multiple: what is beyond them begins at the front again, as with forged sticks.
    Wraps(u64),
}

/// What a disk is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// To read.
    Read,
    /// To write, zeros at once excepted.
    Write,
    /// To keep what was written.
    Flush,
}

impl Request {
    /// QEMU's word for it.
    fn word(self) -> &'static str {
        match self {
            Request::Read => "read",
            Request::Write => "write",
            Request::Flush => "flush",
        }
    }
}

/// The layers behind the drive of a disk whose file is `file`; `None` for a good disk.
pub fn behind(disk: &Disk, file: &str) -> Option<String> {
    if let Some(extents) = extents(disk) {
        let unlocked: String = (0..extents).map(|extent| format!(",extents.{extent}.locking=off")).collect();
        return Some(format!("driver=vmdk,file.driver=file,file.filename={}{unlocked}", descriptor_name(file)));
    }
    if disk.bad.is_empty() {
        return None;
    }
    Some(with_errors(file, disk.bad.iter().copied()))
}

/// The layers behind a stick with one sector that cannot be read.
pub fn unreadable(file: &str, sector: u64) -> String {
    with_errors(file, [Bad::Sector(Request::Read, sector)])
}

fn with_errors(file: &str, bad: impl IntoIterator<Item = Bad>) -> String {
    let rules = bad.into_iter().flat_map(each).enumerate().map(|(number, bad)| {
        let (request, place) = match bad {
            Bad::Sector(request, sector) => (request, format!(",inject-error.{number}.sector={sector}")),
            Bad::All(request) => (request, String::new()),
            // Each sector of its own; an extent, and no error.
            Bad::Some(..) | Bad::Wraps(_) => return String::new(),
        };
        let rule = format!("inject-error.{number}");
        format!(",{rule}.event=none,{rule}.errno=5,{rule}.iotype={}{place}", request.word())
    });
    // Flushes must reach this layer, and need go no further.
    let image = format!("image.driver=file,image.cache.no-flush=on,image.discard=unmap,image.filename={file}");
    format!("driver=blkdebug,{image}{}", rules.collect::<String>())
}

/// The errors of one sector each that it is made of.
fn each(bad: Bad) -> Vec<Bad> {
    match bad {
        Bad::Some(request, from, to) => (from..to).step_by(8192).map(|sector| Bad::Sector(request, sector)).collect(),
        bad => vec![bad],
    }
}

/// How often the room of a disk that wraps is in its size.
fn extents(disk: &Disk) -> Option<u64> {
    disk.bad.iter().find_map(|bad| if let Bad::Wraps(mib) = bad { disk.mib.checked_div(*mib) } else { None })
}

/// MiB that the file behind a disk has.
pub fn room(disk: &Disk) -> u64 {
    extents(disk).map_or(disk.mib, |extents| disk.mib / extents)
}

/// Name of the VMDK's descriptor beside the file of its extents.
pub fn descriptor_name(file: &str) -> String {
    format!("{file}.vmdk")
}

/// The VMDK's descriptor, for a disk that wraps.
pub fn descriptor(disk: &Disk, file: &str) -> Option<String> {
    let extents = extents(disk)?;
    let head = "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"twoGbMaxExtentFlat\"\n";
    let extent = format!("RW {} FLAT \"{file}\" 0\n", room(disk) * 2048);
    Some(format!("{head}{}ddb.adapterType = \"ide\"\n", extent.repeat(extents as usize)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::scenario::{Bus, Prefill};

    fn disk(bad: &'static [Bad]) -> Disk {
        Disk { bus: Bus::Nvme, mib: 64, sector: 512, serial: "x", prefill: Prefill::Empty, bad }
    }

    #[test]
    fn a_good_disk_has_nothing_behind_it() {
        assert_eq!((behind(&disk(&[]), "d"), descriptor(&disk(&[]), "d"), room(&disk(&[]))), (None, None, 64));
    }

    #[test]
    fn errors_are_rules_in_their_order() {
        let words = behind(&disk(&[Bad::Sector(Request::Write, 2048), Bad::All(Request::Flush)]), "d").unwrap();
        assert!(words.starts_with("driver=blkdebug,image.driver=file,"), "{words}");
        assert!(words.contains(",inject-error.0.iotype=write,inject-error.0.sector=2048,inject-error.1.event=none,"), "{words}");
        assert!(words.ends_with("inject-error.1.iotype=flush"), "{words}");
        let some = behind(&disk(&[Bad::Some(Request::Read, 1, 8194)]), "d").unwrap();
        assert!(some.contains(".0.iotype=read,inject-error.0.sector=1,") && some.ends_with("inject-error.1.sector=8193"), "{some}");
        assert!(unreadable("m", 7).ends_with("inject-error.0.iotype=read,inject-error.0.sector=7"));
    }

    #[test]
    fn a_disk_that_wraps_has_its_room_several_times() {
        let disk = disk(&[Bad::Wraps(16)]);
        assert_eq!(room(&disk), 16);
        assert_eq!(descriptor(&disk, "d").unwrap().matches("RW 32768 FLAT \"d\" 0\n").count(), 4);
        assert!(
            behind(&disk, "d")
                .unwrap()
                .ends_with("file.filename=d.vmdk,extents.0.locking=off,extents.1.locking=off,extents.2.locking=off,extents.3.locking=off")
        );
    }
}
