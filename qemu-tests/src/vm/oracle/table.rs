//! The partition table as gdisk and util-linux read it (UEFI 2.10, chapter 5). Must never accept one that a tool complains about.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::signatures;
use crate::command::{self, tool};

/// How gdisk begins a line about something that is not as it should be.
const COMPLAINTS: [&str; 4] = ["Problem", "Caution", "Warning", "Invalid"];

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it lies, in bytes.
    pub range: Range<u64>,
    /// Type GUID, upper case.
    pub kind: String,
    /// PARTLABEL.
    pub name: String,
}

/// Reads the table, in the order of the disk; fails when a tool has any complaint about it.
pub fn read(disk: &Path, sector: u32) -> Result<Vec<Part>> {
    check_protection(disk)?;
    // Image files are taken to have 512-byte sectors; another size is only seen through a device that says so.
    let attached = (sector != 512).then(|| Loop::attach(disk, sector)).transpose()?;
    let disk = attached.as_ref().map_or(disk, |device| device.0.as_path());
    let subject = "checking the partition table";
    let lines = command::listen(subject, tool("sgdisk").arg("-v").arg(disk))?.checked(subject)?.lines();
    // With a broken backup it repairs that in memory, finds no problem in its own work, and exits with 0.
    if let Some(line) = lines.iter().find(|line| COMPLAINTS.iter().any(|word| line.starts_with(word))) {
        bail!("{subject}: sgdisk says: {line}");
    }
    if !lines.iter().any(|line| line.starts_with("No problems found")) {
        bail!("{subject}: sgdisk does not say that there are no problems");
    }
    for option in ["--verify", "--json"] {
        let said = command::listen(subject, tool("sfdisk").arg(option).arg(disk))?.checked(subject)?;
        if let Some(line) = String::from_utf8_lossy(&said.err).lines().next() {
            bail!("{subject}: sfdisk says: {line}");
        }
    }
    // A member of an array or a pool can be a whole disk.
    signatures::expect(disk, "the disk as a whole", &["PMBR", "gpt"])?;
    let text = command::text("reading the partition table", tool("sfdisk").arg("--json").arg(disk))?;
    parse(&text).context("reading the partition table that sfdisk printed")
}

/// The MBR protects the GPT and says nothing else (UEFI 2.10, table 5-4): no tool complains about partitions that it shows besides.
pub fn check_protection(disk: &Path) -> Result<()> {
    let subject = || format!("reading the MBR of {}", disk.display());
    let mut records = [0; 64];
    File::open(disk).and_then(|file| file.read_exact_at(&mut records, 446)).with_context(subject)?;
    protects(&records).with_context(|| "checking the protective MBR")
}

fn protects(records: &[u8; 64]) -> Result<()> {
    let used: Vec<&[u8]> = records.chunks_exact(16).filter(|record| record.iter().any(|byte| *byte != 0)).collect();
    let [only] = used[..] else { bail!("it has {} partitions instead of one", used.len()) };
    ensure!(only[4] == 0xee, "its partition has the type {:02x} instead of ee", only[4]);
    ensure!(only[8..12] == [1, 0, 0, 0], "its partition does not start at block 1");
    Ok(())
}

fn parse(text: &str) -> Result<Vec<Part>> {
    let json: Value = serde_json::from_str(text)?;
    let table = json.get("partitiontable").context("there is none")?;
    // With both copies broken gdisk finds no problem in the empty table that it makes up, and sfdisk reads the protective MBR.
    let label = table.get("label").and_then(Value::as_str).unwrap_or("unknown");
    ensure!(label == "gpt", "it is a table of the kind {label}");
    let unit = table.get("sectorsize").and_then(Value::as_u64).unwrap_or(512);
    let rows = table.get("partitions").and_then(Value::as_array).context("it is empty")?;
    let uuids = rows.iter().map(|row| row.get("uuid").and_then(Value::as_str).context("a partition without `uuid`"));
    let uuids = uuids.collect::<Result<Vec<&str>>>()?;
    // Which neither tool minds.
    if let Some(twice) = uuids.iter().enumerate().find_map(|(at, uuid)| uuids[..at].contains(uuid).then_some(uuid)) {
        bail!("two partitions have the GUID {twice}");
    }
    let mut parts = rows
        .iter()
        .map(|row| {
            let number = |key| row.get(key).and_then(Value::as_u64).with_context(|| format!("a partition without `{key}`"));
            let word = |key| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let start = number("start")? * unit;
            Ok(Part { range: start..start + number("size")? * unit, kind: word("type"), name: word("name") })
        })
        .collect::<Result<Vec<Part>>>()?;
    parts.sort_by_key(|part| part.range.start);
    Ok(parts)
}

/// A loop device, detached when this goes out of scope.
struct Loop(PathBuf);

impl Loop {
    fn attach(file: &Path, sector: u32) -> Result<Loop> {
        let subject = format!("attaching {} with sectors of {sector} bytes", file.display());
        let mut command = tool("losetup");
        command.args(["--find", "--show", "--read-only", "--sector-size", &sector.to_string()]).arg(file);
        Ok(Loop(command::text(&subject, &mut command)?.trim().into()))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // Nothing can be done about a device that stays: the next run takes another one.
        let _ = tool("losetup").arg("--detach").arg(&self.0).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"partitiontable": {"label": "gpt", "sectorsize": 4096, "partitions": [
        {"uuid": "B", "start": 262400, "size": 256, "type": "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "name": "UV-ROOT"},
        {"uuid": "A", "start": 256, "size": 262144, "type": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "name": "UV-ESP"},
        {"uuid": "C", "start": 262656, "size": 256, "type": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "name": "UV-SWAP"}]}}"#;

    #[test]
    fn an_mbr_shows_nothing_but_its_protection() {
        let verdict = |records: &[(usize, u8, u8)]| {
            let mut bytes = [0; 64];
            for (number, kind, start) in records {
                (bytes[number * 16 + 4], bytes[number * 16 + 8]) = (*kind, *start);
            }
            protects(&bytes).map_or_else(|error| error.to_string(), |()| "good".to_owned())
        };
        assert_eq!(verdict(&[(0, 0xee, 1)]), "good");
        assert_eq!(verdict(&[]), "it has 0 partitions instead of one");
        assert_eq!(verdict(&[(0, 0xee, 1), (1, 0x83, 0)]), "it has 2 partitions instead of one");
        assert_eq!(verdict(&[(0, 0x83, 1)]), "its partition has the type 83 instead of ee");
        assert_eq!(verdict(&[(0, 0xee, 2)]), "its partition does not start at block 1");
    }

    #[test]
    fn a_table_is_read_in_the_order_of_the_disk() {
        let parts = parse(TEXT).unwrap();
        assert_eq!(parts[0].range, 1 << 20..1025 << 20);
        assert_eq!(parts[1].name, "UV-ROOT");
        let twins = parse(&TEXT.replace(r#""uuid": "C""#, r#""uuid": "A""#));
        assert_eq!(twins.unwrap_err().to_string(), "two partitions have the GUID A");
        assert_eq!(parse(&TEXT.replace("gpt", "dos")).unwrap_err().to_string(), "it is a table of the kind dos");
    }
}
