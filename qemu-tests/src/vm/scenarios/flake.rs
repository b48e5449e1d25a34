//! Installations of a host that builds its own system: the flake is cloned from servers that only the machine can reach. What a server
//! refuses is on the screen before the question, while every byte is still there.

use super::{ASK, BOOT, FAILED, INSTALLED, NVME, OFF, PROMPT, STEP, STEP_ONE, UNTOUCHED};
use crate::vm::scenario::After::{BootsInstalled, DiskUnchanged, DiskWritten, KitHas, NotBootable, RootHas, Served, TargetInstalled};
use crate::vm::scenario::Console::Serial;
use crate::vm::scenario::Step::{Expect, ExpectAll, ExpectPowerOff, Forbid, Part, Type};
use crate::vm::scenario::{BASE, Card, Disk, Firmware, Net, Nic, OBSERVED, Prefill, Scenario, Server, Step, Vars};

/// Room for 32 GiB of swap.
const LARGE: Disk = Disk { mib: 64 * 1024, serial: "VM0001", ..NVME };
/// The same with something on it.
const LARGE_NOISY: Disk = Disk { prefill: Prefill::Noise, ..LARGE };

/// Network, clock, and a look at the servers.
pub(super) const READY: u64 = 300;
/// Cloning, or building, under load.
pub(super) const LONG: u64 = 400;
/// From one finding of the installed system to the next.
pub(super) const FINDING: u64 = 30;

/// Over ssh, with the deploy key of the medium.
pub(super) const SSH: Scenario = Scenario {
    core: false,
    firmware: Firmware::Direct,
    host: "vermissian",
    disks: &[LARGE],
    words: &["install.repo=ssh://git@10.0.2.100/fixture.git"],
    nics: &[Nic { card: Card::Virtio, net: Net::Servers, unplugged: false }],
    servers: &[Server::Ssh],
    finds: FOUND,
    script: INSTALLS,
    after: &[TargetInstalled(0), BootsInstalled(Vars::Left)],
    ..BASE
};

/// An installation without surprises.
const INSTALLS: &[Step] = &[BUILDS, ENDS];
const BUILDS: Step = Part(&[
    Forbid(FAILED),
    Expect(ASK, BOOT + PROMPT + READY),
    Type(Serial, "yes"),
    Expect(STEP_ONE, STEP),
    Expect("running nixos-install for {host}", LONG),
]);
const ENDS: Step = Part(&[Expect("autoinstaller: installed {host} on nvme0n1", LONG), ExpectPowerOff(OFF)]);

/// What the installed system finds of the deploy key and the clone.
pub(super) const LEFT: Step = Part(&[
    Expect("FIXTURE-FILE /home/moran/.ssh mode=700 owner=1234:567", BOOT),
    Expect("FIXTURE-FILE /home/moran/.ssh/github mode=600 owner=1234:567", FINDING),
    Expect("FIXTURE-FILE /home/moran/.ssh/config mode=600 owner=1234:567", FINDING),
    Expect("FIXTURE-FILE /nix-config mode=755 owner=1234:567", FINDING),
    Expect("FIXTURE-FILE /nix-config/flake.nix mode=644 owner=1234:567", FINDING),
]);
/// The same, and it was built in the sandbox of the installation.
const FOUND: &[Step] = &[LEFT, CLONED, SHUT_IN];
const CLONED: Step = Expect("FIXTURE-CLONE origin=ssh://git@10.0.2.100/fixture.git branch=ref: refs/heads/main", FINDING);
pub(super) const SHUT_IN: Step = Expect("FIXTURE-BUILT in=sandbox", FINDING);
/// Of the kit.
const PLACED: Step = Part(&[
    Expect("FIXTURE-FILE /etc/age mode=700 owner=0:0", BOOT),
    Expect("FIXTURE-FILE /etc/age/vermissian.agekey mode=600 owner=0:0", FINDING),
    Expect("FIXTURE-FILE /etc/ssh/ssh_host_ed25519_key mode=600 owner=0:0", FINDING),
    Expect("FIXTURE-FILE /etc/ssh/ssh_host_ed25519_key.pub mode=644 owner=0:0", FINDING),
]);
const AGE: (&str, &str) = ("age/vermissian.agekey", "# made by hand\nAGE-SECRET-KEY-1NOT-A-REAL-ONE-EITHER\n");
const HOST_KEY: (&str, &str) = ("ssh/host/ssh_host_ed25519_key", "-----BEGIN NOT A HOST KEY-----\nb3BlbnNzaC1ob3N0IQ\n");
const HOST_PUB: (&str, &str) = ("ssh/host/ssh_host_ed25519_key.pub", "ssh-ed25519 not-a-public-key root@vermissian\n");
/// What it finds when it came from a cache, which was filled without a sandbox.
const FETCHED: &[Step] = &[LEFT, Expect("FIXTURE-BUILT in=open", FINDING)];

/// Nothing is asked and nothing is written.
pub(super) const NEVER: Step = Part(&[Forbid(INSTALLED), Forbid(STEP_ONE), Forbid(ASK)]);

/// Whoever is not asked again ends here.
const GIVES_UP: Step = Part(&[Expect(UNTOUCHED, 10), super::HELD]);

/// Refused before the question, when nobody is there to try again.
pub(super) const REFUSED: Scenario = Scenario { disks: &[LARGE_NOISY], finds: &[], after: &[DiskUnchanged(0)], ..SSH };

pub const ROWS: &[Scenario] = &[
    Scenario {
        name: "flake-over-ssh",
        proves: "A flake is cloned with the deploy key and built in the sandbox, and the system boots with clone and key in the hands of its user.",
        core: true,
        kit: &[AGE, HOST_KEY, HOST_PUB],
        kernel_words: &[OBSERVED],
        finds: &[PLACED, LEFT, CLONED, SHUT_IN],
        script: &[
            ExpectAll(
                &["OBSERVED never swapped: PID 1", "OBSERVED never swapped: the initrd", "OBSERVED PID 1 is ended last: -1000"],
                BOOT,
            ),
            Expect("OBSERVED never swapped: /stage2/root/etc/ssh/deploy", PROMPT),
            BUILDS,
            Expect("| building '/nix/store/", STEP),
            ENDS,
        ],
        after: &[
            TargetInstalled(0),
            RootHas("/home/moran/.ssh/github", "0600 1234:567", "{kit ssh/deploy/of the medium}"),
            RootHas("/home/moran/.ssh/config", "0600 1234:567", "Host 10.0.2.100\n  IdentityFile ~/.ssh/github\n  IdentitiesOnly yes\n"),
            RootHas("/etc/age/vermissian.agekey", "0600 0:0", "{kit age/vermissian.agekey}"),
            RootHas("/etc/ssh/ssh_host_ed25519_key", "0600 0:0", "{kit ssh/host/ssh_host_ed25519_key}"),
            BootsInstalled(Vars::Left),
        ],
        ..SSH
    },
    Scenario {
        name: "flake-over-ssh-kit-key",
        proves: "A deploy key on the kit partition is the one that the user gets, and not that of the medium.",
        kit: &[("ssh/deploy/id_ed25519", "{otherKey}")],
        after: &[
            TargetInstalled(0),
            RootHas("/home/moran/.ssh/github", "0600 1234:567", "{kit ssh/deploy/id_ed25519}"),
            BootsInstalled(Vars::Left),
        ],
        ..SSH
    },
    Scenario {
        name: "flake-over-https",
        proves: "A flake is cloned over https from a server whose certificate only an authority on the medium vouches for.",
        words: &["install.repo=https://10.0.2.100/cgi-bin/git/fixture.git"],
        servers: &[Server::Https],
        finds: &[
            Expect("FIXTURE-CLONE origin=https://10.0.2.100/cgi-bin/git/fixture.git", BOOT),
            Expect("FIXTURE-BUILT in=sandbox", FINDING),
        ],
        ..SSH
    },
    Scenario {
        name: "flake-with-cache",
        proves: "What a cache has signed is fetched and not built, and each path is said.",
        script: &[BUILDS, Expect("| copying path '/nix/store/", LONG), ENDS],
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.nix.settings.substituters=http://10.0.2.101"],
        servers: &[Server::Ssh, Server::Cache],
        finds: FETCHED,
        after: &[TargetInstalled(0), Served(Server::Cache, ".narinfo"), BootsInstalled(Vars::Left)],
        ..SSH
    },
    Scenario {
        name: "flake-with-dead-cache",
        proves: "A cache that accepts connections and never answers is passed over, with numbers while Nix waits, and the one beside it is used.",
        script: &[BUILDS, Expect("still running nixos-install, 1", 60), Expect(" store paths, ", 10), ENDS],
        words: &[
            "install.repo=ssh://git@10.0.2.100/fixture.git",
            "install.nix.settings.substituters=http://10.0.2.102",
            "install.nix.settings.substituters=http://10.0.2.101",
        ],
        servers: &[Server::Ssh, Server::Cache, Server::Dead],
        finds: FETCHED,
        after: &[TargetInstalled(0), Served(Server::Cache, ".narinfo"), Served(Server::Dead, "records in"), BootsInstalled(Vars::Left)],
        ..SSH
    },
    Scenario {
        name: "flake-with-unsigned-cache",
        proves: "What nobody has signed is not taken from a cache, but built.",
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.nix.settings.substituters=http://10.0.2.103"],
        servers: &[Server::Ssh, Server::Unsigned],
        after: &[TargetInstalled(0), Served(Server::Unsigned, ".narinfo"), BootsInstalled(Vars::Left)],
        ..SSH
    },
    Scenario {
        name: "flake-server-killed",
        proves: "When the server dies in the middle of the clone a person can try again, without starting over.",
        servers: &[Server::SshKilledOnce],
        script: &[
            Expect(ASK, BOOT + PROMPT + READY),
            Type(Serial, "yes"),
            Expect("failed: cloning ssh://git@10.0.2.100/fixture.git into /mnt/nix-config: git exited with 128", LONG),
            Expect("press r to try again", 10),
            Type(Serial, "r"),
            Expect("running nixos-install for {host}", LONG),
            Expect("autoinstaller: installed {host} on nvme0n1", LONG),
            ExpectPowerOff(OFF),
        ],
        ..SSH
    },
    Scenario {
        name: "flake-without-the-host",
        proves: "A host that the flake does not have is named, with those that it has, before anything is built.",
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.targetHost=nobody"],
        finds: &[],
        script: &[
            Forbid(INSTALLED),
            Forbid("autoinstaller: step 6/"),
            Expect(ASK, BOOT + PROMPT + READY),
            Type(Serial, "yes"),
            Expect("failed: looking for nobody in the flake: ", LONG),
            Expect("there is no such host in it; it has stygianlibrary, ultraviolet, vermissian", 10),
            Expect("nvme0n1 was erased and is not bootable", 10),
            Expect("press r to try again", 10),
            // The clone that is there is brought up to date, and has no such host either.
            Type(Serial, "r"),
            Expect("failed: looking for nobody in the flake: ", LONG),
            Expect("press r to try again", 10),
            Type(Serial, "p"),
            ExpectPowerOff(OFF),
        ],
        after: &[
            DiskWritten(0),
            NotBootable(0),
            KitHas("autoinstaller.log", "there is no such host in it"),
            KitHas("autoinstaller.log", "-C /mnt/nix-config reset --hard origin/HEAD"),
        ],
        ..SSH
    },
    Scenario {
        name: "wrong-deploy-key",
        proves: "A deploy key that the server refuses is named as that before the question, and the disk keeps every byte.",
        core: true,
        kit: &[("ssh/deploy/id_ed25519", "{strangerKey}")],
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.unattended", "install.wait-network=30"],
        script: &[
            NEVER,
            Expect("the deploy key of this medium is", BOOT + PROMPT + READY),
            Expect("| ssh-ed25519 AAAA", 10),
            Expect("failed: asking ssh://git@10.0.2.100/fixture.git for its branches: the server refuses the deploy key", READY),
            GIVES_UP,
        ],
        ..REFUSED
    },
    Scenario {
        name: "host-key-mismatch",
        proves: "A server whose host key is not the pinned one is refused before the question.",
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.unattended", "install.wait-network=30"],
        servers: &[Server::SshOtherHost],
        script: &[
            NEVER,
            Expect("failed: asking ssh://git@10.0.2.100/fixture.git for its branches: ", BOOT + PROMPT + READY),
            Expect("the server has another host key than the pinned one", 10),
            GIVES_UP,
        ],
        ..REFUSED
    },
    Scenario {
        name: "unreachable-server",
        proves: "A server at whose address nobody is gets refused as unreachable before the question.",
        words: &["install.repo=ssh://git@10.0.2.100/fixture.git", "install.unattended", "install.wait-network=30"],
        servers: &[Server::Dead],
        script: &[
            NEVER,
            Expect("failed: asking ssh://git@10.0.2.100/fixture.git for its branches: ", BOOT + PROMPT + READY),
            Expect("the server cannot be reached", 10),
            GIVES_UP,
        ],
        ..REFUSED
    },
    Scenario {
        name: "wrong-certificate",
        proves: "A server whose certificate is for another address is refused before the question.",
        words: &["install.repo=https://10.0.2.102:443/cgi-bin/git/fixture.git", "install.unattended", "install.wait-network=30"],
        servers: &[Server::HttpsOtherAddress],
        script: &[
            NEVER,
            Expect("failed: asking https://10.0.2.102:443/cgi-bin/git/fixture.git for its branches: ", BOOT + PROMPT + READY),
            Expect("the server's certificate is for another name", 10),
            GIVES_UP,
        ],
        ..REFUSED
    },
];
