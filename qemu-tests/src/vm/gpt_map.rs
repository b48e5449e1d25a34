//! Where a partition of a given name lies on a disk file with 512-byte sectors (UEFI 2.10, chapter 5).

use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};
use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;

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
