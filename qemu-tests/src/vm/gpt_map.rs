//! The partition of a given name on a disk file with 512-byte sectors (UEFI 2.10, chapter 5): where it lies, and without it.

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};
use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;

/// Takes the partition with that name out of the table.
pub fn remove(path: &Path, name: &str) -> Result<()> {
    let subject = || format!("removing partition {name} from {}", path.display());
    let mut disk = GptConfig::new().writable(true).logical_block_size(LogicalBlockSize::Lb512).open(path).with_context(subject)?;
    let number = disk.partitions().iter().find(|(_, partition)| partition.name == name).map(|(number, _)| *number);
    disk.remove_partition(number.with_context(subject)?).with_context(subject)?;
    disk.write().with_context(subject)?;
    Ok(())
}

/// Byte range of the one partition with that name.
pub fn partition(path: &Path, name: &str) -> Result<Range<u64>> {
    let subject = || format!("finding partition {name} on {}", path.display());
    let disk = GptConfig::new().writable(false).logical_block_size(LogicalBlockSize::Lb512).open(path).with_context(subject)?;
    let mut found = disk.partitions().values().filter(|partition| partition.name == name);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.first_lba * 512..(one.last_lba + 1) * 512),
        (None, _) => bail!("{}: there is none", subject()),
        (Some(_), Some(_)) => bail!("{}: there are several", subject()),
    }
}
