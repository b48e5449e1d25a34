//! Virtual media of management controllers (BMCs): a drive that somebody far away lends to the machine, or an empty one. It comes as a USB
//! disk, and often says that it is not removable.

use super::{Disk, Transport};

/// Beginnings of what they call themselves, upper case, with the vendor where the model alone is not enough.
const NAMES: [&str; 13] = [
    // AMI MegaRAC and its many descendants: Virtual HDisk0, Virtual Floppy0, Virtual CDROM0; Lenovo and IBM: Virtual Media.
    "VIRTUAL HDISK",
    "VIRTUAL FLOPPY",
    "VIRTUAL CD",
    "VIRTUAL DVD",
    "VIRTUAL MEDIA",
    "VIRTUAL DISC",
    // Dell iDRAC: the disk of the lifecycle controller, and updates.
    "IDRAC",
    "LCDRIVE",
    "SECUPD",
    // Supermicro and others with ATEN's KVM.
    "ATEN VIRTUAL",
    // HPE iLO.
    "LUN 00 MEDIA",
    // Cisco CIMC.
    "VKVM-MAPPED",
    "CIMC-MAPPED",
];

/// Whether the disk calls itself so. Hypervisors use such words for true disks, but not behind USB.
pub fn is_one(disk: &Disk) -> bool {
    let model = disk.model.to_ascii_uppercase();
    let both = format!("{} {model}", disk.vendor.to_ascii_uppercase());
    disk.transport == Transport::Usb && NAMES.iter().any(|name| model.starts_with(name) || both.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_by_name_and_only_behind_usb() {
        let disk = |transport, vendor: &str, model: &str| Disk { transport, vendor: vendor.into(), model: model.into(), ..Disk::default() };
        for (vendor, model) in [
            ("AMI", "Virtual HDisk0"),
            ("AMI", "Virtual Floppy0"),
            ("iDRAC", "Virtual Floppy"),
            ("iDRAC", "SECUPD"),
            ("", "LCDRIVE"),
            ("ATEN", "Virtual Disk"),
            ("HP iLO", "LUN 00 Media 0"),
            ("Lenovo", "Virtual Media"),
            ("Cisco", "vKVM-Mapped vHDD"),
        ] {
            assert!(is_one(&disk(Transport::Usb, vendor, model)), "{vendor} {model}");
        }
        for (transport, vendor, model) in [
            (Transport::Scsi, "Msft", "Virtual Disk"),
            (Transport::Scsi, "VMware", "Virtual disk"),
            (Transport::Sas, "AMI", "Virtual HDisk0"),
            (Transport::Usb, "WD", "Elements 25A2"),
            (Transport::Usb, "", ""),
        ] {
            assert!(!is_one(&disk(transport, vendor, model)), "{vendor} {model}");
        }
    }
}
