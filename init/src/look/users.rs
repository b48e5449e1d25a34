//! Who uses a disk that cannot be claimed: mounts, swap, and devices stacked on it.

use std::fs::{read_dir, read_to_string};
use std::path::Path;

use crate::decide::Disk;

/// A sentence for every user of the disk and of its partitions.
pub fn users(disk: &Disk) -> Vec<String> {
    let mounts = read_to_string("/proc/mounts").unwrap_or_default();
    let swaps = read_to_string("/proc/swaps").unwrap_or_default();
    below(Path::new("/sys"), &mounts, &swaps, disk)
}

fn below(sysfs: &Path, mounts: &str, swaps: &str, disk: &Disk) -> Vec<String> {
    let directory = sysfs.join("block").join(&disk.name);
    let mut sentences = Vec::new();
    for (name, place) in std::iter::once((&disk.name, directory.clone())).chain(disk.partitions.iter().map(|p| (p, directory.join(p)))) {
        let node = format!("/dev/{name}");
        let first = |line: &&str| line.split_whitespace().next() == Some(node.as_str());
        let mounted = mounts.lines().filter(first).filter_map(|line| line.split_whitespace().nth(1));
        sentences.extend(mounted.map(|target| format!("{name} is mounted at {target}")));
        sentences.extend(swaps.lines().filter(first).map(|_| format!("{name} is used as swap")));
        let holders = read_dir(place.join("holders")).into_iter().flatten().flatten();
        sentences.extend(holders.map(|holder| format!("{name} is held by {}", holder.file_name().to_string_lossy())));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_swap_and_stacked_devices_are_named() {
        let root = std::env::temp_dir().join(format!("users-{}", std::process::id()));
        std::fs::create_dir_all(root.join("block/sda/sda3/holders/dm-0")).unwrap();
        let disk = Disk { name: "sda".into(), partitions: ["sda1", "sda2", "sda3"].map(String::from).into(), ..Disk::default() };
        let mounts = "/dev/sda1 /mnt ext4 rw 0 0\n/dev/sda10 /other ext4 rw 0 0\n";
        let swaps = "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n";
        let found = below(&root, mounts, swaps, &disk);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, ["sda1 is mounted at /mnt", "sda2 is used as swap", "sda3 is held by dm-0"]);
    }
}
