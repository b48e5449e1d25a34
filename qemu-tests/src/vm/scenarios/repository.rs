//! What is cloned of a repository over a network: with which of several keys, and which commit.

use super::flake::{FINDING, LEFT, LONG, READY, SHUT_IN, SSH};
use super::{ASK, BOOT, FAILED, OFF, PROMPT};
use crate::vm::scenario::After::{BootsInstalled, RootHas, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectPowerOff, Forbid, Type};
use crate::vm::scenario::{Scenario, Vars};

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "flake-each-key",
        proves: "Of several deploy keys each repository is asked with the one that opens it: the flake's, that of a submodule, and that of an input.",
        kit: &[("ssh/deploy/1-stranger", "{strangerKey}"), ("ssh/deploy/2-module", "{moduleKey}"), ("ssh/deploy/3-config", "{deployKey}")],
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.repoBranch=with-module"],
        finds: &[LEFT, Expect("branch=ref: refs/heads/with-module", FINDING), SHUT_IN],
        script: &[
            Forbid(FAILED),
            Expect("cloning ssh://git@10.0.2.100/fixture.git, branch with-module,", BOOT + PROMPT + READY),
            Expect("running nixos-install for {host}, which builds everything", 10),
            Expect(ASK, 10),
            Type(Serial, "yes"),
            Expect("the repository keeps large files with git-lfs, which is not on this medium: they stay away", LONG),
            Expect("autoinstaller: installed {host} on nvme0n1", LONG),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/nix-config/module/note", "0644 1234:567", "from the other repository\n"),
            RootHas("/home/moran/.ssh/github", "0600 1234:567", "{kit ssh/deploy/3-config}"),
            RootHas("/home/moran/.ssh/github-3", "0600 1234:567", "{kit ssh/deploy/2-module}"),
            BootsInstalled(Vars::Left),
        ],
        ..SSH
    },
    Scenario {
        name: "flake-at-commit",
        proves: "A commit that is named is built and not the newest of its branch, and a clone in a home is its user's, with the way to it.",
        words: &[
            "install.repo=ssh://git@10.0.2.100/fixture.git",
            "install.repoRev={commit}",
            "install.repoClonePath=/mnt/home/moran/src/nix-config",
        ],
        finds: &[Expect("FIXTURE-FILE /home/moran/.ssh mode=700 owner=1234:567", BOOT), Expect("FIXTURE-CLONE none", FINDING), SHUT_IN],
        script: &[
            Forbid(FAILED),
            Expect("fixture.git, commit", BOOT + PROMPT + READY),
            Expect(ASK, 10),
            Type(Serial, "yes"),
            Expect("autoinstaller: installed {host} on nvme0n1", 2 * LONG),
            ExpectPowerOff(OFF),
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/home/moran/", "0700 1234:567", ""),
            RootHas("/home/moran/src/", "0755 1234:567", ""),
            RootHas("/home/moran/src/nix-config/.git/HEAD", "0644 1234:567", "ref: refs/heads/main\n"),
            RootHas("/home/moran/src/nix-config/.git/refs/heads/main", "0644 1234:567", "{commit}\n"),
            BootsInstalled(Vars::Left),
        ],
        ..SSH
    },
];
