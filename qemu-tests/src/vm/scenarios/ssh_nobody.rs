//! Nobody logs in: another key, no keys, no network, a host key that cannot be used.

use super::ssh::{INVITED, KEY, LOGIN, ROW};
use super::{ASK, BOOT, FAILED, NO, NOISY, OFF, PROMPT, REFUSES_NOTHING, STEP};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, KitHas, NicSpoke, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Ssh::{Nobody, Refused};
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Ssh, Type, Wait};
use crate::vm::scenario::{Net, Nic, Scenario, Vars};

/// The passphrase is `secret`.
const LOCKED_KEY: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----\n\
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABBvvxZof7\n\
qDtAf3en2AehnEAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIA/yhcby3IluXZ8f\n\
MsZ70YDixOopbMiewegXZm5j9BqlAAAAkIYvTukQAi1/fGz/yKMr2PYYXKeaIyXDG4vqky\n\
mkOZE2u3lmXqtwuFvNKkHnin63djIBPKaNmZhsIq8BJzeeRZQN72la8vJdceiS2n7OlrzC\n\
OWFzl0MSFfDebHf9iLm9O99mm41K2vdpQh87gExsWV80DKGu7VFJFcmfzPTB9v+syg1ew0\n\
OeeOPtLxBcgfN4Wg==\n\
-----END OPENSSH PRIVATE KEY-----\n\
";

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "ssh-wrong-key",
        proves: "Who has another key is refused, answers nothing, and the question still stands.",
        core: true,
        disks: &[NOISY],
        script: &[
            REFUSES_NOTHING,
            Forbid("answered on ssh"),
            INVITED,
            Expect(ASK, PROMPT),
            Ssh(Refused),
            Ssh(Refused),
            Wait(3),
            Type(Serial, "no"),
            ExpectPowerOff(OFF),
        ],
        after: &[NicSpoke(0), DiskUnchanged(0)],
        ..ROW
    },
    Scenario {
        name: "ssh-none-without-keys",
        proves: "A machine that is online and has no keys in its settings has no ssh server either.",
        disks: &[NOISY],
        words: &["install.network.enable"],
        script: &[
            REFUSES_NOTHING,
            Forbid("ssh server"),
            Expect("eth0: address 10.0.2.15/24", BOOT + PROMPT),
            Expect("type yes to erase nvme0n1", PROMPT),
            Ssh(Nobody),
            Type(Serial, "nvme0n1"),
            NO,
        ],
        after: &[NicSpoke(0), DiskUnchanged(0)],
        ..ROW
    },
    Scenario {
        name: "ssh-without-network",
        proves: "A medium that has everything installs without a network that only the ssh server wanted, and says that nobody can log in.",
        nics: &[Nic { net: Net::Silent, ..LOGIN }, Nic { unplugged: true, ..LOGIN }],
        words: &[KEY, "install.wait-network=15", "install.unattended", "install.confirm=UV0001"],
        script: &[
            Forbid(FAILED),
            Forbid("checking the ssh server"),
            Expect("going online before the question: somebody may log in", BOOT + PROMPT),
            Expect("checking the network", PROMPT),
            Expect("- eth0: link up, asking for an address, 1", 60),
            Expect("nobody can log in: getting a network address: nobody gave one, in 15 s; the installation goes on without", 10),
            Expect("autoinstaller: installed {host} on nvme0n1", 6 * STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[
            NicSpoke(0),
            KitHas("autoinstaller/{guid}-UV0001.txt", "{guid} erased nvme0n1 ("),
            TargetInstalled(0),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "ssh-host-key-with-passphrase",
        proves: "A host key of the kit that nobody can read without a passphrase is named, with advice about the kit.",
        disks: &[NOISY],
        kit: &[("ssh/host/ssh_host_ed25519_key", LOCKED_KEY)],
        script: &[
            REFUSES_NOTHING,
            Expect("not ready: reading the host key of the kit partition: ssh-keygen exited with 255: Load key ", BOOT + PROMPT),
            Expect("incorrect passphrase", 10),
            Expect("nothing was written", 10),
            Expect("the kit partition", 10),
            Expect("press r to try again", 30),
            Type(Serial, "p"),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0), KitHas("autoinstaller.log", "not ready: reading the host key of the kit partition: ")],
        ..ROW
    },
];
