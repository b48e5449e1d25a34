//! The vocabulary of a scenario: one row says which machine is built, what is said to it, and what must be true of
//! its disks afterwards.
//!
//! Texts may hold `{host}` and `{toplevel}`: the name and the system that the image installs.
//!
//! Must never run anything. Deadlines are in seconds and chosen for two machines at once on two emulated cores.

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
    /// How the image is attached.
    pub medium: Medium,
    /// The machine's own disks, in the order in which it finds them.
    pub disks: &'static [Disk],
    /// The firmware's boot entries, in the order in which it tries them.
    pub entries: &'static [Entry],
    /// Words starting with `install.`, handed over as SMBIOS type 11 strings.
    pub words: &'static [&'static str],
    /// Other kernel words: through systemd-boot, or on the command line of a direct boot.
    pub kernel_words: &'static [&'static str],
    /// What is wrong with the medium.
    pub fault: Fault,
    /// Guest memory in MiB.
    pub ram_mib: u32,
    /// The conversation on the consoles.
    pub script: &'static [Step],
    /// What is read from the disks once the machine is off.
    pub after: &'static [After],
}

/// A UEFI machine with 1 GiB of memory and the image on a USB stick, without disks and without a script.
pub const BASE: Scenario = Scenario {
    name: "",
    proves: "",
    core: true,
    firmware: Firmware::Ovmf,
    medium: Medium::UsbStick,
    disks: &[],
    entries: &[],
    words: &[],
    kernel_words: &[],
    fault: Fault::None,
    ram_mib: 1024,
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
}

/// How a disk is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bus {
    /// A controller and a namespace of its own: nvme0n1, nvme1n1, …
    Nvme,
    /// AHCI; its sectors always have 512 bytes.
    Sata,
    /// virtio-blk.
    Virtio,
    /// A disk in a USB enclosure, not removable.
    Usb,
    /// A USB disk that is not there until a step plugs it in.
    UsbLater,
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
    /// A copy of the image that the machine boots from.
    Image,
    /// An MBR with one partition at 1 MiB, which holds such a copy.
    ImageInPartition,
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
    /// One byte inverted, at an offset into the GPT partition of that name.
    FlipByte(&'static str, u64),
}

/// A console of the guest on which a person can type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// ttyS0.
    Serial,
    /// The keyboard of the VGA console, tty0.
    Keyboard,
}

/// One step of the conversation; the number is the deadline in seconds, counted from the step before.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The text appears on the serial console, after the text expected before.
    Expect(&'static str, u64),
    /// All texts appear, in any order: Linux gives disks their names in the order in which they answer.
    ExpectAll(&'static [&'static str], u64),
    /// The text and Enter are typed.
    Type(Console, &'static str),
    /// The text must not appear in the whole run, wherever in the script this stands.
    Forbid(&'static str),
    /// The guest powers the machine off.
    ExpectPowerOff(u64),
    /// The guest resets the machine.
    ExpectReset(u64),
    /// A picture of the screen is kept beside the logs, under this name.
    Picture(&'static str),
    /// The disk with this number, which is on [`Bus::UsbLater`], is plugged in.
    Plug(usize),
    /// The stick is pulled.
    Unplug,
    /// Steps that several scripts share.
    Part(&'static [Step]),
}

/// What must be true of the disks once the machine is off. A disk that no row names must be unchanged, always.
#[derive(Debug, Clone, Copy)]
pub enum After {
    /// The disk carries a complete installation.
    TargetInstalled(usize),
    /// The disk was written to, but need not be complete.
    DiskWritten(usize),
    /// Every byte of the disk is what it was.
    DiskUnchanged(usize),
    /// A file on the kit partition of the stick contains the text; `{guid}` in either is the medium's.
    KitHas(&'static str, &'static str),
    /// The disks boot without the medium, up to the marker of the installed system.
    BootsInstalled(Vars),
}

/// Which firmware variables the installed disk is booted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vars {
    /// Those of a new machine: nothing but the removable path leads to the loader.
    Fresh,
    /// Those that the installation left.
    Left,
}

/// Firmware, loader, kernel and the first word of the installed system, in seconds.
const BOOT: u64 = 240;
/// From one of its findings to the next, and from the last to power-off.
const FINDING: u64 = 60;

/// What the installed test system finds out about itself, before it powers off.
pub const INSTALLED_SYSTEM: Step = Step::Part(&[
    Step::Expect("FIXTURE-ROOT /dev/", BOOT),
    Step::Expect("FIXTURE-ESP mounted, 1 entries", FINDING),
    Step::Expect("FIXTURE-SWAP found", FINDING),
    Step::Expect("FIXTURE-STORE mode=1775 owner=0:30000 registration=0", FINDING),
    Step::Expect("FIXTURE-BOOTED {host} generation=system-1-link system={toplevel}", FINDING),
    Step::ExpectPowerOff(FINDING),
]);

/// The last line of the failure screen.
pub const KEYS: &str = "autoinstaller: press p to power off, s for a shell";

impl Scenario {
    /// Whether this disk may differ afterwards.
    pub fn may_write(&self, disk: usize) -> bool {
        self.after.iter().any(|after| matches!(after, After::TargetInstalled(i) | After::DiskWritten(i) if *i == disk))
    }

    /// Whether the machine goes on after a reset.
    pub fn survives_reset(&self) -> bool {
        flat(self.script).iter().any(|step| matches!(step, Step::ExpectReset(_)))
    }

    /// Whether it must end on the failure screen, and may leave its log.
    pub fn fails(&self) -> bool {
        flat(self.script).iter().any(|step| matches!(step, Step::Expect(KEYS, _)))
    }

    /// Whether the kit partition may change: for the log of a failure, or for what a row looks for on it.
    pub fn may_write_kit(&self) -> bool {
        self.medium != Medium::Cdrom && (self.fails() || self.after.iter().any(|after| matches!(after, After::KitHas(..))))
    }

    /// An upper bound of the run in seconds: the sum of its deadlines. Orders the scenarios, longest first.
    pub fn bound(&self) -> u64 {
        let boots = self.after.iter().filter(|after| matches!(after, After::BootsInstalled(_))).count() as u64;
        deadline(self.script) + boots * deadline(&[INSTALLED_SYSTEM])
    }
}

/// The steps of a script with those of its parts in their places.
pub fn flat(script: &[Step]) -> Vec<Step> {
    let steps = script.iter().map(|step| if let Step::Part(part) = step { flat(part) } else { vec![*step] });
    steps.flatten().collect()
}

fn deadline(script: &[Step]) -> u64 {
    flat(script).iter().map(Step::deadline).sum()
}

impl Step {
    fn deadline(&self) -> u64 {
        match self {
            Step::Expect(_, seconds) | Step::ExpectAll(_, seconds) | Step::ExpectPowerOff(seconds) | Step::ExpectReset(seconds) => *seconds,
            Step::Type(..) | Step::Forbid(_) | Step::Picture(_) | Step::Plug(_) | Step::Unplug | Step::Part(_) => 0,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Expect(text, seconds) => write!(f, "expecting `{text}` within {seconds} s"),
            Step::ExpectAll(texts, seconds) => write!(f, "expecting all of `{}` within {seconds} s", texts.join("`, `")),
            Step::Type(Console::Serial, text) => write!(f, "typing `{text}` on the serial console"),
            Step::Type(Console::Keyboard, text) => write!(f, "typing `{text}` on the keyboard"),
            Step::Forbid(text) => write!(f, "forbidding `{text}`"),
            Step::ExpectPowerOff(seconds) => write!(f, "expecting power-off within {seconds} s"),
            Step::ExpectReset(seconds) => write!(f, "expecting a reset within {seconds} s"),
            Step::Picture(name) => write!(f, "keeping the picture {name}"),
            Step::Plug(disk) => write!(f, "plugging disk {disk} in"),
            Step::Unplug => f.write_str("pulling the stick"),
            Step::Part(steps) => write!(f, "playing {} steps", steps.len()),
        }
    }
}
