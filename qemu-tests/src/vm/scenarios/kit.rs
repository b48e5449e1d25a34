//! What a person has put on the kit partition: secrets for the new root, and settings.

use super::{ASK, BOOT, FAILED, HELD, INSTALLED, NOISY, NVME, OFF, PROMPT, REFUSED, STEP, UNTOUCHED, YES, encrypted};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, KitLacks, RootHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{BASE, Disk, Firmware, Medium, OBSERVED, Scenario, Vars};

const AGE: (&str, &str) = ("age/ultraviolet.agekey", "# created by hand\nAGE-SECRET-KEY-1NOT-A-REAL-ONE\n");
const HOST_KEY: (&str, &str) = ("ssh/host/ssh_host_ed25519_key", "-----BEGIN NOT A HOST KEY-----\nb3BlbnNzaC1ob3N0\n");
const HOST_PUB: (&str, &str) = ("ssh/host/ssh_host_ed25519_key.pub", "ssh-ed25519 not-a-public-key root@ultraviolet\n");
const DEPLOY: (&str, &str) = ("ssh/deploy/id_ed25519", "-----BEGIN NOT A DEPLOY KEY-----\n");
const WIFI: (&str, &str) = ("files/etc/wifi.conf", "psk=not really secret\n");
const NETRC: (&str, &str) = ("files/home/alice/.netrc", "password not-a-password\n");
/// The host stygianlibrary has a file for the same path.
const FOUND: (&str, &str) = ("files/etc/issue.d/found.issue", "This one is of the kit.\n");
const MANIFEST: (&str, &str) = ("files.manifest", "# mode, owner, path\n0640 0:100 etc/wifi.conf\n0700 1000:100 home/alice/\n");

/// A row of this file: on a disk that keeps what it has.
const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, disks: &[NOISY], after: &[DiskUnchanged(0)], ..BASE };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "kit-secrets",
        proves: "Keys and files of the kit are named before the question and are on the new root with mode, owner and content, and nothing says them.",
        core: true,
        kit: &[AGE, HOST_KEY, HOST_PUB, WIFI, NETRC, MANIFEST],
        disks: &[NVME],
        words: &["install.requireAgeKey"],
        kernel_words: &[OBSERVED],
        script: &[
            Forbid(FAILED),
            Expect("placing /home/alice/ (0700 1000:100), /etc/age/,", BOOT + PROMPT),
            YES,
            Expect("placing /home/alice/ (0700 1000:100), /etc/age/, /etc/age/ultraviolet.agekey,", STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", 5 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/etc/age/", "0700 0:0", ""),
            RootHas("/etc/age/ultraviolet.agekey", "0600 0:0", AGE.1),
            RootHas("/etc/ssh/", "0755 0:0", ""),
            RootHas("/etc/ssh/ssh_host_ed25519_key", "0600 0:0", HOST_KEY.1),
            RootHas("/etc/ssh/ssh_host_ed25519_key.pub", "0644 0:0", HOST_PUB.1),
            RootHas("/etc/wifi.conf", "0640 0:100", WIFI.1),
            RootHas("/home/alice/", "0700 1000:100", ""),
            RootHas("/home/alice/.netrc", "0600 0:0", NETRC.1),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "kit-wiped-after",
        proves: "After an installation private keys are gone from the kit when that was asked for, and the rest of it is still there.",
        kit: &[AGE, HOST_PUB, DEPLOY, WIFI],
        disks: &[Disk { serial: "UV0002", ..NVME }],
        words: &["install.kit.wipeAfterInstall"],
        script: &[
            Forbid(FAILED),
            Expect("removing the private keys from the stick", BOOT + PROMPT),
            YES,
            Expect("reading the disk back and comparing", 5 * STEP),
            Expect("removing the private keys from the stick", STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/etc/age/ultraviolet.agekey", "0600 0:0", AGE.1),
            KitLacks(AGE.0),
            KitLacks(DEPLOY.0),
            KitHas(HOST_PUB.0, HOST_PUB.1),
            KitHas(WIFI.0, WIFI.1),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "kit-wipe-refused",
        proves: "A medium that cannot be written is refused before the first write where private keys are to be removed from it.",
        medium: Medium::Cdrom,
        words: &["install.kit.wipeAfterInstall"],
        script: &[
            Forbid(INSTALLED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("failed: preparing to remove the private keys from the stick: it cannot be written", STEP),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        ..ROW
    },
    Scenario {
        name: "kit-missing-age-key",
        proves: "Where the age key of the host is required and only another is on the kit, nobody is asked and nothing is written.",
        core: true,
        kit: &[("age/other.agekey", AGE.1)],
        words: &["install.requireAgeKey"],
        script: &[
            REFUSED,
            Expect("failed: looking for age/ultraviolet.agekey on the kit partition: there is none, and requireAgeKey is set", PROMPT),
            Expect(UNTOUCHED, 10),
            Expect("correct what is on the kit partition of the stick (AI-KIT)", 30),
            HELD,
        ],
        ..ROW
    },
    Scenario {
        name: "kit-settings",
        proves: "The settings of the kit count more than those of the image, and less than the firmware's strings.",
        kit: &[("settings", "# for this machine\nlabels.efi=KIT-ESP\nlabels.root=KIT-ROOT\nswap.size=1G\n")],
        words: &["install.dry-run", "install.labels.efi=SMB-ESP"],
        script: &[
            Forbid(FAILED),
            Forbid(INSTALLED),
            Forbid(ASK),
            Expect("writing the partition table: SMB-ESP 1.0 GiB, KIT-ROOT ", BOOT + PROMPT),
            Expect("UV-SWAP 1.0 GiB", 10),
            Expect("dry run: nothing was written", PROMPT),
            ExpectPowerOff(OFF),
        ],
        ..ROW
    },
    Scenario {
        name: "kit-settings-bad",
        proves: "A file on the stick cannot choose the disk: its line is named, and nothing is written.",
        kit: &[("settings", "swap.size=1G\ndisk=nvme0n1\n")],
        script: &[
            REFUSED,
            Expect("failed: reading line 2 of settings of the kit partition: disk can only be given at boot", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        ..ROW
    },
    Scenario {
        name: "kit-bad-manifest",
        proves: "A manifest that leads out of its directory is refused with its line, and nothing is written.",
        kit: &[WIFI, ("files.manifest", "0640 0:0 etc/wifi.conf\n0600 0:0 etc/../../shadow\n")],
        script: &[
            REFUSED,
            Expect("failed: reading line 2 of files.manifest of the kit partition: \"etc/../../shadow\" is not a path below /", PROMPT),
            Expect(UNTOUCHED, 10),
            HELD,
        ],
        ..ROW
    },
    Scenario {
        name: "extra-files",
        proves: "Files that the image has are on the new root with mode, owner and content, and where the kit has one for the same path it is that.",
        kit: &[FOUND, ("files/persist/note", "of the kit\n")],
        script: &[
            Forbid(FAILED),
            Expect("placing /persist/README (0640 0:100),", BOOT + PROMPT),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            encrypted::TYPED,
            Expect("placing /persist/README (0640 0:100),", STEP),
            encrypted::TO_THE_END,
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/persist/", "0700 0:0", ""),
            RootHas("/persist/README", "0640 0:100", "What this machine keeps lies here: back it up.\n"),
            RootHas("/persist/note", "0600 0:0", "of the kit\n"),
            RootHas("/etc/issue.d/", "0755 0:0", ""),
            RootHas("/etc/issue.d/found.issue", "0600 0:0", FOUND.1),
            BootsInstalled(Vars::Left),
        ],
        ..encrypted::ROW
    },
];
