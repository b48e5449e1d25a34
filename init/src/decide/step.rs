//! One act of the installation. The same line is shown before `yes`, heads the progress, is logged, and is the dry run's output.

use std::fmt;

use super::{Container, Disk, Formatting, Partition, Swap, Volume, human};
use crate::settings::RootFs;
use crate::settings::kit::Item;

/// How firmware gets to know the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Kernel name of the disk.
    pub disk: String,
    /// Whether it gets a boot entry, before all others.
    pub entry: bool,
    /// Numbers of the boot entries that it replaces: they led to what was on the disk.
    pub stale: Vec<u16>,
}

impl fmt::Display for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "making {} bootable", self.disk)?;
        if self.entry {
            f.write_str(" and the firmware's first choice")?;
        }
        let stale: Vec<String> = self.stale.iter().filter(|_| self.entry).map(|number| format!("Boot{number:04X}")).collect();
        if stale.is_empty() { Ok(()) } else { write!(f, ", in place of {}", stale.join(", ")) }
    }
}

/// One act. Its `Display` is the line that people and tests read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Discard the whole disk where it can be, and zero what old signatures can lie in, at both ends of the disk and of every old and new
    /// partition.
    Wipe(Box<Disk>),
    /// Write protective MBR and GPT.
    Partition(Vec<Partition>),
    /// Make an encrypted container and open it.
    Encrypt(Container),
    /// Give the container a second key, which the person has written down.
    RecoveryKey(Container),
    /// Make file systems and swap area, side by side.
    Format(Vec<Formatting>),
    /// Make nothing: the installed system encrypts its swap anew, with a key of its own, whenever it starts.
    LeaveSwap(Partition),
    /// Mount the new file systems below `/mnt`.
    Mount {
        /// The root file system and its kind.
        root: (Volume, RootFs),
        /// The ESP.
        esp: Volume,
        /// Swap space, which is used from here on.
        swap: Option<Swap>,
    },
    /// Create directories on the new root.
    Directories(Vec<String>),
    /// Run the owner's scripts.
    PostMount(Vec<String>),
    /// Put what the image and the kit partition have for it on the new root.
    Place(Vec<Item>),
    /// Get the flake.
    Clone {
        /// Where it is.
        remote: String,
        /// Which branch of it, if not its own choice.
        branch: Option<String>,
        /// Which commit, if not the newest.
        rev: Option<String>,
        /// Where it goes.
        to: String,
    },
    /// Leave a clone of the repository that is on the medium.
    CloneCarried {
        /// What it is a clone of.
        commit: String,
        /// Where it goes.
        to: String,
    },
    /// Make the clone, and perhaps the deploy key, a user's.
    HandOver {
        /// Whose.
        user: String,
        /// The key, too.
        key: bool,
    },
    /// Unpack the closure image into the store.
    Unpack,
    /// Make the store's database know the paths.
    Register,
    /// Run `nixos-install`.
    NixosInstall {
        /// Of which host.
        host: String,
        /// Caches that are asked, where the system is built.
        caches: Option<Vec<String>>,
    },
    /// Wait for a person, who may copy files to the new root until then.
    Hold,
    /// Unmount, flush, mount read-only, compare.
    Verify,
    /// Let firmware find the loader.
    Publish(Publication),
    /// Overwrite and remove the private keys of the kit partition, and the passphrase in the file of this name.
    ClearKit(Option<String>),
}

impl Step {
    /// Whether it can be done once more on the disk as it is, after it has failed anywhere: with the network back, say, or more room.
    ///
    /// The others start from what the step before has left, and a person's own commands may have done anything: after them the
    /// installation starts over.
    pub fn is_repeatable(&self) -> bool {
        // Unpacking writes over what is there, store paths are registered as often as one likes, a clone is brought up to date, and Nix goes
        // on where it was. Removing the keys from the stick has nothing to do with the disk.
        matches!(self, Step::Unpack | Step::Register | Step::Clone { .. } | Step::NixosInstall { .. } | Step::ClearKit(_))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Wipe(disk) => write!(f, "wiping old signatures from {} and discarding everything on it", disk.name),
            Step::Partition(partitions) => {
                let sizes: Vec<String> = partitions.iter().map(|p| format!("{} {}", p.label, human(p.region.bytes))).collect();
                write!(f, "writing the partition table: {}", sizes.join(", "))
            }
            Step::Encrypt(c) => write!(f, "encrypting {} (LUKS2 {}) and opening it as {}", c.partition, c.label, c.mapping),
            Step::RecoveryKey(c) => write!(f, "adding the recovery key to {} ({})", c.partition, c.label),
            Step::Format(volumes) => {
                let volumes: Vec<String> = volumes.iter().map(Formatting::to_string).collect();
                write!(f, "formatting {}", volumes.join(", "))
            }
            Step::LeaveSwap(p) => write!(f, "leaving {} ({}) for the system's own random encryption", p.name, p.label),
            Step::Mount { root: (root, _), esp, .. } => write!(f, "mounting {root} at /mnt and {esp} at /mnt/boot"),
            Step::Directories(paths) => write!(f, "creating {} on the new root", paths.join(", ")),
            Step::PostMount(scripts) if scripts.len() == 1 => f.write_str("running the post-mount commands"),
            Step::PostMount(scripts) => write!(f, "running {} lists of post-mount commands", scripts.len()),
            Step::Place(items) => {
                let items: Vec<String> = items.iter().map(Item::to_string).collect();
                write!(f, "placing {}", items.join(", "))
            }
            Step::Clone { remote, branch, rev, to } => {
                let named = |what: &str, name: Option<&str>| name.map(|name| format!(", {what} {name}")).unwrap_or_default();
                let named = named("branch", branch.as_deref()) + &named("commit", rev.as_deref().map(short));
                write!(f, "cloning {remote}{named}{} into {to}", if named.is_empty() { "" } else { "," })
            }
            Step::CloneCarried { commit, to } => {
                write!(f, "cloning the repository from the medium into {to} (commit {})", short(commit))
            }
            Step::HandOver { user, key: false } => write!(f, "handing the clone to {user}"),
            Step::HandOver { user, key: true } => write!(f, "handing the clone to {user}, and the deploy key if there is one"),
            Step::Unpack => f.write_str("unpacking the closure into /mnt/nix/store"),
            Step::Register => f.write_str("registering the store paths"),
            Step::NixosInstall { host, caches: None } => write!(f, "running nixos-install for {host}"),
            Step::NixosInstall { host, caches: Some(caches) } => match caches.as_slice() {
                [] => write!(f, "running nixos-install for {host}, which builds everything: no cache is asked"),
                caches => write!(f, "running nixos-install for {host}, which asks {}", caches.join(", ")),
            },
            Step::Hold => f.write_str("waiting for the word done: until then files can be copied to /mnt"),
            Step::Verify => f.write_str("reading the disk back and comparing"),
            Step::Publish(publication) => publication.fmt(f),
            Step::ClearKit(_) => f.write_str("removing the private keys from the stick"),
        }
    }
}

/// As much of a commit's hash as a person compares, and a line has room for.
fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}
