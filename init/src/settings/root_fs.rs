//! The kinds of root file systems. Which of them a medium can make depends on the programs on board.

use std::fmt;
use std::str::FromStr;

/// The kind of the root file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RootFs {
    /// The default.
    #[default]
    Ext4,
    /// Copy on write.
    Btrfs,
    /// For large files.
    Xfs,
    /// For flash.
    F2fs,
}

const ALL: [(RootFs, &str); 4] = [(RootFs::Ext4, "ext4"), (RootFs::Btrfs, "btrfs"), (RootFs::Xfs, "xfs"), (RootFs::F2fs, "f2fs")];

impl FromStr for RootFs {
    type Err = String;

    fn from_str(text: &str) -> Result<RootFs, String> {
        let found = ALL.into_iter().find(|(_, name)| *name == text);
        found.map(|(kind, _)| kind).ok_or_else(|| format!("{text} is not a root file system: use ext4, btrfs, xfs or f2fs"))
    }
}

impl fmt::Display for RootFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ALL.iter().find(|(kind, _)| kind == self).map_or("ext4", |(_, name)| name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for (kind, name) in ALL {
            assert_eq!((name.parse(), kind.to_string().as_str()), (Ok(kind), name));
        }
        assert_eq!("zfs".parse::<RootFs>().unwrap_err(), "zfs is not a root file system: use ext4, btrfs, xfs or f2fs");
    }
}
