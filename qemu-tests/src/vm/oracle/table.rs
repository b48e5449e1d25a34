//! The partition table as gdisk and util-linux read it, and the layout that an installation leaves (UEFI 2.10 chapter 5,
//! Discoverable Partitions Specification).

use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::vm::tool;

/// EFI system partition.
pub const ESP: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
/// Root file system for x86-64.
pub const ROOT: &str = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
/// Linux file system of no particular use.
pub const LINUX: &str = "0FC63DAF-8483-4772-8E79-3D69D8477DE4";
/// Swap.
pub const SWAP: &str = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F";

const MIB: u64 = 1024 * 1024;

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
    // Image files are taken to have 512-byte sectors; another size is only seen through a device that says so.
    let attached = (sector != 512).then(|| Loop::attach(disk, sector)).transpose()?;
    let disk = attached.as_ref().map_or(disk, |device| device.0.as_path());
    let subject = "checking the partition table";
    let said = tool::listen(subject, tool::command("sgdisk").arg("-v").arg(disk))?;
    // With a broken backup it repairs that in memory, finds no problem in its own work, and exits with 0.
    let complaint = said.err.lines().chain(said.out.lines()).find(|line| COMPLAINTS.iter().any(|word| line.starts_with(word)));
    if let Some(line) = complaint {
        bail!("{subject}: sgdisk says: {line}");
    }
    if !said.out.contains("No problems found") {
        bail!("{subject}: sgdisk does not say that there are no problems");
    }
    for option in ["--verify", "--json"] {
        if let Some(line) = tool::listen(subject, tool::command("sfdisk").arg(option).arg(disk))?.err.lines().next() {
            bail!("{subject}: sfdisk says: {line}");
        }
    }
    let text = tool::run("reading the partition table", tool::command("sfdisk").arg("--json").arg(disk))?;
    parse(&text).context("reading the partition table that sfdisk printed")
}

fn parse(text: &str) -> Result<Vec<Part>> {
    let json: Value = serde_json::from_str(text)?;
    let table = json.get("partitiontable").context("there is none")?;
    let unit = table.get("sectorsize").and_then(Value::as_u64).unwrap_or(512);
    let rows = table.get("partitions").and_then(Value::as_array).context("it is empty")?;
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

/// ESP of 1 GiB at 1 MiB, root, swap last.
pub fn check_layout(parts: &[Part]) -> Result<()> {
    let [esp, root, swap] = parts else {
        bail!("checking the layout: {} partitions instead of 3", parts.len());
    };
    let rows: [(&Part, &str, &[&str]); 3] = [(esp, "UV-ESP", &[ESP]), (root, "UV-ROOT", &[ROOT, LINUX]), (swap, "UV-SWAP", &[SWAP])];
    for (part, name, kinds) in rows {
        if part.name != name {
            bail!("checking the layout: a partition is named `{}` instead of `{name}`", part.name);
        }
        if !kinds.contains(&part.kind.as_str()) {
            bail!("checking the layout: {name} has type {}", part.kind);
        }
        if part.range.start % MIB != 0 {
            bail!("checking the layout: {name} starts at byte {}, off the 1 MiB grid", part.range.start);
        }
    }
    if esp.range != (MIB..1025 * MIB) {
        bail!("checking the layout: UV-ESP lies at {:?} instead of 1 GiB at 1 MiB", esp.range);
    }
    Ok(())
}

/// A loop device, detached when this goes out of scope.
struct Loop(PathBuf);

impl Loop {
    fn attach(file: &Path, sector: u32) -> Result<Loop> {
        let subject = format!("attaching {} with sectors of {sector} bytes", file.display());
        let mut command = tool::command("losetup");
        command.args(["--find", "--show", "--read-only", "--sector-size", &sector.to_string()]).arg(file);
        Ok(Loop(tool::run(&subject, &mut command)?.trim().into()))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        // Nothing can be done about a device that stays: the next run takes another one.
        let _ = tool::command("losetup").arg("--detach").arg(&self.0).status();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"partitiontable": {"label": "gpt", "sectorsize": 4096, "partitions": [
        {"node": "x2", "start": 262400, "size": 256, "type": "0FC63DAF-8483-4772-8E79-3D69D8477DE4", "name": "UV-ROOT"},
        {"node": "x1", "start": 256, "size": 262144, "type": "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "name": "UV-ESP"},
        {"node": "x3", "start": 262656, "size": 256, "type": "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "name": "UV-SWAP"}]}}"#;

    #[test]
    fn a_table_is_read_in_the_order_of_the_disk() {
        let parts = parse(TEXT).unwrap();
        assert_eq!(parts[0].range, MIB..1025 * MIB);
        assert_eq!(parts[1].name, "UV-ROOT");
        check_layout(&parts).unwrap();
    }

    #[test]
    fn other_layouts_are_refused() {
        let refusal = |change: fn(&mut Vec<Part>)| {
            let mut parts = parse(TEXT).unwrap();
            change(&mut parts);
            check_layout(&parts).unwrap_err().to_string()
        };
        assert_eq!(refusal(|parts| drop(parts.pop())), "checking the layout: 2 partitions instead of 3");
        assert_eq!(refusal(|parts| parts.swap(1, 2)), "checking the layout: a partition is named `UV-SWAP` instead of `UV-ROOT`");
        assert!(refusal(|parts| parts[1].kind = ESP.to_owned()).contains("UV-ROOT has type C12A7328"));
        assert!(refusal(|parts| parts[0].range.end += MIB).contains("1 GiB at 1 MiB"));
        assert!(refusal(|parts| parts[2].range.start += 512).contains("off the 1 MiB grid"));
    }
}
