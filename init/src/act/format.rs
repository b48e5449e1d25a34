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
    let (program, words) = match partition.usage {
        Use::Esp => ("mkfs.vfat", vec!["-F", "32", "-n", label, &node]),
        // The kernel initialises inode tables in the background after the first mount; writing them all here takes minutes on a large disk.
        Use::Root => ("mkfs.ext4", vec!["-q", "-F", "-E", "nodiscard,lazy_itable_init=1", "-L", label, &node]),
        Use::Swap => ("mkswap", vec!["-q", "-L", label, &node]),
    };
    let mut command = Command::new(format!("/bin/{program}"));
    command.args(words).env_clear();
    let job = Job { program, doing: &format!("formatting {node}"), kind: Kind::Disk, deadline: DEADLINE, output: Level::Debug };
    children::run(command, job)
}
