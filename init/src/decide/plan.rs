//! What will be done to which disk, why that one, and step by step.

use super::choice::Loser;
use super::{Choice, Container, Disk, FileSystem, Formatting, Layout, Partition, Region, Rule, Step, Swap, Use, Volume};
use crate::settings::{Labels, Online, Settings};

/// How many steps a plan can have.
const MAX_STEPS: usize = 24;

/// Everything that will happen, decided and shown before anything is written.
#[derive(Debug)]
pub struct Plan {
    /// The host that is installed.
    pub host: String,
    /// The system that is installed, a store path, if the medium has it.
    pub toplevel: Option<String>,
    /// What it is built from otherwise.
    pub online: Option<Online>,
    /// The disk that is erased.
    pub target: Disk,
    /// Its division.
    pub layout: Layout,
    /// The steps in order.
    pub steps: heapless::Vec<Step, MAX_STEPS>,
    rule: Rule,
    others: Vec<Loser>,
    warnings: Vec<String>,
    notes: Vec<String>,
}

impl Plan {
    /// Lays the steps down. Infallible: all refusals came before. `disks` are all there are.
    pub fn new(settings: &Settings, choice: Choice, disks: &[Disk], toplevel: Option<&str>) -> Plan {
        let Choice { target, layout, rule, others, skipped: notes } = choice;
        let bystanders: Vec<&Disk> = disks.iter().filter(|disk| disk.name != target.name && !disk.ours).collect();
        let warnings = same_labels(&bystanders, &settings.labels);
        let partitions = partitions(settings, &target, &layout);
        let mut steps = heapless::Vec::new();
        let prepare = [Step::Wipe(Box::new(target.clone())), Step::Partition(partitions.clone())];
        let encrypt = partitions.iter().flat_map(|partition| encrypt(settings, partition));
        let format = partitions.iter().filter_map(|partition| formatting(settings, partition)).collect();
        let directories = (!settings.mount_dirs.is_empty()).then(|| Step::Directories(settings.mount_dirs.clone()));
        let post_mount = (!settings.post_mount.is_empty()).then(|| Step::PostMount(settings.post_mount.clone()));
        let mount = [Step::Format(format), mount(settings, &partitions)];
        let before = match &settings.online {
            None => vec![Step::Unpack, Step::Register],
            Some(online) => vec![Step::Clone { remote: online.remote.clone(), branch: online.branch.clone(), to: online.clone.clone() }],
        };
        let user = settings.online.as_ref().and_then(|online| Some((online.user.clone()?, online.key_to_user)));
        let hand_over = user.map(|(user, key)| Step::HandOver { user, key });
        let install = before.into_iter().chain([Step::NixosInstall(settings.target_host.clone())]).chain(hand_over).chain([Step::Verify]);
        steps.extend(prepare.into_iter().chain(encrypt).chain(mount).chain(directories).chain(post_mount).chain(install));
        Plan {
            host: settings.target_host.clone(),
            toplevel: toplevel.map(String::from),
            online: settings.online.clone(),
            target,
            layout,
            steps,
            rule,
            others,
            warnings,
            notes,
        }
    }

    /// The partitions to be.
    pub fn partitions(&self) -> &[Partition] {
        let table = self.steps.iter().find_map(|step| if let Step::Partition(partitions) = step { Some(partitions) } else { None });
        table.map(Vec::as_slice).unwrap_or_default()
    }

    /// The encrypted container to be, if there is to be one.
    pub fn container(&self) -> Option<&Container> {
        self.steps.iter().find_map(|step| if let Step::Encrypt(container) = step { Some(container) } else { None })
    }

    /// What must be read before answering: what speaks against it, the target with the reason for it, the steps.
    pub fn body(&self) -> Vec<String> {
        let mut lines = self.warnings.clone();
        lines.push(format!("> target {}: {}", self.target, self.target.summary()));
        lines.push(format!("  chosen because {}", self.rule.because()));
        lines.push(match self.target.partitions.len() {
            0 => format!("  {} has no partitions now", self.target.name),
            1 => format!("  {} has a partition now, which WILL BE LOST", self.target.name),
            count => format!("  {} has {count} partitions now, which WILL ALL BE LOST", self.target.name),
        });
        lines.extend((1..).zip(&self.steps).map(|(number, step)| format!("plan {number}/{}: {step}", self.steps.len())));
        lines
    }

    /// The question that stands below the plan.
    pub fn question(&self) -> String {
        format!("type yes to erase {} and install {}, no to power off, or the name of another disk: ", self.target, self.host)
    }

    /// The other disks, each with its reason.
    pub fn others(&self) -> &[Loser] {
        &self.others
    }

    /// What the choice passed over.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The partitions in their order on the disk.
fn partitions(settings: &Settings, target: &Disk, layout: &Layout) -> Vec<Partition> {
    let labels = &settings.labels;
    let root = if settings.luks.is_some() { (Use::Luks, &labels.luks) } else { (Use::Root, &labels.root) };
    let uses = [(Use::Esp, &labels.efi, Some(layout.esp)), (root.0, root.1, Some(layout.root)), (Use::Swap, &labels.swap, layout.swap)];
    let there = uses.into_iter().filter_map(|(usage, label, region)| Some((usage, label, region?)));
    let partition = |(number, (usage, label, region)): (u32, (Use, &String, Region))| Partition {
        name: target.partition(number),
        label: label.clone(),
        region,
        usage,
    };
    (1..).zip(there).map(partition).collect()
}

/// What comes between the table and the file systems: the container, and what is left alone.
fn encrypt(settings: &Settings, partition: &Partition) -> Vec<Step> {
    match (partition.usage, &settings.luks) {
        (Use::Luks, Some(luks)) => {
            let container = Container {
                partition: partition.name.clone(),
                label: partition.label.clone(),
                mapping: luks.mapper_name.clone(),
                pbkdf: luks.pbkdf,
            };
            let recovery = luks.recovery_key.then(|| Step::RecoveryKey(container.clone()));
            [Step::Encrypt(container)].into_iter().chain(recovery).collect()
        }
        (Use::Swap, Some(_)) => vec![Step::LeaveSwap(partition.clone())],
        _ => Vec::new(),
    }
}

/// What is made in a partition, or in the container that it holds.
fn formatting(settings: &Settings, partition: &Partition) -> Option<Formatting> {
    let plain = |what| Some(Formatting { volume: Volume::Partition(partition.name.clone()), label: partition.label.clone(), what });
    match (partition.usage, &settings.luks) {
        (Use::Esp, _) => plain(FileSystem::Vfat),
        (Use::Luks, Some(luks)) => {
            let volume = Volume::Mapping(luks.mapper_name.clone());
            Some(Formatting { volume, label: settings.labels.root.clone(), what: FileSystem::Root(settings.root_fs) })
        }
        (Use::Swap, Some(_)) => None,
        (Use::Swap, None) => plain(FileSystem::Swap),
        (Use::Root | Use::Luks, _) => plain(FileSystem::Root(settings.root_fs)),
    }
}

/// The file systems where the installation wants them.
fn mount(settings: &Settings, partitions: &[Partition]) -> Step {
    let name = |usage: &[Use]| partitions.iter().find(|p| usage.contains(&p.usage)).map(|p| p.name.clone());
    let volume = |usage: &[Use]| Volume::Partition(name(usage).unwrap_or_default());
    let root = settings.luks.as_ref().map_or_else(|| volume(&[Use::Root]), |luks| Volume::Mapping(luks.mapper_name.clone()));
    let swap =
        name(&[Use::Swap]).map(|name| if settings.luks.is_some() { Swap::RandomKey(name) } else { Swap::Area(Volume::Partition(name)) });
    Step::Mount { root: (root, settings.root_fs), esp: volume(&[Use::Esp]), swap }
}

/// The installed system looks its file systems up by label, and may find the wrong one.
fn same_labels(disks: &[&Disk], labels: &Labels) -> Vec<String> {
    let labels = [&labels.efi, &labels.luks, &labels.root, &labels.swap].into_iter().filter(|label| !label.is_empty());
    let warning = |label: &String| {
        let carriers: Vec<&str> = disks.iter().filter(|disk| disk.carries(label)).map(|disk| disk.name.as_str()).collect();
        let (verb, them) = if carriers.len() == 1 { ("carries", "it") } else { ("carry", "them") };
        let names = carriers.join(", ");
        (!carriers.is_empty())
            .then(|| format!("warning: {names} {verb} the label {label} too: detach {them}, or the system may mount {them}"))
    };
    labels.filter_map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Facts, Outcome, Transport, choose};
    use crate::facts::superblock::Hint;
    use crate::settings::Source;

    const FILE: &str = "targetHost=ultraviolet\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\n\
                        swap.enable=true\nswap.size=2G\n";

    fn plan(more: &str, disks: &[Disk]) -> Plan {
        let settings = Settings::read(&[Source::file("settings", FILE), Source::command_line(more)]).unwrap();
        let outcome = choose(Facts { disks, entries: &[], driverless: &[], content: 0 }, &settings, None).unwrap();
        let Outcome::Target(choice) = outcome else { panic!("a tie") };
        Plan::new(&settings, *choice, disks, Some("/nix/store/x"))
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
            plan.body().join("\n"),
            "warning: sda carries the label UV-ROOT too: detach it, or the system may mount it\n\
             > target nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme): nothing recognised\n\
             \x20 chosen because no other disk can be the target\n\
             \x20 nvme0n1 has a partition now, which WILL BE LOST\n\
             plan 1/8: wiping old signatures from nvme0n1 and discarding everything on it\n\
             plan 2/8: writing the partition table: UV-ESP 1.0 GiB, UV-ROOT 12.9 GiB, UV-SWAP 2.0 GiB\n\
             plan 3/8: formatting nvme0n1p1 (vfat UV-ESP), nvme0n1p2 (ext4 UV-ROOT), nvme0n1p3 (swap UV-SWAP)\n\
             plan 4/8: mounting nvme0n1p2 at /mnt and nvme0n1p1 at /mnt/boot\n\
             plan 5/8: unpacking the closure into /mnt/nix/store\n\
             plan 6/8: registering the store paths\n\
             plan 7/8: running nixos-install for ultraviolet\n\
             plan 8/8: reading the disk back and comparing"
        );
        assert_eq!(
            plan.others()[0].to_string(),
            "sda (unknown model, serial unknown, 8.0 GiB, other): no partition table: ext4 UV-ROOT; its medium is removable; it must be named"
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
            ]
        );
        assert!(plan.steps.iter().any(|step| matches!(step, Step::Mount { swap: Some(Swap::RandomKey(name)), .. } if name == "sda3")));
    }

    #[test]
    fn without_swap_the_second_partition_is_the_last() {
        let disks = [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }];
        let plan = plan("install.swap.enable=false", &disks);
        assert_eq!(
            plan.partitions().iter().map(|p| (p.name.as_str(), p.usage)).collect::<Vec<_>>(),
            [("sda1", Use::Esp), ("sda2", Use::Root)]
        );
    }

    #[test]
    fn a_system_that_is_built_from_a_flake() {
        let disks = [Disk { name: "sda".into(), bytes: 16 << 30, sector: 512, ..Disk::default() }];
        let plan = plan("install.prebuilt=false install.repo=git@example.com:me/config install.targetUser=me", &disks);
        let lines: Vec<String> = plan.steps.iter().skip(4).map(Step::to_string).collect();
        assert_eq!(
            lines,
            [
                "cloning git@example.com:me/config into /mnt/nix-config",
                "running nixos-install for ultraviolet",
                "handing the clone to me, and the deploy key if there is one",
                "reading the disk back and comparing",
            ]
        );
    }
}
