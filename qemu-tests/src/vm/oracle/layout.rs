//! The layout that an installation leaves: ESP, root, swap last (Discoverable Partitions Specification). Pure.

use anyhow::{Context, Result, ensure};
use init::settings::Settings;

use super::table::Part;

/// EFI system partition.
const ESP: &str = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
/// Root file system for x86-64.
const ROOT: &str = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709";
/// Swap.
const SWAP: &str = "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F";

const MIB: u64 = 1024 * 1024;

/// Bytes of the backup table's entries (UEFI 2.10, 5.3.1); its header takes a sector more.
const ENTRIES: u64 = 128 * 128;

/// Partitions without gaps, on the 1 MiB grid, from 1 MiB to less than that before the backup table: an ESP of 1 GiB, root, and swap of
/// the size that was asked for. `size` is the disk's, in bytes.
pub fn check(parts: &[Part], size: u64, sector: u32, settings: &Settings) -> Result<()> {
    let swap = settings.swap.map(|swap| swap.bytes(sector.into()).context("checking the layout: no such size of swap")).transpose()?;
    let labels = &settings.labels;
    let mut rows = vec![(&labels.efi, ESP, Some(1024 * MIB)), (&labels.root, ROOT, None)];
    rows.extend(swap.map(|bytes| (&labels.swap, SWAP, Some(bytes.next_multiple_of(MIB)))));

    ensure!(parts.len() == rows.len(), "checking the layout: {} partitions instead of {}", parts.len(), rows.len());
    let mut start = MIB;
    for (part, (name, kind, bytes)) in parts.iter().zip(rows) {
        let subject = format!("checking the layout: {name}");
        ensure!(part.name == *name, "{subject}: in its place is a partition named `{}`", part.name);
        ensure!(part.kind == kind, "{subject}: it has type {}", part.kind);
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
    use init::settings::Source;

    const GIB: u64 = 1024 * MIB;
    const SETTINGS: &str = "targetHost=a\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\n";

    fn settings(more: &str) -> Settings {
        Settings::read(&[Source::file("a", &format!("{SETTINGS}{more}"))]).unwrap()
    }

    fn part(name: &str, kind: &str, start: u64, end: u64) -> Part {
        Part { range: start..end, kind: kind.to_owned(), name: name.to_owned() }
    }

    /// On a disk of 16 GiB.
    fn whole() -> Vec<Part> {
        let (esp, swap, end) = (1025 * MIB, 14 * GIB - MIB, 16 * GIB - MIB);
        vec![part("UV-ESP", ESP, MIB, esp), part("UV-ROOT", ROOT, esp, swap), part("UV-SWAP", SWAP, swap, end)]
    }

    #[test]
    fn esp_root_and_swap_fill_the_disk() {
        for sector in [512, 4096] {
            check(&whole(), 16 * GIB, sector, &settings("swap.enable=true\nswap.size=2G")).unwrap();
            check(&whole()[..2], 14 * GIB, sector, &settings("")).unwrap();
        }
    }

    #[test]
    fn other_layouts_are_refused() {
        let refusal = |change: fn(&mut Vec<Part>)| {
            let mut parts = whole();
            change(&mut parts);
            let error = check(&parts, 16 * GIB, 512, &settings("swap.enable=true\nswap.size=2G")).unwrap_err().to_string();
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
