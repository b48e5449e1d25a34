//! Drivers by the machines that need them, and the same machines without: what is seen then is what the driver does. Families that other
//! rows cannot pass without are not here again. Without a driver means that the command line forbids its module.

use super::{ASK, BOOT, HELD, NO, NO_ANSWER, NOISY, OFF, PROMPT, REFUSED, REFUSES_NOTHING, UNTOUCHED};
use crate::vm::scenario::After::{DiskUnchanged, KitHas};
use crate::vm::scenario::Console::{Keyboard as Keys, Serial};
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectPowerOff, Forbid, Part, Type, Wait};
use crate::vm::scenario::{BASE, Bus, Card, Disk, Firmware, Keyboard, Net, Nic, SAMPLER, SD_SERIAL, Scenario, Step, Tpm};

/// A disk on every bus.
const DISKS: &[Disk] = &[
    Disk { bus: Bus::Sata, serial: "SATA01", ..NOISY },
    Disk { bus: Bus::Nvme, serial: "NVME01", ..NOISY },
    Disk { bus: Bus::Virtio, serial: "VIRTIO01", ..NOISY },
    Disk { bus: Bus::VirtioScsi, serial: "SCSI01", ..NOISY },
    Disk { bus: Bus::Uas, serial: "UAS01", ..NOISY },
    Disk { bus: Bus::Sd, serial: SD_SERIAL, ..NOISY },
];

/// A machine in which something is tried that no installation needs.
const SAMPLE: Scenario = Scenario {
    core: false,
    firmware: Firmware::Direct,
    disks: &[NOISY],
    words: &["install.dry-run"],
    kernel_words: &[SAMPLER],
    after: &[DiskUnchanged(0)],
    ..BASE
};
/// Stage-2 is mounted before the question where the network is needed.
const ONLINE: Nic = Nic { card: Card::Virtio, net: Net::User, unplugged: false };
/// It is tried.
const SAMPLED: Step = Part(&[REFUSES_NOTHING, Forbid(ASK), Expect("autoinstaller: running the boot commands", BOOT)]);
/// And the plan is shown all the same.
const SHOWN: Step = Part(&[Expect("target nvme0n1 (", PROMPT), Expect(UNTOUCHED, PROMPT), ExpectPowerOff(OFF)]);

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "drivers-of-disks",
        proves: "Disks on AHCI, NVMe, virtio, virtio-scsi, UAS and in an SD slot are all found.",
        core: false,
        firmware: Firmware::Direct,
        disks: DISKS,
        words: &["install.unattended"],
        script: &[
            REFUSED,
            ExpectAll(
                &[
                    "serial SATA01, 16.0 GiB, sata): nothing recognised; it could be the target",
                    "serial NVME01, 16.0 GiB, nvme): nothing recognised; it could be the target",
                    "serial VIRTIO01, 16.0 GiB, virtio): nothing recognised; it could be the target",
                    "serial SCSI01, 16.0 GiB, virtio): nothing recognised; it could be the target",
                    "serial UAS01, 16.0 GiB, usb): nothing recognised; it is attached by USB; it must be named",
                    "serial 0xdeadbeef, 16.0 GiB, mmc): nothing recognised; it is an SD card; it must be named",
                ],
                PROMPT,
            ),
            Expect("autoinstaller: failed: choosing the disk: more than one disk could be the target", 10),
            HELD,
        ],
        after: &[
            DiskUnchanged(0),
            DiskUnchanged(1),
            DiskUnchanged(2),
            DiskUnchanged(3),
            DiskUnchanged(4),
            DiskUnchanged(5),
            KitHas("autoinstaller.log", " loaded usb_storage delay_use=0"),
        ],
        ..BASE
    },
    Scenario {
        name: "drivers-forbidden",
        proves: "Modules that the command line forbids are not loaded, one that cannot be loaded is a line in the log, and the rest goes on.",
        core: false,
        firmware: Firmware::Direct,
        disks: DISKS,
        words: &["install.unattended"],
        kernel_words: &[
            "modprobe.blacklist=ahci,nvme,virtio-blk",
            "module_blacklist=virtio_scsi,uas,sdhci_pci",
            "nvme-core.io_timeout=none",
        ],
        script: &[
            REFUSED,
            Forbid("serial SATA01"),
            Forbid("serial NVME01"),
            Forbid("serial VIRTIO01"),
            Forbid("serial SCSI01"),
            Forbid("serial UAS01"),
            Forbid("serial 0xdeadbeef"),
            ExpectAll(
                &["no driver for the storage controller 8086:2922 at ", "no driver for the storage controller 1b36:0010 at "],
                BOOT + PROMPT,
            ),
            Expect("autoinstaller: failed: choosing the disk: no disk can be the target", 10),
            HELD,
        ],
        after: &[
            DiskUnchanged(0),
            DiskUnchanged(1),
            DiskUnchanged(2),
            DiskUnchanged(3),
            DiskUnchanged(4),
            DiskUnchanged(5),
            KitHas("autoinstaller.log", " loading /lib/modules/nvme.ko: the kernel command line forbids it"),
            KitHas("autoinstaller.log", " loading /lib/modules/nvme_core.ko: Invalid argument"),
        ],
        ..BASE
    },
    Scenario {
        name: "keyboard-on-usb",
        proves: "A keyboard on USB is enough, in a machine that has no other.",
        core: false,
        firmware: Firmware::Direct,
        keyboard: Keyboard::Usb,
        disks: &[NOISY],
        script: &[REFUSES_NOTHING, Expect(ASK, BOOT + PROMPT), Type(Keys, "no"), Expect(UNTOUCHED, 30), ExpectPowerOff(OFF)],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "keyboard-forbidden",
        proves: "Without its driver nothing that is typed on that keyboard arrives, and the serial line is heard all the same.",
        core: false,
        firmware: Firmware::Direct,
        keyboard: Keyboard::Usb,
        disks: &[NOISY],
        kernel_words: &["modprobe.blacklist=usbhid"],
        script: &[
            REFUSES_NOTHING,
            Forbid(NO_ANSWER),
            Expect(ASK, BOOT + PROMPT),
            Type(Keys, "perhaps"),
            Wait(20),
            Type(Serial, "no"),
            Expect(UNTOUCHED, 30),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..BASE
    },
    Scenario {
        name: "tpm-crb",
        proves: "Commands of the owner find the TPM of a new machine.",
        tpm: Some(Tpm::Crb),
        script: &[SAMPLED, Expect("autoinstaller: | /dev/tpm0", 30), Expect("autoinstaller: | a TPM 2.0", 10), SHOWN],
        ..SAMPLE
    },
    Scenario {
        name: "tpm-tis",
        proves: "They find one that is a chip on the board.",
        tpm: Some(Tpm::Tis),
        script: &[SAMPLED, Expect("autoinstaller: | /dev/tpm0", 30), Expect("autoinstaller: | a TPM 2.0", 10), SHOWN],
        ..SAMPLE
    },
    Scenario {
        name: "tpm-forbidden",
        proves: "Without its driver, which may be built in, there is no TPM, and nobody misses it.",
        tpm: Some(Tpm::Crb),
        kernel_words: &[SAMPLER, "initcall_blacklist=crb_acpi_driver_init", "module_blacklist=tpm_crb"],
        script: &[SAMPLED, Forbid("/dev/tpm0"), Expect("autoinstaller: | no TPM", 30), SHOWN],
        ..SAMPLE
    },
    Scenario {
        name: "erofs",
        proves: "With stage-2 the kernel has EROFS as well: it asks for the module when somebody mounts an image.",
        nics: &[ONLINE],
        words: &["install.network.enable"],
        script: &[REFUSES_NOTHING, Expect("SAMPLED EROFS: read", BOOT + PROMPT), NO],
        ..SAMPLE
    },
    Scenario {
        name: "erofs-forbidden",
        proves: "Without the module that is refused, and the rest goes on.",
        nics: &[ONLINE],
        words: &["install.network.enable"],
        kernel_words: &[SAMPLER, "modprobe.blacklist=erofs"],
        script: &[REFUSES_NOTHING, Forbid("SAMPLED EROFS"), Expect("SAMPLED no EROFS", BOOT + PROMPT), NO],
        ..SAMPLE
    },
];
