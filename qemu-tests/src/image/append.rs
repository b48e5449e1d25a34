//! Adds partitions behind the end of a disk image: xorriso makes at most four, and aligns them to 2 KiB. Only ever called
//! on an image that is being made, never on a disk.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::identity;
use crate::command;

/// In bytes. A partition starts at a multiple of it, as every partitioning program does today.
const ALIGNMENT: u64 = 1024 * 1024;
/// In bytes; the logical sector of the image.
const SECTOR: u64 = 512;

/// A partition to be added.
pub struct Partition {
    /// Its GPT name.
    pub label: &'static str,
    /// Its type GUID.
    pub kind: &'static str,
    /// Its content.
    pub image: PathBuf,
}

/// Adds partitions, the first with number `first`. Their GUIDs follow from the disk's.
pub fn append(disk: &Path, disk_guid: &str, first: u32, partitions: &[Partition]) -> Result<()> {
    let growing = || format!("adding partitions to {}", disk.display());
    let file = File::options().write(true).open(disk);
    let mut file = file.with_context(growing)?;
    let mut end = file.metadata().with_context(growing)?.len();
    let mut table = command::tool("sgdisk");
    // The copy of the table moves to the new end before anything is placed.
    table.args(["--move-second-header", "--set-alignment=1"]);
    for (number, partition) in (first..).zip(partitions) {
        let start = end.next_multiple_of(ALIGNMENT);
        let adding = || format!("adding the partition {}", partition.label);
        file.seek(SeekFrom::Start(start)).with_context(adding)?;
        let mut content = File::open(&partition.image).with_context(adding)?;
        let size = io::copy(&mut content, &mut file).with_context(adding)?;
        end = (start + size).next_multiple_of(ALIGNMENT);
        let (from, to) = (start / SECTOR, end / SECTOR - 1);
        let guid = identity::partition_guid(disk_guid, number);
        table
            .arg(format!("--new={number}:{from}:{to}"))
            .arg(format!("--typecode={number}:{}", partition.kind))
            .arg(format!("--partition-guid={number}:{guid}"))
            .arg(format!("--change-name={number}:{}", partition.label));
    }
    // Room for the copy of the table.
    file.set_len(end + ALIGNMENT).with_context(growing)?;
    drop(file);
    command::run(&growing(), table.arg(disk))
}

/// Names a partition that is there already.
pub fn name(disk: &Path, number: u32, label: &str) -> Result<()> {
    let mut table = command::tool("sgdisk");
    table.arg(format!("--change-name={number}:{label}"));
    command::run(&format!("naming the partition {label}"), table.arg(disk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Needs sgdisk, as does every verb that makes an image.
    #[test]
    fn partitions_are_aligned_named_and_found_valid() {
        let place = std::env::temp_dir().join(format!("append-test-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        let disk = place.join("disk");
        let image = place.join("image");
        fs::write(&image, vec![7; 700]).unwrap();
        File::create(&disk).unwrap().set_len(5 * ALIGNMENT + 4096).unwrap();
        command::run("making", command::tool("sgdisk").arg("-o").arg(&disk)).unwrap();
        let partition = |label| Partition { label, kind: "0FC63DAF-8483-4772-8E79-3D69D8477DE4", image: image.clone() };
        let guid = "0a0b0c0d-1111-8222-8333-444455556666";
        append(&disk, guid, 1, &[partition("ONE"), partition("TWO")]).unwrap();
        let mut show = command::tool("sgdisk");
        let shown = command::text("reading", show.args(["-v", "-p"]).arg(&disk)).unwrap();
        let bytes = fs::read(&disk).unwrap();
        fs::remove_dir_all(&place).unwrap();
        assert!(shown.contains("No problems found"), "{shown}");
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let rows: Vec<Vec<String>> = shown.lines().map(words).collect();
        assert!(
            rows.iter().any(|row| row[..].first().is_some_and(|n| n == "2") && row[1] == "14336" && row[2] == "16383" && row[6] == "TWO"),
            "{shown}"
        );
        assert_eq!(bytes[14336 * 512..14336 * 512 + 701], [vec![7; 700], vec![0]].concat());
    }
}
