//! Makes the file systems with the helpers on board. Labels were checked when the settings were read: some of these cut silently.

use std::process::Command;
use std::time::Duration;

use log::Level;

use crate::decide::{Partition, Use};
use crate::error::{Kind, Result};
use crate::pid1::children::{self, Job};

/// A disk that needs longer than this for a file system's tables is broken.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Formats one partition.
pub fn format(partition: &Partition) -> Result<()> {
    let node = format!("/dev/{}", partition.name);
    let label = &partition.label;
    let words: Vec<&str> = match partition.usage {
        Use::Esp => vec!["/bin/mkfs.vfat", "-F", "32", "-n", label, &node],
        // The ground was zeroed or never written: nothing to discard a second time.
        Use::Root => vec!["/bin/mkfs.ext4", "-q", "-F", "-E", "nodiscard", "-L", label, &node],
        Use::Swap => vec!["/bin/mkswap", "-q", "-L", label, &node],
    };
    let mut command = Command::new(words.first().copied().unwrap_or_default());
    command.args(words.iter().skip(1)).env_clear();
    let job = Job { doing: &format!("formatting {node}"), kind: Kind::Disk, deadline: DEADLINE, output: Level::Debug };
    children::run(command, job)
}
