//! How long a label may be, checked before anything is written: `mkswap` and GPT writers cut silently.

use super::RootFs;

/// Characters of a partition's name.
const PARTITION: usize = 36;

/// A vfat volume label: 11 characters of an 8.3 name (Microsoft FAT specification, section 7), as `mkfs.vfat` accepts it.
pub fn vfat(text: &str) -> Result<String, String> {
    match text.chars().find(|c| "*?.,;:|+=<>[]".contains(*c)) {
        Some(bad) => Err(format!("{text} has a {bad}, which a vfat label cannot have")),
        None => checked(text, "vfat", 11),
    }
}

/// The label of a root file system, as long as its kind allows: `s_volume_name` of ext4 has 16 bytes, `sb_fname` of xfs 12
/// (linux/Documentation/filesystems). btrfs and f2fs would allow more than a partition's name can have.
pub fn root(text: &str, kind: RootFs) -> Result<String, String> {
    match kind {
        RootFs::Ext4 => checked(text, "ext4", 16),
        RootFs::Xfs => checked(text, "xfs", 12),
        RootFs::Btrfs | RootFs::F2fs => partition(text),
    }
}

/// A partition's name: 36 UTF-16 units (UEFI 2.10, 5.3.3), one for each of these characters. A LUKS2 header would have room for 47.
pub fn partition(text: &str) -> Result<String, String> {
    checked(text, "GPT", PARTITION)
}

/// A swap label: 16 bytes with the terminating zero (util-linux, `swapheader.h`).
pub fn swap(text: &str) -> Result<String, String> {
    checked(text, "swap", 15)
}

/// The first label that occurs again; empty ones do not count.
pub fn repeated<'a>(labels: &[&'a str]) -> Option<&'a str> {
    let given: Vec<&str> = labels.iter().copied().filter(|label| !label.is_empty()).collect();
    given.iter().enumerate().find(|(index, label)| given.iter().take(*index).any(|l| l == *label)).map(|(_, label)| *label)
}

/// Printable ASCII without `/` and `\`: such a label is the same in every tool, and in `/dev/disk/by-label`.
fn checked(text: &str, kind: &str, most: usize) -> Result<String, String> {
    if !text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'/' | b'\\' | b'"')) {
        return Err(format!("{text:?} is not a label: use printable ASCII characters other than / \\ and \""));
    }
    if text.len() > most {
        return Err(format!("{text} has {} characters, a {kind} label has at most {most}", text.len()));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_the_file_systems() {
        assert_eq!(vfat("ELEVEN-CHAR").unwrap(), "ELEVEN-CHAR");
        assert_eq!(vfat("TWELVE-CHARS").unwrap_err(), "TWELVE-CHARS has 12 characters, a vfat label has at most 11");
        assert_eq!(vfat("UV.ESP").unwrap_err(), "UV.ESP has a ., which a vfat label cannot have");
        for (kind, most) in [(RootFs::Ext4, 16), (RootFs::Xfs, 12), (RootFs::Btrfs, 36), (RootFs::F2fs, 36)] {
            assert!(root(&"x".repeat(most), kind).is_ok() && root(&"x".repeat(most + 1), kind).is_err(), "{kind}");
        }
        assert!(swap(&"x".repeat(15)).is_ok() && swap(&"x".repeat(16)).is_err());
        assert_eq!(partition("a b").unwrap_err(), "\"a b\" is not a label: use printable ASCII characters other than / \\ and \"");
    }

    #[test]
    fn empty_labels_do_not_repeat() {
        assert_eq!(repeated(&["A", "", ""]), None);
        assert_eq!(repeated(&["A", "B", "A"]), Some("A"));
    }
}
