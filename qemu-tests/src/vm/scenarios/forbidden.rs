//! Modules that no device announces and no installation can do without, and network cards: the command line forbids them one by one, and
//! each has a sentence of its own before the first write. What they do where they are allowed is seen in every other row.

use super::encrypted::{AGAIN, FIRST, PASSPHRASE};
use super::{ASK, BOOT, HELD, INSTALLED, NOISY, PROMPT, REFUSED, STEP, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::{DiskUnchanged, KitHas, NicSilent};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, Forbid, Part, Type};
use crate::vm::scenario::{BASE, Card, Firmware, Net, Nic, Scenario, Step};

/// A row of this file.
const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NOISY], after: &[DiskUnchanged(0)], ..BASE };

/// The plan is agreed to, and nothing comes of it.
const IN_VAIN: Step = Part(&[Forbid(INSTALLED), Forbid(STEP_ONE), Expect(ASK, BOOT + PROMPT), Type(Serial, "yes")]);
/// The end of all of them.
const WHOLE: Step = Part(&[Expect(UNTOUCHED, 10), HELD]);

/// On a network with everything.
const VIRTIO: Nic = Nic { card: Card::Virtio, net: Net::User, unplugged: false };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "without-loop",
        proves: "A kernel without loop devices cannot read the stick, which is said before anything is asked.",
        kernel_words: &["modprobe.blacklist=loop"],
        script: &[
            REFUSED,
            Expect("failed: attaching a loop device: it takes the kernel's module loop, which the kernel command line forbids", PROMPT),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-vfat",
        proves: "A kernel without FAT cannot read the kit, which is said before anything is asked.",
        kernel_words: &["modprobe.blacklist=vfat"],
        script: &[
            REFUSED,
            Expect("failed: using the kit partition: it takes the kernel's module vfat, which the kernel command line forbids", PROMPT),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-nls",
        proves: "The character set that a FAT file system lacks is named, where the kernel knows nothing but an invalid argument.",
        kernel_words: &["module_blacklist=nls_ascii"],
        script: &[
            REFUSED,
            Expect(
                "failed: using the kit partition: it takes the kernel's module nls_ascii, which the kernel command line forbids",
                PROMPT,
            ),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-squashfs",
        proves: "A kernel that cannot mount stage-2 does not begin.",
        kernel_words: &["modprobe.blacklist=squashfs"],
        script: &[
            IN_VAIN,
            Expect(
                "failed: mounting the image of stage-2: it takes the kernel's module squashfs, which the kernel command line forbids",
                STEP,
            ),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-overlay",
        proves: "A kernel that cannot lay memory over stage-2 does not begin.",
        kernel_words: &["modprobe.blacklist=overlay"],
        script: &[
            IN_VAIN,
            Expect(
                "failed: mounting the overlay of stage-2: it takes the kernel's module overlay, which the kernel command line forbids",
                STEP,
            ),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-ext4",
        proves: "A kernel that cannot mount the root file system does not make one.",
        kernel_words: &["modprobe.blacklist=ext4"],
        script: &[
            IN_VAIN,
            Expect(
                "failed: preparing the installation: mounting ext4 needs a module of the kernel, which is not on this medium or cannot be loaded",
                STEP,
            ),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-dm-crypt",
        proves: "A kernel without encryption refuses an encrypted host when the passphrase is known and the disk is whole.",
        host: "stygianlibrary",
        kernel_words: &["modprobe.blacklist=dm-crypt"],
        script: &[
            IN_VAIN,
            Expect(FIRST, PROMPT),
            Type(Serial, PASSPHRASE),
            Expect(AGAIN, 30),
            Type(Serial, PASSPHRASE),
            Expect("failed: looking for the kernel's encryption (dm-crypt): it takes the kernel's module dm_crypt, which ", STEP),
            WHOLE,
        ],
        ..ROW
    },
    Scenario {
        name: "without-network-drivers",
        proves: "Cards on virtio, PCI and USB whose drivers are forbidden are no links, and those on PCI are named.",
        nics: &[VIRTIO, Nic { card: Card::E1000e, ..VIRTIO }, Nic { card: Card::Usb, ..VIRTIO }],
        words: &["install.network.enable", "install.wait-network=15", "install.unattended", "install.confirm=UV0001"],
        kernel_words: &["modprobe.blacklist=virtio-net,e1000e", "module_blacklist=cdc_ether,rndis_host,cdc_subset"],
        script: &[
            REFUSED,
            Expect("autoinstaller: - no driver for the network card 8086:10d3 at ", PROMPT),
            Expect("failed: getting a network address: this machine shows no wired link that may be used, in 1", 10),
            WHOLE,
        ],
        after: &[
            NicSilent(0),
            NicSilent(1),
            NicSilent(2),
            DiskUnchanged(0),
            KitHas("autoinstaller.log", "no driver for the network card 8086:10d3 at "),
        ],
        ..ROW
    },
];
