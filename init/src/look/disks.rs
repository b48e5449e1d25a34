//! The disks of the machine, from sysfs. Documentation/ABI/stable/sysfs-block.
//!
//! What the kernel does not tell is said of that disk, and never a default: a guessed sector size makes a disk that cannot boot.

use std::fs::{canonicalize, read, read_dir, read_link, read_to_string};
use std::path::Path;

use super::Roots;
use crate::decide::{Disk, Disks, Ids, MAX_DISKS, Transport};
use crate::error::{Doing, Error, Kind, Result};
use crate::facts::bytes::printable;
use crate::facts::vpd;

/// Devices that are never a disk of the machine: views of other devices, or memory.
const NOT_DISKS: [&str; 7] = ["loop", "ram", "zram", "dm-", "md", "fd", "nbd"];
/// Where sysfs has those, and others of the kind (bcache, zvol, drbd), whatever they are called: no hardware is above them.
const WITHOUT_HARDWARE: &str = "devices/virtual/block/";

/// All disks of this machine, ordered by name.
///
/// # Errors
/// sysfs cannot be read, or there are more disks than the table holds.
pub fn disks() -> Result<Disks> {
    disks_at(Roots::MACHINE)
}

/// All disks of the machine with these roots.
///
/// # Errors
/// As [`disks`].
pub fn disks_at(roots: Roots) -> Result<Disks> {
    let class = roots.sysfs("block");
    let entries = read_dir(&class).doing(Kind::System, || format!("reading {}", class.display()))?;
    let mut names: Vec<String> = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    // Hidden ones are the paths of a multipath disk, which is listed under its own name.
    let hidden = |name: &str| read_to_string(class.join(name).join("hidden")).is_ok_and(|text| text.trim() == "1");
    let made_up = |name: &str| read_link(class.join(name)).is_ok_and(|path| path.to_string_lossy().contains(WITHOUT_HARDWARE));
    names.retain(|name| !NOT_DISKS.iter().any(|prefix| name.starts_with(prefix)) && !hidden(name) && !made_up(name));
    names.sort();
    let mut disks = Disks::new();
    for name in names {
        let disk = disk(&class.join(&name), &name);
        disks.push(disk).map_err(|_| Error::new(Kind::Choice, "listing the disks", format!("there are more than {MAX_DISKS}")))?;
    }
    Ok(disks)
}

fn disk(directory: &Path, name: &str) -> Disk {
    let text = |file: &str| printable(&read_to_string(directory.join(file)).unwrap_or_default());
    let page = |file: &str| read(directory.join("device").join(file)).unwrap_or_default();
    let first = |files: &[&str]| files.iter().map(|file| text(file)).find(|text| !text.is_empty()).unwrap_or_default();
    let number = |file: &str| text(file).parse::<u64>().ok();
    let (size, sector, diskseq) = (number("size"), number("queue/logical_block_size"), number("diskseq"));
    let known = [(size, "size"), (sector, "logical sector size"), (diskseq, "sequence number")];
    let path = printable(read_link(directory).unwrap_or_default().to_string_lossy().trim_start_matches("../"));
    let inquiry = first(&["device/model", "device/name"]);
    let usb_serial = usb_serial(directory);
    let ids = Ids {
        identify: vpd::identify(&page("vpd_pg89")),
        designators: vpd::designators(&page("vpd_pg83")),
        unit: unit(directory),
        namespace: text("nsid"),
        inquiry: inquiry.clone(),
        usb_serial: usb_serial.clone(),
    };
    let full = ids.identify.as_ref().map(|identify| identify.model.clone()).filter(|model| !model.is_empty());
    // SCSI disks have a page for it; the kernel does not ask USB disks for that, so there it is the serial number of the USB device.
    let serials = [first(&["serial", "device/serial"]), vpd::unit_serial(&page("vpd_pg80")), usb_serial];
    Disk {
        name: name.into(),
        // `size` is in units of 512 bytes whatever the sector size is.
        bytes: size.unwrap_or(0).saturating_mul(512),
        sector: sector.unwrap_or(0),
        physical: number("queue/physical_block_size").unwrap_or(0),
        optimal: number("queue/optimal_io_size").unwrap_or(0),
        untold: known.iter().find(|(value, _)| value.is_none()).map(|(_, what)| *what),
        vendor: text("device/vendor"),
        model: full.unwrap_or(inquiry),
        serial: serials.into_iter().find(|serial| !serial.is_empty()).unwrap_or_default(),
        wwn: first(&["wwid", "device/wwid"]),
        transport: Transport::of(path.split('/')),
        rotational: text("queue/rotational") == "1",
        removable: text("removable") == "1",
        read_only: text("ro") == "1",
        sd_card: name.starts_with("mmcblk") && text("device/type") == "SD",
        // SCSI peripheral device type 5 (SPC-5, 6.7.2)
        optical: name.starts_with("sr") || text("device/type") == "5",
        diskseq: diskseq.unwrap_or(0),
        partitions: partitions(directory),
        path,
        ids,
        ..Disk::default()
    }
}

/// The serial number of the USB device that the disk is, or is behind.
fn usb_serial(directory: &Path) -> String {
    let device = canonicalize(directory).unwrap_or_default();
    let usb = device.ancestors().find(|ancestor| ancestor.join("idVendor").exists());
    printable(&usb.and_then(|usb| read_to_string(usb.join("serial")).ok()).unwrap_or_default())
}

/// Target and logical unit of a SCSI device, whose directory is named host:channel:target:unit.
fn unit(directory: &Path) -> String {
    let device = read_link(directory.join("device")).unwrap_or_default();
    let name = device.file_name().unwrap_or_default().to_string_lossy();
    match name.split(':').collect::<Vec<_>>().as_slice() {
        [_, _, target, unit] => printable(&format!("{target}:{unit}")),
        _ => String::new(),
    }
}

fn partitions(directory: &Path) -> Vec<String> {
    let entries = read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter(|e| e.path().join("partition").exists()).map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, write};
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    struct Sysfs(PathBuf);

    impl Sysfs {
        fn new(name: &str) -> Sysfs {
            let root = std::env::temp_dir().join(format!("sysfs-{name}-{}", std::process::id()));
            create_dir_all(root.join("block")).unwrap();
            Sysfs(root)
        }

        fn disk(&self, name: &str, parent: &str, files: &[(&str, &str)]) {
            let device = self.0.join("devices").join(parent).join("block").join(name);
            let basic =
                [("size", "33554432\n"), ("queue/logical_block_size", "512\n"), ("diskseq", "7\n"), ("removable", "0\n"), ("ro", "0\n")];
            for (file, text) in basic.iter().chain(files) {
                create_dir_all(device.join(file).parent().unwrap()).unwrap();
                write(device.join(file), text).unwrap();
            }
            symlink(Path::new("../devices").join(parent).join("block").join(name), self.0.join("block").join(name)).unwrap();
        }
    }

    fn disks(sysfs: &Sysfs) -> Result<Disks> {
        disks_at(Roots { sys: &sysfs.0.display().to_string(), dev: "/dev/null" })
    }

    impl Drop for Sysfs {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn disks_are_described_and_views_left_out() {
        let sysfs = Sysfs::new("described");
        sysfs.disk(
            "nvme0n1",
            "pci0000:00/0000:00:03.0/nvme/nvme0",
            &[
                ("device/model", "QEMU NVMe Ctrl   \n"),
                ("device/serial", "UV0001  \n"),
                ("wwid", "nvme.1b36-55\n"),
                ("nvme0n1p1/partition", "1\n"),
            ],
        );
        sysfs.disk("sda", "pci0000:00/0000:00:04.0/usb2/2-1/host0", &[("removable", "1\n"), ("device/model", "Elements 25A2\n")]);
        write(sysfs.0.join("block/sda/device/vpd_pg80"), b"\0\x80\0\x04U S1").unwrap();
        sysfs.disk("sdb", "pci0000:00/0000:00:04.0/usb2/2-2/host0", &[("../../../idVendor", "46f4\n"), ("../../../serial", "UV0002\n")]);
        sysfs.disk("sr0", "pci0000:00/ata1/host1", &[("ro", "1\n"), ("device/type", "5\n")]);
        sysfs.disk("nvme0c0n1", "pci0000:00/0000:00:03.0/nvme/nvme0", &[("hidden", "1\n")]);
        sysfs.disk("loop0", "virtual", &[]);
        sysfs.disk("dm-0", "virtual", &[]);
        let disks = disks(&sysfs).unwrap();
        let names: Vec<&str> = disks.iter().map(|d| d.name.as_str()).collect();
        assert_eq!(names, ["nvme0n1", "sda", "sdb", "sr0"]);
        assert_eq!(disks[0].to_string(), "nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme)");
        assert_eq!((disks[0].partitions.as_slice(), disks[0].diskseq), (&["nvme0n1p1".to_string()][..], 7));
        assert_eq!((disks[1].serial.as_str(), disks[1].transport, disks[1].removable), ("U S1", Transport::Usb, true));
        assert_eq!(disks[2].serial, "UV0002");
        assert!(disks[3].optical && disks[3].read_only && disks[3].transport == Transport::Ata);
    }

    #[test]
    fn what_the_kernel_does_not_tell_is_said_and_not_guessed() {
        let sysfs = Sysfs::new("sectorless");
        sysfs.disk("sda", "pci", &[("queue/logical_block_size", "\n")]);
        sysfs.disk("sdb", "pci", &[("size", "-\n")]);
        sysfs.disk("sdc", "pci", &[("diskseq", "\n"), ("queue/rotational", "1\n"), ("queue/physical_block_size", "4096\n")]);
        let disks = disks(&sysfs).unwrap();
        let untold: Vec<_> = disks.iter().map(|disk| disk.untold).collect();
        assert_eq!(untold, [Some("logical sector size"), Some("size"), Some("sequence number")]);
        assert!(disks[2].rotational && disks[2].physical == 4096 && !disks[0].rotational);
        assert_eq!(disks[2].path, "devices/pci/block/sdc");
    }

    #[test]
    fn too_many_disks_are_refused_not_cut() {
        let sysfs = Sysfs::new("many");
        (0..=MAX_DISKS).for_each(|n| sysfs.disk(&format!("sd{n:03}"), "pci", &[]));
        assert_eq!(disks(&sysfs).unwrap_err().to_string(), "listing the disks: there are more than 64");
    }
}
