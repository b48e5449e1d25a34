//! Names of a disk below `/dev/disk/by-id`, without udev: people copy them from the running system. Schemes of udev's `60-persistent-storage.rules`.

use super::{Disk, Transport};

/// The names that udev would give this disk; those it knows nothing for are left out.
pub fn names(disk: &Disk) -> Vec<String> {
    let (vendor, model, serial) = (plain(&disk.vendor), plain(&disk.model), plain(&disk.serial));
    let mut names = Vec::new();
    if !serial.is_empty() {
        names.push(match disk.transport {
            Transport::Nvme => format!("nvme-{model}_{serial}"),
            Transport::Ata => format!("ata-{model}_{serial}"),
            Transport::Usb => format!("usb-{vendor}_{model}_{serial}-0:0"),
            Transport::Mmc => format!("mmc-{model}_{serial}"),
            Transport::Virtio => format!("virtio-{serial}"),
            Transport::Other => format!("scsi-{vendor}_{model}_{serial}"),
        });
    }
    match disk.wwn.split_once('.') {
        Some(("naa", number)) => names.extend([format!("wwn-0x{number}"), format!("scsi-3{number}")]),
        Some(("eui" | "nvme", _)) => names.push(format!("nvme-{}", disk.wwn)),
        _ => {}
    }
    names
}

/// As udev writes it: runs of blanks become one underscore.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_udev_makes_them() {
        let disk = |transport, model: &str, serial: &str, wwn: &str| Disk {
            transport,
            vendor: "WD".into(),
            model: model.into(),
            serial: serial.into(),
            wwn: wwn.into(),
            ..Disk::default()
        };
        for (disk, expected) in [
            (
                disk(Transport::Nvme, "Samsung SSD 980 PRO 1TB", "S5GXNF0R", "eui.002538b111b2c3d4"),
                vec!["nvme-Samsung_SSD_980_PRO_1TB_S5GXNF0R", "nvme-eui.002538b111b2c3d4"],
            ),
            (
                disk(Transport::Ata, "WDC WD40EFRX-68N", "WD-WCC7K0", "naa.50014ee2b1a2b3c4"),
                vec!["ata-WDC_WD40EFRX-68N_WD-WCC7K0", "wwn-0x50014ee2b1a2b3c4", "scsi-350014ee2b1a2b3c4"],
            ),
            (disk(Transport::Usb, "Elements 25A2", "575847", ""), vec!["usb-WD_Elements_25A2_575847-0:0"]),
            (disk(Transport::Mmc, "DA4064", "0x1a2b", ""), vec!["mmc-DA4064_0x1a2b"]),
            (disk(Transport::Virtio, "", "UV0001", ""), vec!["virtio-UV0001"]),
            (disk(Transport::Nvme, "x", "", ""), vec![]),
        ] {
            assert_eq!(names(&disk), expected);
        }
    }
}
