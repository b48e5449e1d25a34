//! Boot entries in a fresh OVMF variable store, so that a machine starts with a past. The layout is EDK II's: a firmware volume header, the
//! header of the store, then variables, each aligned to four bytes, behind which everything is 0xFF (MdeModulePkg, `VariableFormat.h`).

use anyhow::{Context, Result, ensure};

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

fn put(store: &mut [u8], at: usize, name: &str, data: &[u8]) -> Result<usize> {
    let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
    let mut variable = vec![0xaa, 0x55, 0x3f, 0]; // start of a variable, whose state is "added"
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
}
