//! Lets go of the target before it is claimed: swap in use on it, mappings and arrays that somebody made of it, the topmost first.
//!
//! Nothing here makes such things, and without udev the kernel does not either; the owner's commands or a person in a shell may have.
//! What is mounted stays: somebody may be looking at it, and the claim says where.

use std::fs::{read_dir, read_to_string, write};
use std::path::Path;

use super::mapping;
use crate::decide::Disk;
use crate::error::{Doing, Kind, Result};
use crate::sys::swap;

/// Something that keeps a disk from being claimed.
#[derive(Debug, PartialEq, Eq)]
enum Holder {
    /// A swap area, by its kernel name.
    Swap(String),
    /// A device mapper's mapping, by its own name.
    Mapping(String),
    /// A software array, by its kernel name.
    Array(String),
}

/// Stops whatever holds the disk.
///
/// # Errors
/// It cannot be stopped.
pub fn let_go(disk: &Disk) -> Result<()> {
    let swaps = read_to_string("/proc/swaps").unwrap_or_default();
    of(Path::new("/sys"), &swaps, disk).into_iter().try_for_each(|holder| holder.stop())
}

/// The holders of the disk and its partitions, in the order in which they can be stopped.
fn of(sysfs: &Path, swaps: &str, disk: &Disk) -> Vec<Holder> {
    let mut found = Vec::new();
    let whole = sysfs.join("block").join(&disk.name);
    collect(sysfs, swaps, &whole, &disk.name, &mut found);
    disk.partitions.iter().for_each(|name| collect(sysfs, swaps, &whole.join(name), name, &mut found));
    found
}

/// What stands on a device comes before the device's own use.
fn collect(sysfs: &Path, swaps: &str, directory: &Path, name: &str, found: &mut Vec<Holder>) {
    // A mapping on a mapping on an array: deeper stacks are nobody's, and a loop ends here.
    const DEEPEST: usize = 32;
    let mut holders: Vec<String> =
        read_dir(directory.join("holders")).into_iter().flatten().flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    holders.sort();
    for holder in holders {
        if found.len() < DEEPEST {
            collect(sysfs, swaps, &sysfs.join("block").join(&holder), &holder, found);
        }
    }
    let mapping = read_to_string(directory.join("dm/name")).map(|name| name.trim().to_string()).ok();
    let nodes = [Some(format!("/dev/{name}")), mapping.as_ref().map(|name| format!("/dev/mapper/{name}"))];
    let used = |line: &str| line.split_whitespace().next().is_some_and(|node| nodes.iter().flatten().any(|known| known == node));
    let uses = [
        swaps.lines().any(used).then(|| Holder::Swap(name.into())),
        mapping.map(Holder::Mapping),
        directory.join("md").exists().then(|| Holder::Array(name.into())),
    ];
    for holder in uses.into_iter().flatten() {
        // An array stands on each of its members.
        if !found.contains(&holder) {
            found.push(holder);
        }
    }
}

impl Holder {
    fn stop(self) -> Result<()> {
        match self {
            Holder::Swap(name) => {
                log::info!("{name} is used as swap: letting go of it");
                swap::off(&format!("/dev/{name}")).doing(Kind::Disk, || format!("leaving swap on {name}"))
            }
            Holder::Mapping(name) => {
                log::info!("the mapping {name} stands on the disk: closing it");
                mapping::close(&name)
            }
            Holder::Array(name) => {
                log::info!("the array {name} stands on the disk: stopping it");
                // Documentation/admin-guide/md.rst, array_state
                write(format!("/sys/block/{name}/md/array_state"), "clear").doing(Kind::Disk, || format!("stopping {name}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::create_dir_all;

    #[test]
    fn the_topmost_first_and_each_once() {
        let root = std::env::temp_dir().join(format!("holders-{}", std::process::id()));
        for path in
            ["sda/sda1/holders/md0", "sda/sda2/holders/md0", "sda/sda3/holders", "md0/md", "md0/holders/dm-0", "dm-0/dm", "dm-0/holders"]
        {
            create_dir_all(root.join("block").join(path)).unwrap();
        }
        write(root.join("block/dm-0/dm/name"), "old-swap\n").unwrap();
        let disk = Disk { name: "sda".into(), partitions: ["sda1", "sda2", "sda3"].map(String::from).into(), ..Disk::default() };
        let swaps = "Filename Type Size Used Priority\n/dev/sda3 partition 1 0 -2\n/dev/mapper/old-swap partition 1 0 -3\n/dev/sdb1 partition 1 0 -4\n";
        let found = of(&root, swaps, &disk);
        let alone = of(&root, swaps, &Disk { name: "sdc".into(), ..Disk::default() });
        std::fs::remove_dir_all(&root).unwrap();
        let expected =
            [Holder::Swap("dm-0".into()), Holder::Mapping("old-swap".into()), Holder::Array("md0".into()), Holder::Swap("sda3".into())];
        assert_eq!(found, expected);
        assert_eq!(alone, []);
    }
}
