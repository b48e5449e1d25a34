//! Installations from the closure on the medium that leave a clone of the repository, which is on it, too.

use super::encrypted::{self, TYPED};
use super::{ASK, BOOT, FAILED, INSTALLED, NOISY, NVME, OFF, PROMPT, STEP, STEP_ONE, YES};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, NicSilent, RootHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Part, Type};
use crate::vm::scenario::{BASE, Card, Firmware, Net, Nic, Scenario, Step, Vars};

/// From one finding of the installed system to the next.
const FINDING: u64 = 30;
const REMOTE: &str = "install.repo=git@github.com:holmes/nix-config.git";
const DEPLOY: (&str, &str) = ("ssh/deploy/id_ed25519", "-----BEGIN NOT A DEPLOY KEY-----\nbm90IGEga2V5\n");

/// A row of this file.
const ROW: Scenario = Scenario { core: false, firmware: Firmware::Direct, repository: true, disks: &[NVME], ..BASE };

/// From the step to the end.
const LEAVES: Step = Part(&[
    Expect("cloning the repository from the medium into /mnt/nix-config", STEP),
    Expect("the repository on the medium comes without its large files of git-lfs", STEP),
    Expect("handing the clone to holmes", STEP),
    Expect("autoinstaller: installed {host} on nvme0n1", STEP),
    ExpectPowerOff(OFF),
]);

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "prebuilt-leaves-clone",
        proves: "An installation without a network leaves a clone of the repository, with its origin and its key, to the user who will work with it.",
        core: true,
        kit: &[DEPLOY],
        nics: &[Nic { card: Card::Virtio, net: Net::User, unplugged: false }],
        words: &[REMOTE, "install.targetUser=holmes"],
        finds: &[
            Expect("FIXTURE-FILE /home/holmes/.ssh mode=700 owner=1111:222", BOOT),
            Expect("FIXTURE-FILE /nix-config mode=755 owner=1111:222", FINDING),
            Expect("FIXTURE-FILE /nix-config/flake.nix mode=644 owner=1111:222", FINDING),
            Expect("FIXTURE-CLONE origin=git@github.com:holmes/nix-config.git branch=ref: refs/heads/main", FINDING),
            Expect("commit={commit} owner=1111:222", FINDING),
        ],
        script: &[
            Forbid(FAILED),
            Forbid("checking the network"),
            Expect("cloning the repository from the medium into /mnt/nix-config", BOOT + PROMPT),
            Expect("handing the clone to holmes, and the deploy key if there is one", 10),
            YES,
            LEAVES,
        ],
        after: &[
            NicSilent(0),
            TargetInstalled(0),
            RootHas("/home/holmes/.ssh/github", "0600 1111:222", DEPLOY.1),
            RootHas("/home/holmes/.ssh/config", "0600 1111:222", "Host github.com\n  IdentityFile ~/.ssh/github\n  IdentitiesOnly yes\n"),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "prebuilt-clone-branch",
        proves: "The branch of a clone has the name that it has at its origin, and a commit that the medium has not is said to be missing.",
        kit: &[DEPLOY],
        words: &[
            REMOTE,
            "install.targetUser=holmes",
            "install.deployKeyToUser=false",
            "install.repoBranch=trunk",
            "install.repoRev=0123456789",
        ],
        finds: &[
            Expect("FIXTURE-FILE /home/holmes/.ssh missing", BOOT),
            Expect("branch=ref: refs/heads/trunk commit={commit} owner=1111:222", FINDING),
        ],
        script: &[
            Forbid(FAILED),
            Expect(ASK, BOOT + PROMPT),
            Type(Serial, "yes"),
            Expect("the repository on the medium has no commit 0123456789", 5 * STEP),
            Expect("autoinstaller: installed {host} on nvme0n1", STEP),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/nix-config/.git/refs/remotes/origin/trunk", "0644 1111:222", "{commit}\n"),
            RootHas("/nix-config/.git/refs/remotes/origin/HEAD", "0644 1111:222", "ref: refs/remotes/origin/trunk\n"),
            RootHas("/nix-config/.git/config", "0644 1111:222", CONFIG),
            BootsInstalled(Vars::Left),
        ],
        ..ROW
    },
    Scenario {
        name: "encrypted-leaves-clone",
        proves: "A clone lies in the container, in a directory of the owner's, with the origin that the host names.",
        words: &["install.targetUser=usher"],
        repository: true,
        finds: &[
            Expect("FIXTURE-FILE /persist/nix-config mode=755 owner=1839:9", BOOT),
            Expect(
                "FIXTURE-CLONE origin=ssh://git@git.example.com/nix-config.git branch=ref: refs/heads/main commit={commit} owner=1839:9",
                FINDING,
            ),
        ],
        script: &[
            Forbid(FAILED),
            Expect("cloning the repository from the medium into", BOOT + PROMPT),
            Expect(ASK, PROMPT),
            Type(Serial, "yes"),
            TYPED,
            encrypted::TO_THE_END,
        ],
        ..encrypted::ROW
    },
    Scenario {
        name: "prebuilt-without-clone",
        proves: "Where a repository is named and the medium has none, that is said before the question.",
        repository: false,
        disks: &[NOISY],
        words: &[REMOTE, "install.targetUser=holmes", "install.dry-run"],
        script: &[
            Forbid(FAILED),
            Forbid(INSTALLED),
            Forbid(STEP_ONE),
            Forbid("handing the clone"),
            Expect("warning: there is no repository on this medium: no clone of", BOOT + PROMPT),
            Expect("dry run: nothing was written", PROMPT),
            ExpectPowerOff(OFF),
        ],
        after: &[DiskUnchanged(0)],
        ..ROW
    },
];

/// As `git clone` would have left it.
const CONFIG: &str = "\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
[remote \"origin\"]
\turl = git@github.com:holmes/nix-config.git
\tfetch = +refs/heads/*:refs/remotes/origin/*
[branch \"trunk\"]
\tremote = origin
\tmerge = refs/heads/trunk
";
