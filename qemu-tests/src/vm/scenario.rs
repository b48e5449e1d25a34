//! The vocabulary of a scenario: one row says which machine is built, what is said to it, and what must be true of
//! its disks afterwards.
//!
//! Texts may hold `{host}` and `{toplevel}`, what the image installs, `{commit}`, which a clone may be of, and `{luks}`, `{swap}`, `{store}`, what the system finds of them.
//!
//! Must never run anything. What is said to the machine is in `step`.

pub use super::bad::{Bad, Request};
pub use super::dirty::{Dirty, Old, Region, Table};
pub use super::login::Ssh;
pub use super::nic::{Card, Net, Nic};
pub use super::observer::{KILLER, MISER, OWNER, PARENT, PEST, SAMPLER, SQUATTER, WARDEN, WORD as OBSERVED};
pub use super::outcome::After;
pub use super::step::{Console, FIRMWARE_ENTRY, INSTALLED_SYSTEM, KEYS, LOCKED_SYSTEM, NOTHING_BOOTS, Step, deadline, flat};
pub use super::tpm::Tpm;
pub use super::variables::Vars;
pub use crate::servers::Server;

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Unique; names the directory with the logs.
    pub name: &'static str,
    /// What a pass proves, in one sentence.
    pub proves: &'static str,
    /// Part of the set that runs when nothing is named.
    pub core: bool,
    /// What starts the kernel.
    pub firmware: Firmware,
    /// Whose medium it is, as in `hosts`.
    pub host: &'static str,
    /// The medium is the one that Nix builds.
    pub from_nix: bool,
    /// What the script types as passphrase, where the host is encrypted.
    pub passphrase: Option<&'static str>,
    /// Whether the medium has a repository, of which a clone is left.
    pub repository: bool,
    /// How the image is attached.
    pub medium: Medium,
    /// Files that somebody has put on the kit partition, with their text; `{guid}` in a path is the medium's.
    pub kit: &'static [(&'static str, &'static str)],
    /// The machine's own disks, in the order in which it finds them.
    pub disks: &'static [Disk],
    /// Its network cards.
    pub nics: &'static [Nic],
    /// Its TPM, if it has one.
    pub tpm: Option<Tpm>,
    /// What its clock says when it is switched on, `YYYY-MM-DD`, if not the time.
    pub date: Option<&'static str>,
    /// The firmware's boot entries, in the order in which it tries them.
    pub entries: &'static [Entry],
    /// Words starting with `install.`, handed over as SMBIOS type 11 strings.
    pub words: &'static [&'static str],
    /// Other kernel words: through systemd-boot, or on the command line of a direct boot.
    pub kernel_words: &'static [&'static str],
    /// Where the kernel talks.
    pub consoles: Consoles,
    /// What a person types on.
    pub keyboard: Keyboard,
    /// What is wrong with the medium.
    pub fault: Fault,
    /// Guest memory in MiB.
    pub ram_mib: u32,
    /// What the machine reaches over its network.
    pub servers: &'static [Server],
    /// What the installed system says first when it boots, in this order.
    pub finds: &'static [Step],
    /// The conversation on the consoles.
    pub script: &'static [Step],
    /// What is read from the disks once the machine is off.
    pub after: &'static [After],
}

/// A UEFI machine with 1 GiB of memory and ultraviolet's image on a USB stick, without disks and without a script.
pub const BASE: Scenario = Scenario {
    name: "",
    proves: "",
    core: true,
    firmware: Firmware::Ovmf,
    host: "ultraviolet",
    from_nix: false,
    passphrase: None,
    repository: false,
    medium: Medium::UsbStick,
    kit: &[],
    disks: &[],
    nics: &[],
    tpm: None,
    date: None,
    entries: &[],
    words: &[],
    kernel_words: &[],
    consoles: Consoles::Both,
    keyboard: Keyboard::Ps2,
    fault: Fault::None,
    ram_mib: 1024,
    servers: &[],
    finds: &[],
    script: &[],
    after: &[],
};

/// What starts the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Firmware {
    /// UEFI, which boots the medium's own loader.
    Ovmf,
    /// Legacy BIOS, which boots the medium's own loader.
    SeaBios,
    /// UEFI, with kernel and initrd given to it: no loader, and words on the command line. The medium is attached all the same.
    Direct,
    /// Legacy BIOS, with kernel and initrd given to it in the same way. Its screen is in text mode, and can be read.
    DirectBios,
}

impl Firmware {
    /// Whether there are firmware variables, and a loader can be started from them.
    pub fn is_uefi(self) -> bool {
        matches!(self, Firmware::Ovmf | Firmware::Direct)
    }

    /// Whether kernel and initrd are given to it.
    pub fn is_direct(self) -> bool {
        matches!(self, Firmware::Direct | Firmware::DirectBios)
    }
}

/// The consoles of the machine. Only a direct boot can have fewer than both: otherwise the medium's own loader says which there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consoles {
    /// The screen with its keyboard, and the serial line.
    Both,
    /// The serial line: the machine has no graphics card.
    Serial,
    /// The screen with its keyboard: the serial port is there, and nobody behind it.
    Screen,
}

/// The keyboard of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keyboard {
    /// On the controller that every PC had once.
    Ps2,
    /// On USB; there is no such controller.
    Usb,
}

/// How the image is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A writable removable stick on an xHCI controller.
    UsbStick,
    /// A stick of 64 GiB that says it is a disk and not removable.
    UsbDisk,
    /// A read-only disc in a SATA drive.
    Cdrom,
}

/// A disk of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Disk {
    /// How it is attached.
    pub bus: Bus,
    /// Size in MiB.
    pub mib: u64,
    /// Logical sector size in bytes.
    pub sector: u32,
    /// Serial number that the guest reads.
    pub serial: &'static str,
    /// What it holds before the run.
    pub prefill: Prefill,
    /// What is wrong with it while the installer runs.
    pub bad: &'static [Bad],
}

/// How a disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// A controller and a namespace of its own: nvme0n1, nvme1n1, …
    Nvme,
    /// The same, and every write and flush is kept in a log beside its file.
    NvmeRecorded,
    /// AHCI; its sectors always have 512 bytes.
    Sata,
    /// virtio-blk.
    Virtio,
    /// A disk on a virtio-scsi controller of its own.
    VirtioScsi,
    /// A disk in a USB enclosure that speaks UAS and nothing else.
    Uas,
    /// A controller and a namespace behind a port of its own, not there until a step plugs it in.
    NvmeLater,
    /// A disk in a USB enclosure, not removable.
    Usb,
    /// A USB disk that is not there until a step plugs it in.
    UsbLater,
    /// An SD card in a slot on PCI, at most one. Its size must be a power of two; it has no serial number but [`SD_SERIAL`].
    Sd,
}

/// The serial number that QEMU gives every SD card, as Linux spells it.
pub const SD_SERIAL: &str = "0xdeadbeef";

impl Disk {
    /// The disk as it is attached when the machine boots what was installed: what was plugged in stays, and since the firmware
    /// has no driver for SD cards, a card is put into a USB reader.
    pub fn at_next_boot(self) -> Disk {
        let bus = match self.bus {
            Bus::NvmeLater | Bus::NvmeRecorded => Bus::Nvme,
            Bus::UsbLater | Bus::Sd => Bus::Usb,
            bus => bus,
        };
        Disk { bus, bad: &[], ..self }
    }
}

/// What a disk holds before the run.
#[derive(Debug, Clone, Copy)]
pub enum Prefill {
    /// Nothing.
    Empty,
    /// Bytes at offsets.
    Bytes(&'static [(u64, &'static [u8])]),
    /// A megabyte of noise at the start, in the middle and at the end.
    Noise,
    /// What is in the file beside the directory of the scenario, of its name and the ending `cut`.
    Beside,
    /// A copy of the image that the machine boots from.
    Image,
    /// An MBR with one partition at 1 MiB, which holds such a copy.
    ImageInPartition,
    /// Remains of earlier systems.
    Dirty(&'static Dirty),
    /// A GPT of partitions of 64 MiB, the first of them an ESP if it is asked for. Their GUIDs are 16 times the byte.
    Table {
        /// Whether there is an ESP.
        esp: bool,
        /// The GUIDs of its partitions, one byte each.
        ids: &'static [u8],
    },
}

/// A boot entry that the firmware has from earlier.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Boot####.
    pub number: u16,
    /// What the firmware's menu calls it.
    pub description: &'static str,
    /// PARTUUID of the partition with its loader, in the order of the disk.
    pub partition: [u8; 16],
    /// Whether the firmware considers it.
    pub active: bool,
}

/// What is wrong with the medium.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Nothing.
    None,
    /// The firmware has hardly any room for variables.
    FullVariables,
    /// One byte inverted, at an offset into the GPT partition of that name.
    FlipByte(&'static str, u64),
    /// One sector cannot be read: the one with the byte at an offset into the GPT partition of that name.
    Unreadable(&'static str, u64),
    /// The same, in the middle of this file of the partition that firmware boots.
    UnreadableFile(&'static str),
    /// The same, where the GPT has its first header.
    UnreadableTable,
    /// The kit partition has no room for another byte.
    KitFull,
    /// The allocation table of the kit partition is lost: files of its root can be read, and no directory.
    KitDamaged,
    /// There is no kit partition.
    KitAbsent,
}
