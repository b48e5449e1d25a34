//! The firmware's variables as files of efivarfs: four bytes of attributes, and the content (UEFI 2.10, sections 3.1.3 and 10.3).

use std::fs::{create_dir_all, write};
use std::path::Path;

use super::contents::guid_of;
use super::text::Line;

const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// Writes BootOrder and its entries, and the partition that the boot loader came from.
pub fn variables(sysfs: &Path, lines: &[Line]) {
    let directory = sysfs.join("firmware/efi/efivars");
    create_dir_all(&directory).unwrap();
    let file = |name: &str, namespace: &str| directory.join(format!("{name}-{namespace}"));
    let mut order = Vec::new();
    for line in lines {
        match line.verb.as_str() {
            "entry" => {
                order.push(u16::from_str_radix(line.word(0), 16).unwrap());
                entry(&file(&format!("Boot{}", line.word(0)), GLOBAL), line);
            }
            "booted-from" => variable(&file("LoaderDevicePartUUID", LOADER), &utf16(&guid_of(line.word(0)).to_string().to_uppercase())),
            _ => {}
        }
    }
    if !order.is_empty() {
        variable(&file("BootOrder", GLOBAL), &order.into_iter().flat_map(u16::to_le_bytes).collect::<Vec<u8>>());
    }
}

/// `entry NUMBER DESCRIPTION PARTITION|device|network|mbr|cut|missing [inactive]`
fn entry(file: &Path, line: &Line) {
    let (description, leads_to) = (line.word(1), line.word(2));
    let inactive = line.words.iter().skip(3).any(|word| word == "inactive");
    let path = match leads_to {
        "missing" => return,
        "device" => Vec::from(USB),
        "network" => Vec::from(NETWORK),
        "mbr" => [&hard_drive([7; 16], 1)[..], &LOADER_FILE].concat(),
        partition => [&PCI[..], &hard_drive(guid_of(partition).0, 2), &LOADER_FILE].concat(),
    };
    let path = [&path[..], &[0x7f, 0xff, 4, 0]].concat();
    let mut option = Vec::from(u32::from(!inactive).to_le_bytes());
    option.extend((path.len() as u16).to_le_bytes());
    option.extend(utf16(description));
    option.extend(path);
    // As a firmware that ran out of space leaves it.
    option.truncate(if leads_to == "cut" { 9 } else { option.len() });
    variable(file, &option);
}

/// PCI(0,1d), as in a full path.
const PCI: [u8; 6] = [1, 1, 6, 0, 0, 0x1d];
/// PCI(0,14)/USB(2,0): a whole device, whose removable loader the firmware looks for.
const USB: [u8; 12] = [1, 1, 6, 0, 0, 0x14, 3, 5, 6, 0, 2, 0];
/// MAC(…,1)
const NETWORK: [u8; 37] = {
    let mut node = [0; 37];
    (node[0], node[1], node[2], node[36]) = (3, 11, 37, 1);
    node
};
/// File(\), in UTF-16.
const LOADER_FILE: [u8; 8] = [4, 4, 8, 0, b'\\', 0, 0, 0];

/// HD(1,…): format 1 is MBR, 2 GPT, with a signature of the same number.
fn hard_drive(signature: [u8; 16], format: u8) -> Vec<u8> {
    let mut node = vec![4, 1, 42, 0, 1, 0, 0, 0];
    node.extend([0; 16]);
    node.extend(signature);
    node.extend([format, format]);
    node
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn variable(file: &Path, content: &[u8]) {
    write(file, [&[7, 0, 0, 0], content].concat()).unwrap();
}
