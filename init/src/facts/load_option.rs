//! Boot entries of the firmware: `BootOrder` and `Boot####`, as efivarfs shows them, with four bytes of attributes first.
//! UEFI 2.10, sections 3.1.3 (load options), 10.3 (device paths).

use super::bytes::{array, printable, u16_at, u32_at, utf16};
use super::guid::Guid;
use super::table::Partition;

/// Bytes before the content of every file of efivarfs.
const ATTRIBUTES: usize = 4;
/// The option may be booted.
const ACTIVE: u32 = 1;
/// Attributes of the variables: kept when the machine is off, for the firmware's own programs and for a running system.
const KEPT: u32 = 7;

/// What a boot entry leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOption {
    /// What the firmware's menu calls it.
    pub description: String,
    /// Whether the firmware considers it.
    pub active: bool,
    /// The GPT partition of the first hard drive node; `None` for a network card, a whole device, a file in the firmware, an MBR disk.
    pub partition: Option<Guid>,
}

/// Numbers of the boot entries in the order in which the firmware tries them; an odd last byte is ignored.
pub fn boot_order(variable: &[u8]) -> Vec<u16> {
    let content = variable.get(ATTRIBUTES..).unwrap_or_default();
    content.chunks_exact(2).filter_map(|pair| u16_at(pair, 0)).collect()
}

/// Reads the file of a `Boot####` variable; `None` if it is cut.
pub fn load_option(variable: &[u8]) -> Option<LoadOption> {
    let option = variable.get(ATTRIBUTES..)?;
    let attributes = u32_at(option, 0)?;
    let paths = usize::from(u16_at(option, 4)?);
    let (description, units) = utf16(option.get(6..)?);
    let start = 6 + 2 * units;
    let path = option.get(start..start.checked_add(paths)?)?;
    Some(LoadOption { description: printable(&description), active: attributes & ACTIVE != 0, partition: hard_drive(path) })
}

/// The signature of the first hard drive media node (type 4, subtype 1) that is a GPT partition.
fn hard_drive(mut path: &[u8]) -> Option<Guid> {
    loop {
        let (kind, subtype, length) = (*path.first()?, *path.get(1)?, usize::from(u16_at(path, 2)?));
        // A node shorter than its own header would never end.
        let node = path.get(..length).filter(|node| node.len() >= 4)?;
        if (kind, subtype) == (4, 1) {
            // Format 2 is GPT, signature type 2 a GUID.
            let gpt = node.get(40..42)? == [2, 2];
            return gpt.then(|| array(node, 24).map(Guid)).flatten();
        }
        if kind == 0x7f {
            return None;
        }
        path = path.get(length..)?;
    }
}

/// The file of an active entry for `loader`, a path with backslashes, on this partition.
pub fn entry_for(description: &str, partition: &Partition, loader: &str) -> Vec<u8> {
    let loader = wide(loader);
    // Hard drive node, file path node, end of the path: type, subtype, length. sections 10.3.5.1, 10.3.5.4, 10.3.1
    let mut path = vec![4, 1, 42, 0];
    path.extend(partition.number.to_le_bytes());
    path.extend(partition.first.to_le_bytes());
    path.extend(partition.last.saturating_sub(partition.first).saturating_add(1).to_le_bytes());
    path.extend(partition.id.0);
    path.extend([2, 2]);
    path.extend([4, 4]);
    path.extend(length(4 + loader.len()));
    path.extend(loader);
    path.extend([0x7f, 0xff, 4, 0]);
    let mut variable = [KEPT, ACTIVE].map(u32::to_le_bytes).concat();
    variable.extend(length(path.len()));
    variable.extend(wide(description));
    variable.extend(path);
    variable
}

/// The file of `BootOrder`.
pub fn order_of(numbers: &[u16]) -> Vec<u8> {
    KEPT.to_le_bytes().into_iter().chain(numbers.iter().flat_map(|number| number.to_le_bytes())).collect()
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_le_bytes()
}

/// UCS-2 with its terminating zero.
fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// The file of an active entry for a loader on the partition with this GUID.
    pub fn variable(description: &str, partition: [u8; 16]) -> Vec<u8> {
        let partition = Partition { number: 1, kind: Guid([0; 16]), id: Guid(partition), first: 2048, last: 4095, name: String::new() };
        entry_for(description, &partition, "\\")
    }

    #[test]
    fn an_entry_is_what_the_specification_says_to_the_byte() {
        let variable = variable("L", [5; 16]);
        let mut expected = vec![7, 0, 0, 0, 1, 0, 0, 0, 54, 0, b'L', 0, 0, 0];
        expected.extend([4, 1, 42, 0, 1, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0]);
        expected.extend([5; 16]);
        expected.extend([2, 2, 4, 4, 8, 0, b'\\', 0, 0, 0, 0x7f, 0xff, 4, 0]);
        assert_eq!(variable, expected);
        assert_eq!(boot_order(&order_of(&[0xf0, 3])), [0xf0, 3]);
    }

    #[test]
    fn an_entry_leads_to_its_partition() {
        let option = load_option(&variable("Linux Boot Manager", [5; 16])).unwrap();
        assert_eq!((option.description.as_str(), option.active, option.partition), ("Linux Boot Manager", true, Some(Guid([5; 16]))));
    }

    #[test]
    fn inactive_entries_and_entries_without_a_partition() {
        let mut inactive = variable("x", [5; 16]);
        inactive[4] = 0;
        assert!(!load_option(&inactive).unwrap().active);
        let mut mbr = variable("x", [5; 16]);
        let format = 4 + 6 + 4 + 40;
        mbr[format] = 1;
        assert_eq!(load_option(&mbr).unwrap().partition, None);
        let mut endless = variable("x", [5; 16]);
        endless[4 + 6 + 4] = 1;
        endless[4 + 6 + 4 + 2] = 0;
        assert_eq!(load_option(&endless).unwrap().partition, None);
    }

    #[test]
    fn descriptions_cannot_write_to_the_terminal() {
        assert_eq!(load_option(&variable("\u{1b}[2JL\u{e9}nux ", [5; 16])).unwrap().description, "?[2JL?nux");
    }

    #[test]
    fn the_order_is_the_firmware_s() {
        assert_eq!(boot_order(&[7, 0, 0, 0, 3, 0, 0, 0, 0xf0, 0]), [3, 0, 0xf0]);
        assert!(boot_order(&[7, 0]).is_empty());
    }
}
