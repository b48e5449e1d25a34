//! Names of a disk below `/dev/disk/by-id`, without udev: people copy them from the running system. Schemes of udev's
//! `60-persistent-storage.rules`, in the present spelling and in those that older versions left in people's notes.

use super::{Disk, Transport};
use crate::facts::vpd::Identify;

/// What a disk calls itself beside model and serial number. All printable ASCII.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Model in the inquiry of a SCSI device: 16 characters, the first ones of a longer name.
    pub inquiry: String,
    /// What ATA's own IDENTIFY DEVICE says.
    pub identify: Option<Identify>,
    /// Names of the SCSI logical unit, each with the digit of its kind.
    pub designators: Vec<(char, String)>,
    /// Target and logical unit, `0:0`; empty for what is no SCSI device.
    pub unit: String,
    /// Serial number of the USB device that it is, or is behind.
    pub usb_serial: String,
    /// Number of the NVMe namespace; may be empty.
    pub namespace: String,
}

/// The names that udev would give this disk; those it knows nothing for are left out.
pub fn names(disk: &Disk) -> Vec<String> {
    let mut names = match disk.transport {
        Transport::Nvme => nvme(disk),
        Transport::Mmc => Vec::from_iter(joined("mmc-", &[&disk.model, &disk.serial])),
        Transport::Virtio => Vec::from_iter(joined("virtio-", &[&disk.serial])),
        Transport::Usb => usb(disk),
        _ => Vec::new(),
    };
    if disk.ids.identify.is_some() || disk.transport == Transport::Ata {
        names.extend(ata(disk));
    }
    if !disk.ids.unit.is_empty() {
        names.extend(scsi(disk));
    }
    names.extend(wide(disk));
    let mut unique: Vec<String> = Vec::new();
    names.into_iter().for_each(|name| {
        if !unique.contains(&name) {
            unique.push(name)
        }
    });
    unique
}

/// The model as udev spells it today, with as many underscores as it has blanks, and as it did before.
fn nvme(disk: &Disk) -> Vec<String> {
    let Disk { model, serial, ids, wwn, .. } = disk;
    let spellings = [&[model.as_str(), serial][..], &[model, serial, &ids.namespace]];
    let names = spellings.iter().flat_map(|parts| [joined("nvme-", parts), spelled("nvme-", parts, |part| part.trim().into())]);
    // eui., uuid., or nvme. with what the controller is called.
    names.chain([joined("nvme-", &[wwn])]).flatten().collect()
}

/// Model and serial number in full, and as far as the inquiry has them.
fn ata(disk: &Disk) -> Vec<String> {
    let full = disk.ids.identify.iter().flat_map(|identify| joined("ata-", &[&identify.model, &identify.serial]));
    full.chain([&disk.model, &disk.ids.inquiry].iter().flat_map(|model| joined("ata-", &[model, &disk.serial]))).collect()
}

/// The unit is always there, a serial number of the device may not be.
fn usb(disk: &Disk) -> Vec<String> {
    let unit = if disk.ids.unit.is_empty() { "0:0" } else { &disk.ids.unit };
    let mut names = Vec::new();
    for model in [&disk.ids.inquiry, &disk.model] {
        for serial in [&disk.ids.usb_serial, &disk.serial] {
            names.extend(joined("usb-", &[&disk.vendor, model, serial]));
        }
        if disk.ids.usb_serial.is_empty() {
            names.extend(joined("usb-", &[&disk.vendor, model]));
        }
    }
    names.into_iter().map(|name| format!("{name}-{unit}")).collect()
}

/// `scsi_id`: a digit, or `S` for the serial number of the unit. Where the name does not tell whose it is, vendor and model go before it,
/// padded to the length of their fields.
fn scsi(disk: &Disk) -> Vec<String> {
    let Disk { vendor, model, ids, serial, .. } = disk;
    let model = if ids.inquiry.is_empty() { model } else { &ids.inquiry };
    let owner = format!("{vendor:<8}{model:<16}");
    let by_unit = ids.designators.iter().flat_map(|(kind, text)| match kind {
        '0' => joined("scsi-0", &[&format!("{owner}{text}")]),
        kind => joined(&format!("scsi-{kind}"), &[text]),
    });
    // Its padding is lost, and may have been a blank.
    let serials = if serial.is_empty() { Vec::new() } else { vec![format!("{owner}{serial}"), format!("{owner} {serial}")] };
    by_unit.chain(serials.iter().flat_map(|serial| joined("scsi-S", &[serial]))).collect()
}

/// World wide names, as the kernel spells them.
fn wide(disk: &Disk) -> Vec<String> {
    let of_ata = disk.ids.identify.as_ref().and_then(|identify| identify.wwn).map(|wwn| format!("wwn-0x{wwn:x}"));
    let known = match disk.wwn.split_once('.') {
        Some(("naa", number)) => vec![format!("wwn-0x{number}"), format!("scsi-3{number}")],
        Some(("eui", number)) if disk.transport != Transport::Nvme => vec![format!("scsi-2{number}")],
        _ => Vec::new(),
    };
    of_ata.into_iter().chain(known).collect()
}

/// Parts with underscores between them, runs of blanks as one underscore. None if a part is missing.
fn joined(scheme: &str, parts: &[&str]) -> Option<String> {
    spelled(scheme, parts, |part| part.split_whitespace().collect::<Vec<_>>().join("_"))
}

fn spelled(scheme: &str, parts: &[&str], spell: fn(&str) -> String) -> Option<String> {
    let missing = parts.iter().any(|part| part.trim().is_empty());
    let parts: Vec<String> = parts.iter().map(|part| replaced(&spell(part))).collect();
    (!missing).then(|| format!("{scheme}{}", parts.join("_")))
}

/// What udev does not allow in a name becomes an underscore.
fn replaced(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "#+-.:=@_".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(transport: Transport, model: &str, serial: &str, wwn: &str, ids: Ids) -> Disk {
        let (vendor, model, serial, wwn) = ("WD".into(), model.into(), serial.into(), wwn.into());
        Disk { transport, vendor, model, serial, wwn, ids, ..Disk::default() }
    }

    #[test]
    fn nvme() {
        let namespace = Ids { namespace: "2".into(), ..Ids::default() };
        assert_eq!(
            names(&disk(Transport::Nvme, "Samsung SSD  980", "S5GXNF0R", "eui.002538b111b2c3d4", namespace)),
            [
                "nvme-Samsung_SSD_980_S5GXNF0R",
                "nvme-Samsung_SSD__980_S5GXNF0R",
                "nvme-Samsung_SSD_980_S5GXNF0R_2",
                "nvme-Samsung_SSD__980_S5GXNF0R_2",
                "nvme-eui.002538b111b2c3d4",
            ]
        );
        for wwn in ["uuid.7c6b3e7a-0000-4000-8000-000000000001", "nvme.1b36-5556-51454d55-00000001"] {
            assert_eq!(names(&disk(Transport::Nvme, "x", "", wwn, Ids::default())), [format!("nvme-{wwn}")]);
        }
    }

    #[test]
    fn ata_by_the_short_name_and_by_the_full_one() {
        let identify = Identify { model: "WDC WD40EFRX-68N32N0".into(), serial: "WD-WCC7K0".into(), wwn: Some(0x5001_4ee2_b1a2_b3c4) };
        let ids = Ids { inquiry: "WDC WD40EFRX-68N".into(), identify: Some(identify), ..Ids::default() };
        let expected = ["ata-WDC_WD40EFRX-68N32N0_WD-WCC7K0", "ata-WDC_WD40EFRX-68N_WD-WCC7K0", "wwn-0x50014ee2b1a2b3c4"];
        for transport in [Transport::Ata, Transport::Sas] {
            assert_eq!(names(&disk(transport, "WDC WD40EFRX-68N32N0", "WD-WCC7K0", "", ids.clone())), expected);
        }
        assert_eq!(names(&disk(Transport::Ata, "OLD", "1", "", Ids::default())), ["ata-OLD_1"]);
    }

    #[test]
    fn scsi_by_its_designators_and_its_serial_number() {
        let designators = [('0', "SER 1"), ('1', "ATA     DISK 001"), ('3', "50014ee2b1a2b3c4")].map(|(k, t)| (k, t.into())).into();
        let ids = Ids { inquiry: "SIXTEEN+LETTERS+".into(), unit: "0:0".into(), designators, ..Ids::default() };
        let found = names(&disk(Transport::Sas, "SIXTEEN+LETTERS+", "Z1", "naa.50014ee2b1a2b3c4", ids));
        for expected in [
            // A model that fills its field leaves no blank.
            "scsi-0WD_SIXTEEN+LETTERS+SER_1",
            "scsi-1ATA_DISK_001",
            "scsi-350014ee2b1a2b3c4",
            "scsi-SWD_SIXTEEN+LETTERS+Z1",
            "scsi-SWD_SIXTEEN+LETTERS+_Z1",
            "wwn-0x50014ee2b1a2b3c4",
        ] {
            assert!(found.iter().any(|name| name == expected), "{expected}: {found:?}");
        }
        assert!(names(&disk(Transport::Scsi, "x", "", "", Ids::default())).is_empty());
        assert_eq!(names(&disk(Transport::FibreChannel, "x", "", "eui.0011223344556677", Ids::default())), ["scsi-20011223344556677"]);
    }

    #[test]
    fn usb_with_its_unit() {
        let ids = Ids { unit: "0:1".into(), usb_serial: "575847".into(), inquiry: "Elements 25A2".into(), ..Ids::default() };
        let found = names(&disk(Transport::Usb, "Elements 25A2", "OTHER", "", ids));
        for expected in ["usb-WD_Elements_25A2_575847-0:1", "usb-WD_Elements_25A2_OTHER-0:1"] {
            assert!(found.iter().any(|name| name == expected), "{expected}: {found:?}");
        }
        assert_eq!(names(&disk(Transport::Usb, "Stick", "", "", Ids::default())), ["usb-WD_Stick-0:0"]);
    }

    #[test]
    fn mmc_virtio_and_unusual_characters() {
        assert_eq!(names(&disk(Transport::Mmc, "DA4064", "0x1a2b", "", Ids::default())), ["mmc-DA4064_0x1a2b"]);
        assert_eq!(names(&disk(Transport::Virtio, "", "UV/00 01", "", Ids::default())), ["virtio-UV_00_01"]);
        assert_eq!(replaced("a(b)#+-.:=@_/?"), "a_b_#+-.:=@___");
    }
}
