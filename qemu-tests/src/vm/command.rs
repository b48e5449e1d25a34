//! The command line of QEMU for one boot. Pure: the same boot gives the same words.
//!
//! QEMU runs in the directory of the scenario, so its files go by their short names. Its standard input is the serial port and its
//! standard output is QMP: sockets without names, which cannot be left behind or be too long.

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::disk::{file_name, log_name};
use super::scenario::{Bus, Consoles, Disk, Firmware, Keyboard, Medium, Nic, Tpm};
use super::{bad, medium, nic, observer, tpm};
use crate::image::Image;

/// Name of the firmware variables in the directory of the scenario.
pub const VARS: &str = "vars.fd";

/// Device id of the stick.
pub const STICK: &str = "stick";

/// One start of a machine.
#[derive(Debug, Clone, Copy)]
pub struct Boot<'a> {
    /// What starts the kernel.
    pub firmware: Firmware,
    /// How the image is attached, if it is.
    pub medium: Option<Medium>,
    /// The sector of it that cannot be read, if there is one.
    pub bad_sector: Option<u64>,
    /// The machine's disks.
    pub disks: &'a [Disk],
    /// Its network cards.
    pub nics: &'a [Nic],
    /// Its TPM, if it has one.
    pub tpm: Option<Tpm>,
    /// What its clock says, if not the time.
    pub date: Option<&'a str>,
    /// Memory in MiB.
    pub ram_mib: u32,
    /// Words for SMBIOS type 11.
    pub words: &'a [&'a str],
    /// Words for the kernel command line.
    pub kernel_words: &'a [&'a str],
    /// Where the kernel talks.
    pub consoles: Consoles,
    /// What a person types on.
    pub keyboard: Keyboard,
    /// Whether the machine goes on after a reset.
    pub survives_reset: bool,
    /// Options of the network on which its servers are.
    pub network: &'a [String],
    /// Port of this machine that leads to its ssh server, if anybody may log in.
    pub login: Option<u16>,
}

/// All words after `qemu-system-x86_64` that do not say where the consoles are.
pub fn arguments(image: &Image, boot: &Boot, accel: &str) -> Vec<String> {
    let mut args = Args(Vec::new());
    let machine = if boot.keyboard == Keyboard::Usb { "q35,i8042=off" } else { "q35" };
    args.words(&["-nodefaults", "-machine", machine, "-accel", accel, "-cpu", "max", "-smp", "2", "-m", &boot.ram_mib.to_string()]);
    let card = if boot.consoles == Consoles::Serial { "none" } else { "std" };
    args.words(&["-display", "none", "-vga", card, "-nic", "none"]);
    if !boot.survives_reset {
        args.words(&["-no-reboot"]);
    }
    args.firmware(image, boot);
    args.words(&["-device", "qemu-xhci,id=xhci"]);
    if boot.keyboard == Keyboard::Usb {
        args.words(&["-device", "usb-kbd,bus=xhci.0"]);
    }
    if let Some(medium) = boot.medium {
        args.medium(medium, boot);
    }
    for (index, disk) in boot.disks.iter().enumerate() {
        args.disk(index, disk);
    }
    for (index, card) in boot.nics.iter().enumerate() {
        args.0.extend(nic::arguments(index, card, boot.network, boot.login));
    }
    args.0.extend(boot.tpm.map(tpm::arguments).into_iter().flatten());
    if let Some(date) = boot.date {
        args.words(&["-rtc", &format!("base={date}")]);
    }
    args.0
}

struct Args(Vec<String>);

impl Args {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(|word| (*word).to_owned()));
    }

    fn firmware(&mut self, image: &Image, boot: &Boot) {
        if boot.firmware.is_uefi() {
            let code = escape(&image.ovmf_code.to_string_lossy());
            self.words(&["-drive", &format!("if=pflash,unit=0,format=raw,readonly=on,file={code}")]);
            self.words(&["-drive", &format!("if=pflash,unit=1,format=raw,file={VARS}")]);
        }
        for word in boot.words {
            self.words(&["-smbios", &format!("type=11,value={}", escape(word))]);
        }
        let extra = boot.kernel_words.join(" ");
        if boot.firmware.is_direct() {
            let words: Vec<&str> = image.cmdline.split(' ').filter(|word| boot.consoles.has(word)).collect();
            // On a busy host the emulated timer ticks late, and Linux takes that for a broken board. `no-scroll` leaves the screen
            // where it is read from.
            let cmdline = format!("{} no_timer_check no-scroll {extra}", words.join(" "));
            let initrd = if observer::is_asked_for(boot.kernel_words) { Path::new(observer::INITRD) } else { &image.initrd };
            self.words(&["-kernel", &image.kernel.to_string_lossy(), "-initrd", &initrd.to_string_lossy()]);
            self.words(&["-append", cmdline.trim_end()]);
        } else if !extra.is_empty() {
            self.words(&["-smbios", &format!("type=11,value=io.systemd.boot.kernel-cmdline-extra={}", escape(&extra))]);
        }
    }

    fn medium(&mut self, medium: Medium, boot: &Boot) {
        let file = medium::FILE_NAME;
        let behind = boot.bad_sector.map_or_else(|| format!("format=raw,file={file}"), |sector| bad::unreadable(file, sector));
        // Never under UEFI: OVMF removes the boot options of all devices without an index, so the disk that is installed now would
        // come after the firmware's shell from then on. Its own order tries every disk first, and an empty one does not start.
        let index = if boot.firmware == Firmware::SeaBios { ",bootindex=0" } else { "" };
        let removable = if medium == Medium::UsbDisk { "off" } else { "on" };
        match medium {
            Medium::UsbStick | Medium::UsbDisk => self.words(&[
                "-drive",
                &format!("if=none,id=medium,{behind}"),
                "-device",
                &format!("usb-storage,id={STICK},bus=xhci.0,drive=medium,removable={removable}{index}"),
            ]),
            Medium::Cdrom => self.words(&[
                "-drive",
                &format!("if=none,id=medium,media=cdrom,readonly=on,{behind}"),
                "-device",
                &format!("ide-cd,bus=ide.0,drive=medium{index}"),
            ]),
        }
    }

    fn disk(&mut self, index: usize, disk: &Disk) {
        let (serial, sector) = (escape(disk.serial), disk.sector);
        let sectors = format!("logical_block_size={sector},physical_block_size={sector}");
        let drive = format!("drive=disk{index}");
        // Nothing here outlives the host, so a flush need not reach its disk, but only the log of writes.
        let file = file_name(index);
        let behind = if let Some(behind) = bad::behind(disk, &file) {
            behind
        } else if disk.bus == Bus::NvmeRecorded {
            let log = format!("log.driver=file,log.cache.no-flush=on,log.filename={},log-sector-size=512", log_name(index));
            format!("driver=blklogwrites,file.driver=file,file.cache.no-flush=on,file.discard=unmap,file.filename={file},{log}")
        } else {
            format!("format=raw,cache=unsafe,file={file}")
        };
        self.words(&["-drive", &format!("if=none,id=disk{index},discard=unmap,{behind}")]);
        match disk.bus {
            Bus::Nvme | Bus::NvmeRecorded => {
                self.words(&["-device", &format!("nvme,id=nvme{index},serial={serial}")]);
                self.words(&["-device", &format!("nvme-ns,bus=nvme{index},nsid=1,{drive},{sectors}")]);
            }
            // Port 0 of the controller is for the disc.
            Bus::Sata => self.words(&["-device", &format!("ide-hd,bus=ide.{},{drive},serial={serial}", index + 1)]),
            Bus::Virtio => self.words(&["-device", &format!("virtio-blk-pci,{drive},serial={serial},{sectors}")]),
            Bus::VirtioScsi => {
                self.words(&["-device", &format!("virtio-scsi-pci,id=scsi{index}")]);
                self.words(&["-device", &format!("scsi-hd,bus=scsi{index}.0,{drive},serial={serial},{sectors}")]);
            }
            Bus::Uas => {
                self.words(&["-device", &format!("usb-uas,id=uas{index},bus=xhci.0,serial={serial}")]);
                self.words(&["-device", &format!("scsi-hd,bus=uas{index}.0,{drive},serial={serial},{sectors}")]);
            }
            // The port alone: a step puts the controller behind it.
            Bus::NvmeLater => self.words(&["-device", &format!("pcie-root-port,id=port{index},chassis={}", index + 1)]),
            Bus::UsbLater => {}
            Bus::Sd => self.words(&["-device", "sdhci-pci", "-device", &format!("sd-card,{drive}")]),
            // `usb-storage` ignores the sector size. Linux asks the USB device for the serial number, not the disk.
            Bus::Usb => {
                self.words(&["-device", &format!("usb-bot,id=bot{index},bus=xhci.0,serial={serial}")]);
                self.words(&["-device", &format!("scsi-hd,bus=bot{index}.0,lun=0,{drive},serial={serial},{sectors}")]);
            }
        }
    }
}

impl Consoles {
    /// Whether a word of the kernel is no console, or one that the machine has.
    fn has(self, word: &str) -> bool {
        let Some(console) = word.strip_prefix("console=") else { return true };
        match self {
            Consoles::Both => true,
            Consoles::Serial => console.starts_with("ttyS"),
            Consoles::Screen => !console.starts_with("ttyS"),
        }
    }
}

/// Id of the drive behind a disk.
pub fn drive_id(index: usize) -> String {
    format!("disk{index}")
}

/// Device id of a disk that is plugged in by a step.
pub fn late_id(index: usize) -> String {
    format!("late{index}")
}

/// The device that is added when a disk is plugged in; QEMU has its file open already.
pub fn late(index: usize, disk: &Disk) -> Result<Value> {
    let (id, drive, serial) = (late_id(index), format!("disk{index}"), disk.serial);
    Ok(match disk.bus {
        Bus::NvmeLater => json!({"driver": "nvme", "id": id, "bus": format!("port{index}"), "drive": drive, "serial": serial}),
        Bus::UsbLater => json!({"driver": "usb-storage", "id": id, "bus": "xhci.0", "drive": drive, "serial": serial}),
        bus => bail!("plugging disk {index} in: {bus:?} is there from the start"),
    })
}

/// QEMU's option lists are cut at single commas.
pub fn escape(value: &str) -> String {
    value.replace(',', ",,")
}

#[cfg(test)]
#[path = "command_tests.rs"]
mod tests;
