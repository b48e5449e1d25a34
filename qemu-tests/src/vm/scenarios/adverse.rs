//! Installations from servers when something is short or wrong: memory, the clock, the network in the middle of it.

use super::flake::{FINDING, LEFT, LONG, NEVER, READY, REFUSED, SSH};
use super::{ASK, BOOT, FAILED, HELD, INSTALLED, NO, OFF, PROMPT, REFUSES_NOTHING, UNTOUCHED};
use crate::vm::scenario::After::{DiskUnchanged, DiskWritten, KitHas, NicSpoke, NotBootable};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Cable, CableOut, Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{Card, Net, Nic, Scenario, Server};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "flake-2-gib",
        proves: "A machine with 2 GiB evaluates a flake that needs 2.5 GB of heap, in the new swap.",
        ram_mib: 2048,
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.repoBranch=hungry"],
        finds: &[LEFT, Expect("FIXTURE-CLONE origin=ssh://git@10.0.2.100/fixture.git branch=ref: refs/heads/hungry", FINDING)],
        ..SSH
    },
    Scenario {
        name: "flake-2-gib-without-swap",
        proves: "Without swap the same evaluation ends for want of memory, which is named, and the installer goes on to say so.",
        ram_mib: 2048,
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.repoBranch=hungry", "install.swap.enable=false"],
        finds: &[],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT + READY),
            Type(Serial, "yes"),
            Expect("running nixos-install for {host}", LONG),
            // The kernel first tries for minutes to make room.
            Expect("failed: running nixos-install: the machine ran out of memory (nixos-install exited with ", 3 * LONG),
            Expect("): give it more, or the host more swap (swap.size)", 10),
            Expect("nvme0n1 was erased and is not bootable", 10),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "the machine ran out of memory")],
        ..SSH
    },
    Scenario {
        name: "clock-behind-certificate",
        proves: "A certificate that begins after the machine's date is believed once the clock is set, to what the second of two caches says; then it is kept.",
        words: &[
            "install.repo=https://10.0.2.104/cgi-bin/git/fixture.git",
            "install.nix.settings.substituters=http://10.0.2.106",
            "install.nix.settings.substituters=http://10.0.2.105",
        ],
        servers: &[Server::HttpsLate, Server::CalendarBehind, Server::Calendar],
        script: &[
            REFUSES_NOTHING,
            Expect("the certificate of https://10.0.2.104/cgi-bin/git/fixture.git is refused; the clock says ", BOOT + PROMPT + READY),
            Expect("http://10.0.2.106 says 2029-03-01 12:00 UTC: trying that", 10),
            Expect("the certificate is refused all the same: the clock is set back", 60),
            Expect("http://10.0.2.105 says 2030-06-01 12:00 UTC: trying that", 60),
            Expect("the clock is set to 2030-06-01 12:00 UTC, as http://10.0.2.105 says: the certificate is good with it", 60),
            Expect("the machine's own clock is set, too", 30),
            NO,
        ],
        ..REFUSED
    },
    Scenario {
        name: "clock-nobody-knows",
        proves: "Where nobody tells a later time the refusal names the clock, and what to do, while the disk keeps every byte.",
        words: &["install.repo=https://10.0.2.104/cgi-bin/git/fixture.git"],
        servers: &[Server::HttpsLate],
        script: &[
            Forbid(FAILED),
            NEVER,
            Forbid("the clock is set"),
            Expect("nobody who was asked tells a later time", BOOT + PROMPT + READY),
            Expect("- the clock says 20", 10),
            Expect("not ready: asking https://10.0.2.104/cgi-bin/git/fixture.git for its branches: ", 10),
            Expect("the server's certificate is not yet valid: the clock of this machine is wrong", 10),
            Expect(UNTOUCHED, 10),
            Expect("1. set the clock in the firmware's setup, in UTC", 10),
            Expect("press r to try again", 10),
            Type(Serial, "p"),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), KitHas("autoinstaller.log", "not ready: asking https://10.0.2.104/")],
        ..REFUSED
    },
    Scenario {
        name: "network-dies-between",
        proves: "A retry begins with the network: after a server could not be reached, another link with another address is found and used.",
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git"],
        nics: &[
            Nic { card: Card::Virtio, net: Net::User, unplugged: false },
            Nic { card: Card::Virtio, net: Net::Servers, unplugged: true },
        ],
        script: &[
            REFUSES_NOTHING,
            Expect("eth0: address 10.0.2.15/24, gateway 10.0.2.2", BOOT + PROMPT),
            Expect("not ready: asking ssh://git@10.0.2.100/fixture.git for its branches: the server cannot be reached", READY),
            Expect("press r to try again", 10),
            Type(Serial, "r"),
            // Nothing has changed: the address stays, and nobody is asked for one.
            Expect("checking the network", 10),
            Expect("checking the clock", 5),
            Expect("press r to try again", READY),
            CableOut(0),
            Cable(1),
            Type(Serial, "r"),
            Expect("eth0: no carrier: is the cable in?", 30),
            Expect("eth1: address 10.0.2.15/24, gateway none", 60),
            Expect("checking the caches", READY),
            NO,
        ],
        after: &[NicSpoke(0), NicSpoke(1), DiskUnchanged(0)],
        ..REFUSED
    },
];
