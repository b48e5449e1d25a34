//! The network and the clock before the question. The system comes from the closure all the same: what is tried here is being online.

use super::{ASK, BOOT, FAILED, HELD, NO, NOISY, NVME, OFF, PROMPT, REFUSED, REFUSES_NOTHING, STEP, UNTOUCHED};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, NicSilent, NicSpoke, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Cable, Expect, ExpectPowerOff, Forbid, Send, Type};
use crate::vm::scenario::{BASE, Card, Firmware, Net, Nic, Scenario, Step, Vars};

/// Connected to a network with everything.
const VIRTIO: Nic = Nic { card: Card::Virtio, net: Net::User, unplugged: false };
/// Connected to nobody.
const ALONE: Nic = Nic { net: Net::Silent, ..VIRTIO };

/// A machine that must be online before it asks, and is then left as it is.
const ONLINE: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NOISY], words: &["install.network.enable"], ..BASE };

/// A line that comes every 10 s.
const STILL_OUT: Step = Expect("eth0: no carrier: is the cable in?, ", 20);

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "online-virtio",
        proves: "A machine that needs the network gets an address before the question, and is installed.",
        core: true,
        disks: &[NVME],
        nics: &[VIRTIO],
        script: &[
            Forbid(FAILED),
            Expect("checking the network", BOOT + PROMPT),
            Expect("eth0: link up, asking for an address, 0 s", 60),
            Expect("eth0: address 10.0.2.15/24, gateway 10.0.2.2, DNS [10.0.2.3]", 60),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[NicSpoke(0), TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..ONLINE
    },
    Scenario {
        name: "offline-is-silent",
        proves: "An installation from the closure on the stick sends not one frame.",
        core: true,
        words: &[],
        disks: &[NVME],
        nics: &[VIRTIO, Nic { card: Card::E1000e, ..VIRTIO }],
        script: &[
            Forbid(FAILED),
            Forbid("checking the network"),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[NicSilent(0), NicSilent(1), TargetInstalled(0), BootsInstalled(Vars::Fresh)],
        ..ONLINE
    },
    Scenario {
        name: "online-e1000e",
        proves: "An Intel card gets an address.",
        nics: &[Nic { card: Card::E1000e, ..VIRTIO }],
        script: &[REFUSES_NOTHING, Expect("eth0: address 10.0.2.15/24", BOOT + PROMPT), NO],
        after: &[NicSpoke(0), DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "online-usb",
        proves: "A USB adapter gets an address.",
        nics: &[Nic { card: Card::Usb, ..VIRTIO }],
        script: &[REFUSES_NOTHING, Expect(": address 10.0.2.15/24", BOOT + PROMPT), NO],
        after: &[NicSpoke(0), DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "online-late-link",
        proves: "A cable that is put in 40 s after the machine began to wait is enough, and the time until then is not silent.",
        nics: &[Nic { unplugged: true, ..VIRTIO }],
        script: &[
            REFUSES_NOTHING,
            Expect("checking the network", BOOT + PROMPT),
            STILL_OUT,
            STILL_OUT,
            STILL_OUT,
            STILL_OUT,
            Cable(0),
            Expect("eth0: address 10.0.2.15/24", 60),
            NO,
        ],
        after: &[NicSpoke(0), DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "online-second-link",
        proves: "Of two links, both of which are asked, the one that answers is used.",
        core: true,
        nics: &[ALONE, VIRTIO],
        script: &[REFUSES_NOTHING, Expect("eth1: address 10.0.2.15/24", BOOT + PROMPT), NO],
        after: &[NicSpoke(0), NicSpoke(1), DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "online-static",
        proves: "Where nobody gives addresses, the one of the kernel's own word is used, and nobody is asked.",
        nics: &[ALONE],
        kernel_words: &["ip=10.9.8.7::10.9.8.1:255.255.255.0::eth0:none:10.9.8.2"],
        script: &[
            REFUSES_NOTHING,
            Forbid("asking for an address"),
            Expect("eth0: address 10.9.8.7/24, gateway 10.9.8.1, DNS [10.9.8.2]", BOOT + PROMPT),
            NO,
        ],
        after: &[DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "offline-retried",
        proves: "A network that nobody is on is shown with its remedy, and tried again without starting over.",
        nics: &[ALONE],
        words: &["install.network.enable", "install.wait-network=15"],
        script: &[
            REFUSES_NOTHING,
            Forbid(ASK),
            Expect("going online before the question: this installation needs the network", BOOT + PROMPT),
            Expect("eth0: link up, asking for an address, 1", 60),
            Expect("not ready: getting a network address: nobody gave one, in 15 s", 30),
            Expect(UNTOUCHED, 10),
            Expect("1. check the cable", 10),
            Expect("press r to try again, s for a shell, p to power off", 10),
            Send(b"r"),
            Expect("checking the network", 10),
            Expect("press r to try again, s for a shell, p to power off", 60),
            Send(b"p"),
            ExpectPowerOff(OFF),
        ],
        after: &[NicSpoke(0), DiskUnchanged(0), KitHas("autoinstaller.log", "not ready: getting a network address")],
        ..ONLINE
    },
    Scenario {
        name: "offline-unattended",
        proves: "A machine without a network link and without a person refuses when the time for it is over, and writes nothing.",
        core: true,
        words: &["install.network.enable", "install.wait-network=15", "install.unattended", "install.confirm=UV0001"],
        script: &[
            REFUSED,
            Expect("autoinstaller: failed: getting a network address: this machine shows no wired link that may be used", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "clock-of-2011",
        proves: "A clock that is older than the image is set, in the machine as well, and that is said.",
        nics: &[ALONE],
        date: Some("2011-11-11"),
        words: &["install.network.enable", "install.network.ip=10.9.8.7:::24"],
        script: &[
            REFUSES_NOTHING,
            Expect("the clock says 2011-11-11 00:0", BOOT + PROMPT),
            Expect("before this image was made: setting it to 202", 10),
            Expect("the machine's own clock is set, too", 30),
            Expect("no time server answered: the clock stays near the time of the image", 30),
            NO,
        ],
        after: &[DiskUnchanged(0)],
        ..ONLINE
    },
    Scenario {
        name: "bad-address",
        proves: "An address that is none is refused with the place it comes from.",
        nics: &[VIRTIO],
        kernel_words: &["ip=10.9.8.7::10.9.8.1:255.0.255.0"],
        script: &[
            REFUSED,
            Expect("failed: reading install.network.ip of the kernel command line: \"255.0.255.0\" is not a netmask", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        after: &[NicSilent(0), DiskUnchanged(0)],
        ..ONLINE
    },
];
