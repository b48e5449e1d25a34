//! How long a label may be, checked before anything is written: `mkswap` and GPT writers cut silently.

/// A vfat volume label: 11 characters of an 8.3 name (Microsoft FAT specification, section 7), as `mkfs.vfat` accepts it.
pub fn vfat(text: &str) -> Result<String, String> {
    match text.chars().find(|c| "*?.,;:|+=<>[]".contains(*c)) {
        Some(bad) => Err(format!("{text} has a {bad}, which a vfat label cannot have")),
        None => checked(text, "vfat", 11),
    }
}

/// An ext4 volume name: `s_volume_name` has 16 bytes (linux/Documentation/filesystems/ext4/super.rst).
pub fn ext4(text: &str) -> Result<String, String> {
    checked(text, "ext4", 16)
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
        assert!(ext4(&"x".repeat(16)).is_ok() && ext4(&"x".repeat(17)).is_err());
        assert!(swap(&"x".repeat(15)).is_ok() && swap(&"x".repeat(16)).is_err());
        assert_eq!(ext4("a b").unwrap_err(), "\"a b\" is not a label: use printable ASCII characters other than / \\ and \"");
    }

    #[test]
    fn empty_labels_do_not_repeat() {
        assert_eq!(repeated(&["A", "", ""]), None);
        assert_eq!(repeated(&["A", "B", "A"]), Some("A"));
    }
}
