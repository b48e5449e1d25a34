//! Storage controllers and network cards that no driver has taken: the usual reason why a machine shows no disk, or no link.
//! Documentation/ABI/testing/sysfs-bus-pci.

use std::fs::{read_dir, read_to_string};
use std::path::Path;

use super::Roots;

/// Base classes of PCI devices (PCI Code and ID Assignment Specification, 1.1 and 1.2), and what a person calls them.
const STORAGE: (&str, &str) = ("01", "storage controller");
const NETWORK: (&str, &str) = ("02", "network card");

/// A sentence for every PCI storage controller without a driver.
pub fn without_driver() -> Vec<String> {
    without_driver_at(Roots::MACHINE)
}

/// As [`without_driver`], for the machine with these roots.
pub fn without_driver_at(roots: Roots) -> Vec<String> {
    below(&roots.sysfs("bus/pci/devices"), STORAGE)
}

/// A sentence for every PCI network card without a driver.
pub fn cards_without_driver() -> Vec<String> {
    below(&Roots::MACHINE.sysfs("bus/pci/devices"), NETWORK)
}

fn below(devices: &Path, class: (&str, &str)) -> Vec<String> {
    let entries = read_dir(devices).into_iter().flatten().flatten();
    let mut sentences: Vec<String> =
        entries.filter_map(|entry| sentence(&entry.path(), &entry.file_name().to_string_lossy(), class)).collect();
    sentences.sort();
    sentences
}

fn sentence(device: &Path, address: &str, (base, name): (&str, &str)) -> Option<String> {
    let text =
        |file: &str| read_to_string(device.join(file)).map(|text| text.trim().trim_start_matches("0x").to_string()).unwrap_or_default();
    let (class, vendor, id) = (text("class"), text("vendor"), text("device"));
    if !class.starts_with(base) || device.join("driver").exists() {
        return None;
    }
    // Subclass 4 of mass storage is RAID.
    let advice = match (vendor.as_str(), class.get(..4)) {
        ("8086", Some("0104")) => "; it is in RAID mode (RST or VMD): switch the storage mode to AHCI, or VMD off, in the firmware's setup",
        (_, Some("0104")) => "; it is a RAID controller whose driver is not on board",
        _ => "",
    };
    Some(format!("no driver for the {name} {vendor}:{id} at {address}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};

    #[test]
    fn only_what_is_without_a_driver_is_named() {
        let root = std::env::temp_dir().join(format!("controllers-{}", std::process::id()));
        for (address, class, vendor, driver) in [
            ("0000:00:17.0", "0x010400", "0x8086", false),
            ("0000:00:18.0", "0x010802", "0x144d", true),
            ("0000:00:19.0", "0x010700", "0x1000", false),
            ("0000:00:1f.0", "0x060100", "0x8086", false),
            ("0000:01:00.0", "0x020000", "0x8086", false),
            ("0000:02:00.0", "0x020400", "0x8086", false),
            ("0000:03:00.0", "0x020000", "0x10ec", true),
        ] {
            let device = root.join(address);
            create_dir_all(&device).unwrap();
            for (file, text) in [("class", class), ("vendor", vendor), ("device", "0x282a")] {
                write(device.join(file), format!("{text}\n")).unwrap();
            }
            if driver {
                create_dir_all(device.join("driver")).unwrap();
            }
        }
        let (sentences, cards) = (below(&root, STORAGE), below(&root, NETWORK));
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            sentences,
            [
                "no driver for the storage controller 1000:282a at 0000:00:19.0",
                "no driver for the storage controller 8086:282a at 0000:00:17.0; it is in RAID mode (RST or VMD): \
                 switch the storage mode to AHCI, or VMD off, in the firmware's setup",
            ]
        );
        let expected = ["0000:01:00.0", "0000:02:00.0"].map(|address| format!("no driver for the network card 8086:282a at {address}"));
        assert_eq!(cards, expected);
    }
}
