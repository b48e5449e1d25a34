//! Storage controllers that no driver has taken: the usual reason why a machine shows no disk. Documentation/ABI/testing/sysfs-bus-pci.

use std::fs::{read_dir, read_to_string};
use std::path::Path;

use super::Roots;

/// A sentence for every PCI storage controller without a driver.
pub fn without_driver() -> Vec<String> {
    without_driver_at(Roots::MACHINE)
}

/// As [`without_driver`], for the machine with these roots.
pub fn without_driver_at(roots: Roots) -> Vec<String> {
    below(&roots.sysfs("bus/pci/devices"))
}

fn below(devices: &Path) -> Vec<String> {
    let entries = read_dir(devices).into_iter().flatten().flatten();
    let mut sentences: Vec<String> = entries.filter_map(|entry| sentence(&entry.path(), &entry.file_name().to_string_lossy())).collect();
    sentences.sort();
    sentences
}

fn sentence(device: &Path, address: &str) -> Option<String> {
    let text =
        |file: &str| read_to_string(device.join(file)).map(|text| text.trim().trim_start_matches("0x").to_string()).unwrap_or_default();
    let (class, vendor, id) = (text("class"), text("vendor"), text("device"));
    // Base class 1 is mass storage, its subclass 4 RAID (PCI Code and ID Assignment Specification, 1.1).
    if !class.starts_with("01") || device.join("driver").exists() {
        return None;
    }
    let advice = match (vendor.as_str(), class.get(2..4)) {
        ("8086", Some("04")) => "; it is in RAID mode (RST or VMD): switch the storage mode to AHCI, or VMD off, in the firmware's setup",
        (_, Some("04")) => "; it is a RAID controller whose driver is not on board",
        _ => "",
    };
    Some(format!("no driver for the storage controller {vendor}:{id} at {address}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};

    #[test]
    fn only_storage_without_a_driver_is_named() {
        let root = std::env::temp_dir().join(format!("controllers-{}", std::process::id()));
        for (address, class, vendor, driver) in [
            ("0000:00:17.0", "0x010400", "0x8086", false),
            ("0000:00:18.0", "0x010802", "0x144d", true),
            ("0000:00:19.0", "0x010700", "0x1000", false),
            ("0000:00:1f.0", "0x060100", "0x8086", false),
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
        let sentences = below(&root);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(
            sentences,
            [
                "no driver for the storage controller 1000:282a at 0000:00:19.0",
                "no driver for the storage controller 8086:282a at 0000:00:17.0; it is in RAID mode (RST or VMD): \
                 switch the storage mode to AHCI, or VMD off, in the firmware's setup",
            ]
        );
    }
}
