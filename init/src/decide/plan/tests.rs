//! Plans as people read them.

use super::*;
use crate::decide::{Facts, Outcome, Transport, choose, numbered};
use crate::facts::superblock::Hint;
use crate::settings::Source;
use crate::settings::kit::{Origin, inventory};

const FILE: &str = "targetHost=ultraviolet\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\n\
                    swap.enable=true\nswap.size=2G\n";

const SYSTEM: Carried = Carried { toplevel: Some("/nix/store/x"), commit: None };

fn plan(more: &str, disks: &[Disk]) -> Plan {
    plan_of(more, disks, SYSTEM)
}

fn plan_of(more: &str, disks: &[Disk], carried: Carried) -> Plan {
    let settings = Settings::read(&[Source::file("settings", FILE), Source::command_line(more)]).unwrap();
    let outcome = choose(Facts { disks, entries: &[], driverless: &[], content: 0 }, &settings, None).unwrap();
    let Outcome::Target(choice) = outcome else { panic!("a tie") };
    Plan::new(&settings, *choice, disks, carried)
}

#[test]
fn the_plan_as_the_person_reads_it() {
    let nvme = Disk {
        name: "nvme0n1".into(),
        bytes: 16 << 30,
        sector: 512,
        model: "QEMU NVMe Ctrl".into(),
        serial: "UV0001".into(),
        transport: Transport::Nvme,
        partitions: vec!["nvme0n1p1".into()],
        ..Disk::default()
    };
    let old = Disk {
        name: "sda".into(),
        bytes: 8 << 30,
        sector: 512,
        removable: true,
        contents: vec![Hint { kind: "ext4", label: "UV-ROOT".into() }],
        ..Disk::default()
    };
    let disks = [nvme, old];
    let plan = plan("", &disks);
    assert_eq!(
        [plan.body(), numbered(&plan.acts())].concat().join("\n"),
        "warning: sda carries the label UV-ROOT too: detach it, or the system may mount it\n\
         > target nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme): nothing recognised\n\
         \x20 chosen because no other disk can be the target\n\
         \x20 nvme0n1 has a partition now, which WILL BE LOST\n\
         plan 1/9: wiping old signatures from nvme0n1 and discarding everything on it\n\
         plan 2/9: writing the partition table: UV-ESP 1.0 GiB, UV-ROOT 12.9 GiB, UV-SWAP 2.0 GiB\n\
         plan 3/9: formatting nvme0n1p1 (vfat UV-ESP), nvme0n1p2 (ext4 UV-ROOT), nvme0n1p3 (swap UV-SWAP)\n\
         plan 4/9: mounting nvme0n1p2 at /mnt and nvme0n1p1 at /mnt/boot\n\
         plan 5/9: unpacking the closure into /mnt/nix/store\n\
         plan 6/9: registering the store paths\n\
         plan 7/9: running nixos-install for ultraviolet\n\
         plan 8/9: reading the disk back and comparing\n\
         plan 9/9: making nvme0n1 bootable and the firmware's first choice"
    );
    assert_eq!(
        plan.others()[0].to_string(),
        "sda (unknown model, serial unknown, 8.0 GiB, other): no partition table: ext4 UV-ROOT; its medium is removable; it must be named"
    );
}

#[test]
fn a_person_is_waited_for_before_the_disk_is_read_back() {
    let disks = [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }];
    let plan = plan("install.waitBeforePowerOff", &disks);
    let lines: Vec<String> = plan.steps.iter().skip(6).map(Step::to_string).collect();
    assert_eq!(
        lines,
        [
            "running nixos-install for ultraviolet",
            "waiting for the word done: until then files can be copied to /mnt",
            "reading the disk back and comparing",
            "making sda bootable and the firmware's first choice",
        ]
    );
}

#[test]
fn an_encrypted_root_and_its_swap() {
    let disks = [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }];
    let words = "install.luks.enable install.labels.luks=UV-CRYPT install.luks.recoveryKey install.rootFs=btrfs";
    let plan = plan(words, &disks);
    let lines: Vec<String> = plan.steps.iter().map(Step::to_string).collect();
    assert_eq!(
        lines,
        [
            "wiping old signatures from sda and discarding everything on it",
            "writing the partition table: UV-ESP 1.0 GiB, UV-CRYPT 12.9 GiB, UV-SWAP 2.0 GiB",
            "encrypting sda2 (LUKS2 UV-CRYPT) and opening it as cryptroot",
            "adding the recovery key to sda2 (UV-CRYPT)",
            "leaving sda3 (UV-SWAP) for the system's own random encryption",
            "formatting sda1 (vfat UV-ESP), cryptroot (btrfs UV-ROOT)",
            "mounting cryptroot at /mnt and sda1 at /mnt/boot",
            "unpacking the closure into /mnt/nix/store",
            "registering the store paths",
            "running nixos-install for ultraviolet",
            "reading the disk back and comparing",
            "making sda bootable and the firmware's first choice",
        ]
    );
    assert!(plan.steps.iter().any(|step| matches!(step, Step::Mount { swap: Some(Swap::RandomKey(name)), .. } if name == "sda3")));
}

#[test]
fn what_the_kit_has_is_named_before_it_is_placed_and_cleared_at_the_end() {
    let settings = Settings::read(&[Source::file("settings", FILE), Source::command_line("install.kit.wipeAfterInstall")]).unwrap();
    let settings =
        Settings { kit: inventory(Origin::Kit, &["age/ultraviolet.agekey", "files/etc/x"], "", "ultraviolet").unwrap(), ..settings };
    let disks = [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }];
    let outcome = choose(Facts { disks: &disks, entries: &[], driverless: &[], content: 0 }, &settings, None).unwrap();
    let Outcome::Target(choice) = outcome else { panic!("a tie") };
    let lines: Vec<String> = Plan::new(&settings, *choice, &disks, SYSTEM).steps.iter().map(Step::to_string).collect();
    assert_eq!(lines[4], "placing /etc/age/, /etc/age/ultraviolet.agekey, /etc/x");
    assert_eq!(
        lines[8..],
        [
            "reading the disk back and comparing",
            "making sda bootable and the firmware's first choice",
            "removing the private keys from the stick"
        ]
    );
}

#[test]
fn a_kit_that_cannot_be_read_is_warned_of() {
    let settings = Settings::read(&[Source::file("settings", FILE)]).unwrap();
    let settings = Settings { kit_unread: Some("age: Input/output error".into()), ..settings };
    let disks = empty();
    let outcome = choose(Facts { disks: &disks, entries: &[], driverless: &[], content: 0 }, &settings, None).unwrap();
    let Outcome::Target(choice) = outcome else { panic!("a tie") };
    let body = Plan::new(&settings, *choice, &disks, SYSTEM).body();
    assert_eq!(body[0], "warning: nothing of the kit partition is used, it cannot be read: age: Input/output error");
}

#[test]
fn without_swap_the_second_partition_is_the_last() {
    let disks = [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }];
    let plan = plan("install.swap.enable=false", &disks);
    assert_eq!(plan.partitions().iter().map(|p| (p.name.as_str(), p.usage)).collect::<Vec<_>>(), [("sda1", Use::Esp), ("sda2", Use::Root)]);
}

fn lines(plan: &Plan, from: usize) -> Vec<String> {
    plan.steps.iter().skip(from).map(Step::to_string).collect()
}

fn empty() -> [Disk; 1] {
    [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }]
}

#[test]
fn a_system_that_is_built_from_a_flake() {
    let words = "install.prebuilt=false install.repo=git@example.com:me/config install.targetUser=me";
    let plan = plan(words, &empty());
    assert!(plan.warnings.is_empty());
    assert_eq!(
        lines(&plan, 4),
        [
            "cloning git@example.com:me/config into /mnt/nix-config",
            "running nixos-install for ultraviolet, which builds everything: no cache is asked",
            "handing the clone to me, and the deploy key if there is one",
            "reading the disk back and comparing",
            "making sda bootable and the firmware's first choice",
        ]
    );
}

#[test]
fn which_commit_is_built_and_which_caches_are_asked() {
    let words = "install.prebuilt=false install.repo=http://example.com/config install.repoBranch=next install.repoRev=0123456 \
                 install.nix.settings.substituters=https://cache.example.com install.nix.settings.substituters=http://10.0.0.1";
    let plan = plan(words, &empty());
    assert_eq!(
        plan.warnings,
        ["warning: nothing proves that http://example.com/config is what answers: use ssh or https, or name a whole commit with repoRev"]
    );
    assert_eq!(
        lines(&plan, 4)[..2],
        [
            "cloning http://example.com/config, branch next, commit 0123456, into /mnt/nix-config",
            "running nixos-install for ultraviolet, which asks https://cache.example.com, http://10.0.0.1",
        ]
    );
}

#[test]
fn the_clone_of_a_system_on_the_medium() {
    let words = "install.repo=git@example.com:me/config install.targetUser=me install.deployKeyToUser=false";
    let carried = Carried { commit: Some("0123456789abcdef0123456789abcdef01234567"), ..SYSTEM };
    let plan = plan_of(words, &empty(), carried);
    assert_eq!(plan.clone_path(), Some("/mnt/nix-config"));
    assert_eq!(
        lines(&plan, 5),
        [
            "registering the store paths",
            "cloning the repository from the medium into /mnt/nix-config (commit 0123456789ab)",
            "running nixos-install for ultraviolet",
            "handing the clone to me",
            "reading the disk back and comparing",
            "making sda bootable and the firmware's first choice",
        ]
    );
    let without = plan_of(words, &empty(), SYSTEM);
    assert_eq!(
        without.warnings,
        ["warning: there is no repository on this medium: no clone of git@example.com:me/config is left in /mnt/nix-config"]
    );
    assert_eq!((without.clone_path(), lines(&without, 5).len()), (None, 4));
}
