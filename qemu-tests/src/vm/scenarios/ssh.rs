//! A person who is not at the machine: sees and answers the console over ssh, and copies files to the new root.

use super::encrypted::{AGAIN, FIRST, PASSPHRASE};
use super::{ASK, BOOT, DATA, FAILED, HELD, HELLO, INSTALLED, NOISY, NVME, OFF, PROMPT, REFUSES_NOTHING, STEP};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, DiskWritten, KitHas, NicSpoke, NotBootable, RootHas, TargetInstalled};
use crate::vm::scenario::Console::{Serial, Session};
use crate::vm::scenario::Ssh::{Begin, Copy, LogIn, LoggedOut, Run, SameKey, Unlock};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Plug, Ssh, Type, Wait};
use crate::vm::scenario::{self, BASE, Bus, Card, Disk, Firmware, KEYS, Net, Nic, OBSERVED, Scenario, Step, Vars};

/// A card with a network that this machine reaches the guest through.
pub(super) const LOGIN: Nic = Nic { card: Card::Virtio, net: Net::Login, unplugged: false };

/// What lets the person in.
pub(super) const KEY: &str = "install.ssh.authorizedKeys={personKey}";

/// A machine into which one person may log in.
pub(super) const ROW: Scenario =
    Scenario { core: false, firmware: Firmware::Direct, disks: &[NVME], nics: &[LOGIN], words: &[KEY], ..BASE };

/// Looks for the DHCP client by its second word.
const CLIENT_LIVES: &str = "for id in /proc/[0-9]*; do (read -d '' a; read -d '' b; [ \"$b\" = udhcpc ]) < $id/cmdline && \
                            echo a client keeps the address; done 2> /dev/null; true";

/// The server is up before the question.
pub(super) const INVITED: Step = Expect("this console can be read and answered from elsewhere: ssh root@10.0.2.15: SHA256:", BOOT + PROMPT);

/// The text appears in the session.
const fn there(text: &'static str, seconds: u64) -> Step {
    Ssh(scenario::Ssh::Expect(text, seconds))
}

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "ssh-answers-yes",
        proves: "Who logs in with a key sees the whole console, says yes there, and sees the installation to its end.",
        core: true,
        script: &[
            Forbid(FAILED),
            INVITED,
            Expect(ASK, PROMPT),
            Ssh(LogIn),
            there(HELLO, 90),
            there("this medium installs {host}", 10),
            there("ssh root@10.0.2.15: SHA256:", 10),
            there(ASK, 10),
            Ssh(SameKey),
            // As somebody does who was asked by the ssh client: it answers nothing.
            Type(Session, "yes"),
            there("to answer from here", 10),
            Ssh(Unlock),
            there(ASK, 10),
            Type(Session, "yse"),
            there("please answer with one of these words", 30),
            there(ASK, 10),
            Type(Session, "yes"),
            Expect("autoinstaller: answered on ssh1", 30),
            there("autoinstaller: step 1/9", STEP),
            there("autoinstaller: step 8/9 reading the disk back", 5 * STEP),
            there("autoinstaller: installed {host} on nvme0n1", STEP),
            there("autoinstaller: powering off", 30),
            Ssh(LoggedOut(OFF)),
            Expect("autoinstaller: installed {host} on nvme0n1", 10),
            ExpectPowerOff(OFF),
        ],
        after: &[NicSpoke(0), TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "ssh-copies-before-power-off",
        proves: "An unattended installation waits before its end all the same, who knows its host key from the kit copies files until then, and a copy that goes on is cut off only when that was said.",
        kit: &[("ssh/host/ssh_host_ed25519_key", "{hostKey}")],
        disks: &[Disk { serial: "UV0002", ..NVME }],
        words: &[KEY, "install.waitBeforePowerOff", "install.unattended", "install.confirm=UV0002"],
        script: &[
            Forbid(FAILED),
            INVITED,
            Expect("waiting for the word done: until then files can be copied to /mnt", 6 * STEP),
            Expect("autoinstaller: the system is in place below /mnt", STEP),
            Expect("type done to have the disk read back and the installation ended: ", 10),
            Type(Serial, "yes"),
            Expect("type done to have the disk read back and the installation ended: ", 10),
            Ssh(Copy("copied over ssh\n", "/mnt/etc/copied")),
            Ssh(Run("mkdir -m 700 /mnt/etc/made && cp /mnt/etc/copied /mnt/etc/made/again && echo as $(id -un)", "as root")),
            Ssh(Begin("echo copying; cat > /mnt/etc/partly")),
            there("copying", 60),
            Type(Serial, "done"),
            Expect("somebody is still logged in who may be copying", 30),
            Ssh(LogIn),
            there("type done to have the disk read back", 60),
            Ssh(SameKey),
            Ssh(Unlock),
            Type(Session, "done"),
            there("autoinstaller: installed {host} on nvme0n1", 2 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 30),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/etc/copied", "0644 0:0", "copied over ssh\n"),
            RootHas("/etc/made/", "0700 0:0", ""),
            RootHas("/etc/made/again", "0644 0:0", "copied over ssh\n"),
            KitHas("autoinstaller/{guid}-UV0002.txt", "{guid} erased nvme0n1 ("),
            RootHas("/etc/ssh/ssh_host_ed25519_key", "0600 0:0", "{kit ssh/host/ssh_host_ed25519_key}"),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "ssh-passphrase",
        proves: "The passphrase of an encrypted host can be typed over ssh, where nothing echoes it, and no process, log or disk has it.",
        host: "stygianlibrary",
        passphrase: Some(PASSPHRASE),
        kernel_words: &[OBSERVED],
        script: &[
            Forbid(FAILED),
            INVITED,
            Expect(ASK, PROMPT),
            Ssh(LogIn),
            there(ASK, 90),
            Ssh(Unlock),
            Type(Session, "yes"),
            there(FIRST, PROMPT),
            Type(Session, PASSPHRASE),
            there(AGAIN, 30),
            Type(Session, PASSPHRASE),
            there("encrypting nvme0n1p2 (LUKS2 STYGIAN-LUKS) and opening it as stygiancrypt", STEP),
            there("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 30),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "ssh-sees-failure",
        proves: "After a step that fails the session still stands, one can leave it and begin another, and the failure screen can be read and answered there.",
        kernel_words: &["stand-in.fail"],
        script: &[
            Forbid(INSTALLED),
            INVITED,
            Expect(ASK, PROMPT),
            Ssh(LogIn),
            there(ASK, 90),
            Ssh(Unlock),
            Type(Session, "yes"),
            there("failed: running nixos-install: nixos-install exited with 1", 6 * STEP),
            there("nvme0n1 was erased and is not bootable", 30),
            Expect("nvme0n1 was erased and is not bootable", 30),
            there(KEYS, 30),
            Expect(KEYS, 10),
            Type(Session, "s"),
            there("a shell is a session of its own: ssh -t root@10.0.2.15 bash", 30),
            // Ctrl-C leaves the console, and nothing else happens.
            Type(Session, "\x03"),
            Ssh(LoggedOut(30)),
            Ssh(Run("test -d /mnt/nix/store && echo the new root is there", "the new root is there")),
            Ssh(Run(CLIENT_LIVES, "a client keeps the address")),
            Ssh(LogIn),
            there("failed: running nixos-install", 60),
            there(KEYS, 30),
            HELD,
        ],
        after: &[DiskWritten(0), NotBootable(0), KitHas("autoinstaller.log", "answered on ssh1")],
        ..ROW
    },
    Scenario {
        name: "ssh-tries-again",
        proves: "The key r of the failure screen can be pressed over ssh, and the session sees the step repeated and the installation end.",
        kernel_words: &["stand-in.fail-once"],
        script: &[
            INVITED,
            Expect(ASK, PROMPT),
            Ssh(LogIn),
            there(ASK, 90),
            Ssh(Unlock),
            Type(Session, "yes"),
            there("failed: running nixos-install: nixos-install exited with 1", 6 * STEP),
            there(KEYS, 30),
            Expect(KEYS, 10),
            Type(Session, "r"),
            there("autoinstaller: step 7/9 once more: running nixos-install for {host}", 30),
            there("autoinstaller: installed {host} on nvme0n1", 3 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 10),
            ExpectPowerOff(OFF),
        ],
        after: &[TargetInstalled(0), RootHas("/etc/stand-in.failed", "0644 0:0", "failed\n"), BootsInstalled(Vars::Left)],
        ..ROW
    },
    Scenario {
        name: "ssh-sees-failed-read-back",
        proves: "Who looks on stays to see that the disk does not read back, and nobody else is logged in any more.",
        words: &[KEY, "install.waitBeforePowerOff"],
        script: &[
            Forbid(INSTALLED),
            INVITED,
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            Expect("type done to have the disk read back and the installation ended: ", 6 * STEP),
            Ssh(Run("for kernel in /mnt/boot/EFI/nixos/*; do echo > $kernel; echo $kernel is none; done", ".efi is none")),
            Ssh(LogIn),
            there("type done to have the disk read back", 60),
            Ssh(Unlock),
            Type(Session, "done"),
            there("autoinstaller: answered on ssh1", 30),
            there("autoinstaller: failed: comparing /mnt/boot/EFI/nixos/", STEP),
            there("they differ", 10),
            there("nvme0n1 was erased and is not bootable", 30),
            Expect("nvme0n1 was erased and is not bootable", 30),
            Expect(KEYS, 30),
            there(KEYS, 30),
            Type(Session, "s"),
            there("a shell is to be had at the machine alone: nobody can log in any more", 30),
            there(KEYS, 30),
            Type(Session, "p"),
            there("autoinstaller: powering off", 30),
            Ssh(LoggedOut(OFF)),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskWritten(0), NotBootable(0)],
        ..ROW
    },
    Scenario {
        name: "ssh-plan-changes",
        proves: "A yes over ssh that was on its way while the plan changed answers nothing: a new number is to be typed first.",
        disks: &[NOISY, Disk { bus: Bus::UsbLater, ..DATA }],
        script: &[
            REFUSES_NOTHING,
            Forbid("answered on ssh"),
            INVITED,
            Expect(ASK, PROMPT),
            Ssh(LogIn),
            there(ASK, 90),
            Ssh(Unlock),
            there(ASK, 10),
            Plug(1),
            Expect("the disks have changed: looking again", 60),
            there("64.0 GiB  QEMU HARDDISK it is attached by USB; it must be named", PROMPT),
            there(ASK, 10),
            there("to answer from here", 10),
            Type(Session, "yes"),
            there("to answer from here", 10),
            Wait(3),
            Type(Serial, "no"),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), DiskUnchanged(1)],
        ..ROW
    },
];
