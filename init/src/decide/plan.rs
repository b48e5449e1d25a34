//! What will be done to which disk, why that one, and step by step.

use super::choice::Loser;
use super::{Choice, Container, Disk, FileSystem, Formatting, Layout, Partition, Publication, Region, Rule, Step, Swap, Use, Volume};
use crate::settings::{Labels, Online, Repository, Settings};

/// How many steps a plan can have.
const MAX_STEPS: usize = 24;

/// What the medium carries of the system to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried<'a> {
    /// The system, a store path.
    pub toplevel: Option<&'a str>,
    /// The commit of the repository from which a clone is left.
    pub commit: Option<&'a str>,
}

/// Everything that will happen, decided and shown before anything is written.
#[derive(Debug)]
pub struct Plan {
    /// The host that is installed.
    pub host: String,
    /// The system that is installed, a store path, if the medium has it.
    pub toplevel: Option<String>,
    /// Who is believed where it is built.
    pub online: Option<Online>,
    /// What it is built from then, and what a clone is left of.
    pub repository: Repository,
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
    pub fn new(settings: &Settings, choice: Choice, disks: &[Disk], carried: Carried) -> Plan {
        let Choice { target, layout, rule, others, skipped: notes, stale } = choice;
        let bystanders: Vec<&Disk> = disks.iter().filter(|disk| disk.name != target.name && !disk.ours).collect();
        let mut warnings = same_labels(&bystanders, &settings.labels);
        warnings.extend(of_the_repository(settings, carried));
        warnings.extend(
            settings.kit_unread.iter().map(|why| format!("warning: nothing of the kit partition is used, it cannot be read: {why}")),
        );
        let partitions = partitions(settings, &target, &layout);
        let mut steps = heapless::Vec::new();
        let prepare = [Step::Wipe(Box::new(target.clone())), Step::Partition(partitions.clone())];
        let encrypt = partitions.iter().flat_map(|partition| encrypt(settings, partition));
        let format = partitions.iter().filter_map(|partition| formatting(settings, partition)).collect();
        let directories = (!settings.mount_dirs.is_empty()).then(|| Step::Directories(settings.mount_dirs.clone()));
        let post_mount = (!settings.post_mount.is_empty()).then(|| Step::PostMount(settings.post_mount.clone()));
        let place = (!settings.kit.is_empty()).then(|| Step::Place(settings.kit.clone()));
        let clear = settings.wipe_kit.then(|| Step::ClearKit(settings.luks.as_ref().and_then(|luks| luks.key_file.clone())));
        let mount = [Step::Format(format), mount(settings, &partitions)];
        let hold = settings.hold.then_some(Step::Hold);
        let publish = [Step::Verify, Step::Publish(Publication { disk: target.name.clone(), entry: settings.firmware_entry, stale })];
        let install = install(settings, carried).into_iter().chain(hold).chain(publish).chain(clear);
        steps.extend(prepare.into_iter().chain(encrypt).chain(mount).chain(directories).chain(post_mount).chain(place).chain(install));
        Plan {
            host: settings.target_host.clone(),
            toplevel: carried.toplevel.map(String::from),
            online: settings.online.clone(),
            repository: settings.repository.clone(),
            target,
            layout,
            steps,
            rule,
            others,
            warnings,
            notes,
        }
    }

    /// Where a clone will be, if there is to be one.
    pub fn clone_path(&self) -> Option<&str> {
        let clones = |step: &Step| matches!(step, Step::Clone { .. } | Step::CloneCarried { .. });
        self.steps.iter().any(clones).then_some(self.repository.clone.as_str())
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

    /// What must be read before answering: what speaks against it, the target with the reason for it.
    pub fn body(&self) -> Vec<String> {
        let mut lines = self.warnings.clone();
        lines.push(format!("> target {}: {}", self.target, self.target.summary()));
        lines.push(format!("  chosen because {}", self.rule.because()));
        lines.push(match self.target.partitions.len() {
            0 => format!("  {} has no partitions now", self.target.name),
            1 => format!("  {} has a partition now, which WILL BE LOST", self.target.name),
            count => format!("  {} has {count} partitions now, which WILL ALL BE LOST", self.target.name),
        });
        lines
    }

    /// What will be done, a text each.
    pub fn acts(&self) -> Vec<String> {
        self.steps.iter().map(Step::to_string).collect()
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

/// How the system and the repository come onto the mounted disk.
fn install(settings: &Settings, carried: Carried) -> Vec<Step> {
    let Repository { remote, branch, rev, clone, user, key_to_user } = &settings.repository;
    let to = clone.clone();
    let mut steps = match (&settings.online, carried.commit) {
        (Some(_), _) => vec![Step::Clone { remote: remote.clone(), branch: branch.clone(), rev: rev.clone(), to }],
        (None, Some(commit)) => vec![Step::Unpack, Step::Register, Step::CloneCarried { commit: commit.into(), to }],
        (None, None) => vec![Step::Unpack, Step::Register],
    };
    let caches = settings.online.as_ref().map(|online| online.substituters.clone());
    steps.push(Step::NixosInstall { host: settings.target_host.clone(), caches });
    let cloned = settings.online.is_some() || carried.commit.is_some();
    let hand_over = user.as_ref().filter(|_| cloned).map(|user| Step::HandOver { user: user.clone(), key: *key_to_user });
    steps.extend(hand_over);
    steps
}

/// What the repository's owner may not expect.
fn of_the_repository(settings: &Settings, carried: Carried) -> Option<String> {
    let Repository { remote, clone, .. } = &settings.repository;
    if settings.online.is_none() {
        let missing = !remote.is_empty() && carried.commit.is_none();
        return missing.then(|| format!("warning: there is no repository on this medium: no clone of {remote} is left in {clone}"));
    }
    let open = settings.repository.is_open_to_all();
    open.then(|| format!("warning: nothing proves that {remote} is what answers: use ssh or https, or name a whole commit with repoRev"))
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
mod tests;
