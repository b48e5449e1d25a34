//! What a disk is made into: partitions, an encrypted container in one of them, file systems on either. Pure names and numbers.

use std::fmt;

use super::Region;
use crate::settings::{Pbkdf, RootFs};

/// What a partition is for; decides its type in the GPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// EFI system partition.
    Esp,
    /// Root file system.
    Root,
    /// Container of the encrypted root file system.
    Luks,
    /// Swap.
    Swap,
}

/// A partition to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Kernel name, such as `nvme0n1p1`.
    pub name: String,
    /// Its name in the GPT, which is the label of what it holds, too.
    pub label: String,
    /// Where it lies.
    pub region: Region,
    /// What it is for.
    pub usage: Use,
}

/// A LUKS2 container to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Kernel name of its partition.
    pub partition: String,
    /// Its label.
    pub label: String,
    /// Name of the mapping when it is open.
    pub mapping: String,
    /// Cost of its passphrase.
    pub pbkdf: Pbkdf,
}

/// A device that holds a file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Volume {
    /// A partition, by its kernel name.
    Partition(String),
    /// What the device mapper shows under this name.
    Mapping(String),
}

impl Volume {
    /// The device node.
    pub fn node(&self) -> String {
        match self {
            Volume::Partition(name) => format!("/dev/{name}"),
            Volume::Mapping(name) => format!("/dev/mapper/{name}"),
        }
    }
}

impl fmt::Display for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Volume::Partition(name) | Volume::Mapping(name)) = self;
        f.write_str(name)
    }
}

/// The kinds of what is formatted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileSystem {
    /// FAT32, as firmware wants it.
    Vfat,
    /// The root file system.
    Root(RootFs),
    /// A swap area.
    Swap,
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileSystem::Vfat => f.write_str("vfat"),
            FileSystem::Root(kind) => kind.fmt(f),
            FileSystem::Swap => f.write_str("swap"),
        }
    }
}

/// A file system or swap area to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formatting {
    /// Where.
    pub volume: Volume,
    /// Its label.
    pub label: String,
    /// What.
    pub what: FileSystem,
}

impl fmt::Display for Formatting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.volume, self.what, self.label)
    }
}

/// The swap space that the installation itself uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The swap area of the system.
    Area(Volume),
    /// This partition through a key that nobody knows: of an encrypted system nothing may reach the disk in the clear.
    RandomKey(String),
}
