//! The tree of sysfs as the kernel lays it out: where a disk is in it, by its bus, and which file has which of its attributes.

use std::fs::{create_dir_all, write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::text::Line;

/// Puts a disk into the tree: `disk NAME BUS SIZE`, the `number`th of the machine, of so many `bytes`.
pub fn disk(sysfs: &Path, number: usize, bytes: u64, line: &Line) {
    let (name, bus) = (line.word(0), line.word(1));
    let Place { device, block, usb } = place(name, bus, number, line);
    let directory = sysfs.join("devices").join(&block);
    put(&directory, "size", &(bytes / 512).to_string());
    put(&directory, "diskseq", &(number + 1).to_string());
    let flag = |name: &str| if line.words.iter().any(|word| word == name) { "1" } else { "0" };
    ["removable", "ro", "hidden"].iter().for_each(|name| put(&directory, name, flag(name)));
    let known = ["removable", "ro", "hidden"];
    line.words.iter().skip(3).for_each(|word| assert!(known.contains(&word.as_str()), "`{word}` is not known of a disk"));
    put(&directory, "queue/logical_block_size", line.value("sector").unwrap_or("512"));
    create_dir_all(sysfs.join("block")).unwrap();
    symlink(Path::new("../devices").join(&block), sysfs.join("block").join(name)).unwrap();
    if let Some(device) = &device {
        create_dir_all(sysfs.join("devices").join(device)).unwrap();
        symlink(Path::new(&"../".repeat(block.components().count())).join(device), directory.join("device")).unwrap();
    }
    if let Some((_, namespace)) = name.strip_prefix("nvme").and_then(|rest| rest.split_once('n')) {
        put(&directory, "nsid", namespace);
    }
    if let Some(usb) = &usb {
        put(&sysfs.join("devices").join(usb), "idVendor", "0781");
    }
    for (key, value) in &line.values {
        match (key.as_str(), bus) {
            ("sector" | "port" | "lun", _) => {}
            ("serial", "usb") => put(&sysfs.join("devices").join(usb.as_ref().unwrap()), "serial", value),
            ("serial", "virtio") => put(&directory, "serial", value),
            ("serial", "nvme" | "nvme-multipath" | "mmc") => put(&directory, "device/serial", value),
            ("serial", _) => page(&directory, 0x80, value.as_bytes()),
            ("identify", "ata" | "sas") => page(&directory, 0x89, &identify(value, line.value("serial").unwrap_or_default())),
            ("model", "mmc") => put(&directory, "device/name", value),
            ("wwid", "nvme" | "nvme-multipath") => put(&directory, "wwid", value),
            ("model" | "vendor" | "type" | "wwid", _) => put(&directory, &format!("device/{key}"), value),
            _ => panic!("`{key}` is not known of a disk"),
        }
    }
}

/// Makes the kernel have found these partitions on a disk.
pub fn partitions(sysfs: &Path, disk: &str, names: &[String]) {
    (1..).zip(names).for_each(|(number, name)| put(&sysfs.join("block").join(disk).join(name), "partition", &number.to_string()));
}

/// Puts a PCI function into the tree: `controller ADDRESS VENDOR:DEVICE CLASS [driver=NAME]`.
pub fn controller(sysfs: &Path, line: &Line) {
    let directory = sysfs.join("bus/pci/devices").join(line.word(0));
    let (vendor, device) = line.word(1).split_once(':').unwrap();
    for (file, number) in [("vendor", vendor), ("device", device), ("class", line.word(2))] {
        put(&directory, file, &format!("0x{number}"));
    }
    if line.value("driver").is_some() {
        create_dir_all(directory.join("driver")).unwrap();
    }
}

struct Place {
    device: Option<PathBuf>,
    block: PathBuf,
    /// The USB device, which is further up.
    usb: Option<PathBuf>,
}

fn place(name: &str, bus: &str, number: usize, line: &Line) -> Place {
    let digits = |text: &str| text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect::<String>();
    let n = digits(name);
    let port = line.value("port").map_or_else(|| (number + 1).to_string(), String::from);
    let lun = line.value("lun").unwrap_or("0");
    let plain = |device: String| Place { block: PathBuf::from(&device).join("block").join(name), device: Some(device.into()), usb: None };
    let direct = |device: String| Place { block: PathBuf::from(&device).join(name), device: Some(device.into()), usb: None };
    match bus {
        "nvme" => direct(format!("pci0000:00/0000:00:1d.0/0000:{number:02x}:00.0/nvme/nvme{n}")),
        "nvme-multipath" => direct(format!("virtual/nvme-subsystem/nvme-subsys{n}")),
        "ata" => plain(format!("pci0000:00/0000:00:17.0/ata{port}/host{port}/target{port}:0:0/{port}:0:0:{lun}")),
        "sas" => plain(format!("pci0000:00/0000:03:00.0/host0/port-0:{port}/end_device-0:{port}/target0:0:{port}/0:0:{port}:{lun}")),
        "raid" => plain(format!("pci0000:00/0000:03:00.0/host0/target0:2:{port}/0:2:{port}:{lun}")),
        "iscsi" => plain(format!("platform/host2/session1/target2:0:0/2:0:0:{lun}")),
        "usb" => {
            let usb = PathBuf::from(format!("pci0000:00/0000:00:14.0/usb2/2-{port}"));
            let device = usb.join(format!("2-{port}:1.0/host{port}/target{port}:0:0/{port}:0:0:{lun}"));
            Place { block: device.join("block").join(name), device: Some(device), usb: Some(usb) }
        }
        "mmc" => plain(format!("pci0000:00/0000:00:1a.0/mmc_host/mmc{n}/mmc{n}:0001")),
        // Boot and RPMB areas hang below the disk, and know nothing of the card.
        "mmc-area" => direct(format!("pci0000:00/0000:00:1a.0/mmc_host/mmc{n}/mmc{n}:0001/block/mmcblk{n}")),
        "virtio" => plain(format!("pci0000:00/0000:00:04.0/virtio{number}")),
        "virtual" => Place { block: format!("virtual/block/{name}").into(), device: None, usb: None },
        "floppy" => Place { block: format!("platform/floppy.0/block/{name}").into(), device: None, usb: None },
        _ => panic!("`{bus}` is no bus"),
    }
}

/// A page of vital product data (SPC-5, 7.7).
fn page(directory: &Path, code: u8, content: &[u8]) {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    write(directory.join(format!("device/vpd_pg{code:02x}")), [&[0, code], &length[..], content].concat()).unwrap();
}

/// IDENTIFY DEVICE in the ATA information page (SAT-4, 12.4.2): the model in full, two characters a word, the first in the upper byte.
fn identify(model: &str, serial: &str) -> Vec<u8> {
    let mut content = vec![0; 56 + 512];
    for (word, text) in [(10, format!("{serial:>20}")), (27, format!("{model:<40}"))] {
        let swapped = text.as_bytes().chunks_exact(2).flat_map(|pair| [pair[1], pair[0]]);
        content.splice(56 + 2 * word..56 + 2 * word + text.len(), swapped);
    }
    content
}

fn put(directory: &Path, file: &str, text: &str) {
    let path = directory.join(file);
    create_dir_all(path.parent().unwrap()).unwrap();
    write(path, format!("{text}\n")).unwrap();
}
