//! The layout that an installation leaves: ESP, root or the container that holds it, swap last (Discoverable Partitions Specification).
//! Pure.

use anyhow::{Result, ensure};

use super::table::Part;
use super::wanted::Wanted;

/// EFI system partition.
const ESP: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
/// Root file system for x86-64.
const ROOT: &str = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
/// LUKS container.
const LUKS: &str = "CA7D7CCB-63ED-4C53-861C-1742536059CC";
/// Swap.
const SWAP: &str = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F";

const MIB: u64 = 1024 * 1024;

/// Bytes of the backup table's entries (UEFI 2.10, 5.3.1); its header takes a sector more.
const ENTRIES: u64 = 128 * 128;

/// What lies in a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// FAT with the loader.
    Esp,
    /// The root file system.
    Root,
    /// LUKS2, and in it the root file system.
    Container,
    /// Swap.
    Swap,
    /// Nothing: the installed system makes swap in it under a key of the day.
    Nothing,
}

/// A partition that there is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// PARTLABEL, and the label of what it holds.
    pub name: String,
    /// What it is for.
    pub holds: Holds,
    kind: &'static str,
    /// None: what is left.
    bytes: Option<u64>,
}

/// The partitions of what was asked for, in the order of the disk.
pub fn rows(wanted: &Wanted, sector: u32) -> Result<Vec<Row>> {
    let row = |key, kind, bytes: Option<u64>, holds| -> Result<Row> {
        Ok(Row { name: wanted.need(key)?.to_owned(), kind, bytes: bytes.map(|bytes| bytes.next_multiple_of(MIB)), holds })
    };
    let esp = wanted.bytes("esp.size", sector)?.unwrap_or(1024 * MIB);
    let encrypted = wanted.on("luks.enable");
    let root = if encrypted { ("labels.luks", LUKS, Holds::Container) } else { ("labels.root", ROOT, Holds::Root) };
    let mut rows = vec![row("labels.efi", ESP, Some(esp), Holds::Esp)?, row(root.0, root.1, None, root.2)?];
    if wanted.on("swap.enable") {
        let swap = wanted.bytes("swap.size", sector)?.unwrap_or(8 * 1024 * MIB);
        rows.push(row("labels.swap", SWAP, Some(swap), if encrypted { Holds::Nothing } else { Holds::Swap })?);
    }
    Ok(rows)
}

/// Partitions without gaps, on the 1 MiB grid, from 1 MiB to less than that before the backup table. `size` is the disk's, in bytes.
pub fn check(parts: &[Part], size: u64, sector: u32, rows: &[Row]) -> Result<()> {
    ensure!(parts.len() == rows.len(), "checking the layout: {} partitions instead of {}", parts.len(), rows.len());
    let mut start = MIB;
    for (part, Row { name, kind, bytes, .. }) in parts.iter().zip(rows) {
        let subject = format!("checking the layout: {name}");
        ensure!(part.name == *name, "{subject}: in its place is a partition named `{}`", part.name);
        ensure!(part.kind == *kind, "{subject}: it has type {}", part.kind);
        ensure!(part.range.start == start, "{subject}: it starts at byte {} instead of {start}", part.range.start);
        let found = part.range.end - part.range.start;
        ensure!(bytes.is_none_or(|bytes| found == bytes), "{subject}: it has {found} bytes instead of {}", bytes.unwrap_or_default());
        ensure!(part.range.end % MIB == 0, "{subject}: it ends at byte {}, off the 1 MiB grid", part.range.end);
        start = part.range.end;
    }
    let left = size.saturating_sub(ENTRIES + u64::from(sector)).saturating_sub(start);
    ensure!(left < MIB, "checking the layout: {left} bytes are left before the backup table");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * MIB;
    const SETTINGS: &str = "labels.efi=UV-ESP\nlabels.luks=UV-LUKS\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\n";

    fn of(words: &[&str]) -> Vec<Row> {
        rows(&Wanted::read(SETTINGS, words), 512).unwrap()
    }

    fn part(name: &str, kind: &str, start: u64, end: u64) -> Part {
        Part { range: start..end, kind: kind.to_owned(), name: name.to_owned() }
    }

    /// On a disk of 16 GiB.
    fn whole() -> Vec<Part> {
        let (esp, swap, end) = (1025 * MIB, 14 * GIB - MIB, 16 * GIB - MIB);
        vec![part("UV-ESP", ESP, MIB, esp), part("UV-ROOT", ROOT, esp, swap), part("UV-SWAP", SWAP, swap, end)]
    }

    const WITH_SWAP: &[&str] = &["install.swap.enable=true", "install.swap.size=2G"];

    #[test]
    fn esp_root_and_swap_fill_the_disk() {
        for sector in [512, 4096] {
            check(&whole(), 16 * GIB, sector, &of(WITH_SWAP)).unwrap();
            check(&whole()[..2], 14 * GIB, sector, &of(&[])).unwrap();
        }
        let mut smaller = whole();
        smaller[0].range.end -= 512 * MIB;
        smaller[1].range.start -= 512 * MIB;
        check(&smaller[..2], 14 * GIB, 512, &of(&["install.esp.size=512M"])).unwrap();
    }

    #[test]
    fn an_encrypted_host_has_a_container_and_leaves_swap_alone() {
        let rows = of(&[WITH_SWAP, &["install.luks.enable"]].concat());
        let holds: Vec<(&str, Holds)> = rows.iter().map(|row| (row.name.as_str(), row.holds)).collect();
        assert_eq!(holds, [("UV-ESP", Holds::Esp), ("UV-LUKS", Holds::Container), ("UV-SWAP", Holds::Nothing)]);
        let mut parts = whole();
        assert!(check(&parts, 16 * GIB, 512, &rows).is_err());
        parts[1] = part("UV-LUKS", LUKS, parts[1].range.start, parts[1].range.end);
        check(&parts, 16 * GIB, 512, &rows).unwrap();
    }

    #[test]
    fn other_layouts_are_refused() {
        let refusal = |change: fn(&mut Vec<Part>)| {
            let mut parts = whole();
            change(&mut parts);
            let error = check(&parts, 16 * GIB, 512, &of(WITH_SWAP)).unwrap_err().to_string();
            error.strip_prefix("checking the layout: ").unwrap().to_owned()
        };
        assert_eq!(refusal(|parts| drop(parts.pop())), "2 partitions instead of 3");
        let swap_not_last: fn(&mut Vec<Part>) = |parts| parts.swap(1, 2);
        assert_eq!(refusal(swap_not_last), "UV-ROOT: in its place is a partition named `UV-SWAP`");
        // "Linux filesystem": systemd would not find such a root by itself.
        let linux = refusal(|parts| parts[1].kind = "0FC63DAF-8483-4772-8E79-3D69D8477DE4".into());
        assert_eq!(linux, "UV-ROOT: it has type 0FC63DAF-8483-4772-8E79-3D69D8477DE4");
        assert_eq!(refusal(|parts| parts[0].range.end += MIB), "UV-ESP: it has 1074790400 bytes instead of 1073741824");
        assert_eq!(refusal(|parts| parts[1].range.start += MIB), "UV-ROOT: it starts at byte 1075838976 instead of 1074790400");
        assert_eq!(refusal(|parts| parts[1].range.end += 512), "UV-ROOT: it ends at byte 15031337472, off the 1 MiB grid");
        let swap_too_small: fn(&mut Vec<Part>) = |parts| parts[2].range.end -= MIB;
        assert_eq!(refusal(swap_too_small), "UV-SWAP: it has 2146435072 bytes instead of 2147483648");
        let room_behind_swap: fn(&mut Vec<Part>) = |parts| {
            parts[1].range.end -= MIB;
            parts[2].range = parts[1].range.end..parts[2].range.end - MIB;
        };
        assert_eq!(refusal(room_behind_swap), "2080256 bytes are left before the backup table");
    }
}
