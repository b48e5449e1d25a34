//! Boot entries in an OVMF variable store: put there, so that a machine starts with a past, and read when it is off. The layout is EDK II's: a firmware volume header, the
//! header of the store, then variables, each aligned to four bytes, behind which everything is 0xFF (MdeModulePkg, `VariableFormat.h`).

use anyhow::{Context, Result, ensure};

use init::facts::load_option::{boot_order, load_option as read_option};

use super::scenario::Entry;

/// Which firmware variables the installed disk is booted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vars {
    /// Those of a new machine: nothing but the removable path leads to the loader.
    Fresh,
    /// Those that the installation left: its own boot entry is what the firmware starts.
    Left,
}

/// Where the first variable of OVMF's 4 MB layout is: 0x48 bytes of volume header, 0x1c of store header.
const FIRST: usize = 0x64;
/// EFI_GLOBAL_VARIABLE in the order of the disk.
const GLOBAL: [u8; 16] = [0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c];
/// The state of a variable that is written, and neither replaced nor deleted.
const ADDED: u8 = 0x3f;
/// Where OVMF's 4 MB layout ends what it uses for variables: 256 KiB, of which the last 4 KiB are for others.
const STORE: usize = 0x40000;
/// Non-volatile, boot service and runtime access.
const ATTRIBUTES: u32 = 7;

/// Adds the entries, and a BootOrder that tries them in this order.
pub fn preseed(store: &mut [u8], entries: &[Entry]) -> Result<()> {
    let mut at = FIRST;
    let mut order = Vec::new();
    for entry in entries {
        at = put(store, at, &format!("Boot{:04X}", entry.number), &load_option(entry))?;
        order.extend(entry.number.to_le_bytes());
    }
    put(store, at, "BootOrder", &order).map(drop)
}

/// Descriptions of the boot entries in the order in which the firmware tries them; of what it makes by itself at each start only the rest.
pub fn entries(store: &[u8]) -> Result<Vec<String>> {
    let there = read(store);
    let find = |name: &str| there.iter().rev().find(|(other, _)| other == name).map(|(_, data)| [&[0; 4], data.as_slice()].concat());
    let order = boot_order(&find("BootOrder").context("reading the firmware's variables: there is no BootOrder")?);
    let entry = |number: u16| {
        let entry = find(&format!("Boot{number:04X}")).and_then(|file| read_option(&file));
        entry.map_or_else(|| format!("Boot{number:04X} is missing"), |entry| entry.description)
    };
    let own = |text: &String| text.starts_with("UEFI ") || ["UiApp", "EFI Internal Shell", "BootManagerMenuApp"].contains(&text.as_str());
    Ok(order.into_iter().map(entry).filter(|text| !own(text)).collect())
}

/// Name and content of every variable that was written and not deleted.
fn read(store: &[u8]) -> Vec<(String, Vec<u8>)> {
    const HEADER: usize = 0x3c;
    let mut found = Vec::new();
    let mut at = FIRST;
    while let Some(header) = store.get(at..at + HEADER).filter(|header| header[..2] == [0xaa, 0x55]) {
        let length = |place: usize| u32::from_le_bytes([header[place], header[place + 1], header[place + 2], header[place + 3]]) as usize;
        let (name, data) = (at + HEADER, at + HEADER + length(0x24));
        let end = data + length(0x28);
        let wide: Vec<u16> = store[name..data].chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        if header[2] == ADDED {
            found.push((String::from_utf16_lossy(&wide).trim_end_matches('\0').to_owned(), store[data..end].to_vec()));
        }
        at = end.next_multiple_of(4);
    }
    found
}

/// Leaves so many bytes of the store free.
pub fn fill(store: &mut [u8], free: usize) -> Result<()> {
    /// Larger ones the firmware does not take for variables.
    const LARGEST: usize = 16 << 10;
    let mut at = read_end(store);
    for number in 0.. {
        let room = STORE.saturating_sub(at).saturating_sub(free);
        if room < 256 {
            break;
        }
        at = put(store, at, &format!("Filler{number:02}"), &vec![0x5a; (room - 128).min(LARGEST)])?;
    }
    Ok(())
}

/// Where the next variable goes.
fn read_end(store: &[u8]) -> usize {
    let free = store[FIRST..STORE].iter().rposition(|byte| *byte != 0xff).map_or(FIRST, |last| FIRST + last + 1);
    free.next_multiple_of(4)
}

fn put(store: &mut [u8], at: usize, name: &str, data: &[u8]) -> Result<usize> {
    let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let mut variable = vec![0xaa, 0x55, ADDED, 0];
    variable.extend(ATTRIBUTES.to_le_bytes());
    variable.extend([0; 8 + 16 + 4]); // monotonic count, time stamp, key index
    variable.extend((name.len() as u32).to_le_bytes());
    variable.extend((data.len() as u32).to_le_bytes());
    variable.extend(GLOBAL);
    variable.extend(name);
    variable.extend(data);
    let end = at + variable.len();
    let place = store.get_mut(at..end).context("writing a firmware variable: the store is full")?;
    ensure!(place.iter().all(|byte| *byte == 0xff), "writing a firmware variable: the store is not a fresh one");
    place.copy_from_slice(&variable);
    Ok(end.next_multiple_of(4))
}

/// An EFI_LOAD_OPTION for the usual loader on a GPT partition (UEFI 2.10, sections 3.1.3 and 10.3.5.1).
fn load_option(entry: &Entry) -> Vec<u8> {
    let wide = |text: &str| text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut path = vec![4, 1, 42, 0];
    path.extend(1u32.to_le_bytes());
    path.extend(2048u64.to_le_bytes());
    path.extend(2048u64.to_le_bytes());
    path.extend(entry.partition);
    path.extend([2, 2]);
    let file = wide("\\EFI\\BOOT\\BOOTX64.EFI");
    path.extend([4, 4]);
    path.extend((4 + file.len() as u16).to_le_bytes());
    path.extend(file);
    path.extend([0x7f, 0xff, 4, 0]);
    let mut option = u32::from(entry.active).to_le_bytes().to_vec();
    option.extend((path.len() as u16).to_le_bytes());
    option.extend(wide(entry.description));
    option.extend(path);
    option
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: Entry = Entry { number: 3, description: "Old", partition: [5; 16], active: true };

    #[test]
    fn what_is_written_is_what_the_installer_reads() {
        let option = load_option(&ENTRY);
        let variable = [&[7, 0, 0, 0][..], &option].concat();
        let read = init::facts::load_option::load_option(&variable).unwrap();
        assert_eq!((read.description.as_str(), read.active, read.partition.map(|id| id.0)), ("Old", true, Some([5; 16])));
    }

    #[test]
    fn variables_follow_one_another_and_a_used_store_is_refused() {
        let mut store = vec![0xff; 1024];
        preseed(&mut store, &[ENTRY]).unwrap();
        assert_eq!(store[FIRST..FIRST + 4], [0xaa, 0x55, 0x3f, 0]);
        let second = (FIRST + 60 + 18 + load_option(&ENTRY).len()).next_multiple_of(4);
        assert_eq!(store[second..second + 2], [0xaa, 0x55]);
        assert!(preseed(&mut store, &[ENTRY]).is_err());
        assert!(preseed(&mut [0xff; FIRST + 80], &[ENTRY]).is_err());
    }

    #[test]
    fn entries_are_read_in_their_order_and_the_deleted_are_none() {
        let mut store = vec![0xff; STORE];
        let shell = Entry { number: 1, description: "EFI Internal Shell", ..ENTRY };
        preseed(&mut store, &[shell, ENTRY]).unwrap();
        assert_eq!(entries(&store).unwrap(), ["Old"]);
        fill(&mut store, 8 << 10).unwrap();
        let free = STORE - read_end(&store);
        assert!((8 << 10..9 << 10).contains(&free), "{free}");
        assert_eq!(entries(&store).unwrap(), ["Old"]);
        let second = (FIRST + 60 + 18 + load_option(&shell).len()).next_multiple_of(4);
        store[second + 2] &= 0xfd;
        assert_eq!(entries(&store).unwrap(), ["Boot0003 is missing"]);
    }
}
