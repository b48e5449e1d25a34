//! What will be done, step by step. The same line is shown before `yes`, heads the progress, is logged, and is the dry run's output.

use std::fmt;

use super::choice::Loser;
use super::{Choice, Disk, Layout, Region, Rule, human};
use crate::settings::{Labels, Settings};

/// How many steps a plan can have.
const MAX_STEPS: usize = 16;

/// Everything that will happen, decided and shown before anything is written.
#[derive(Debug)]
pub struct Plan {
    /// The host that is installed.
    pub host: String,
    /// The system that is installed, a store path.
    pub toplevel: String,
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

/// One act. Its `Display` is the line that people and tests read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Zero what old signatures can lie in, at both ends of the disk and of every old and new partition.
    Wipe(Box<Disk>),
    /// Write protective MBR and GPT.
    Partition(Vec<Partition>),
    /// Make a file system or swap area.
    Format(Partition),
    /// Mount the new file systems below `/mnt`.
    Mount {
        /// Node name of the root file system.
        root: String,
        /// Node name of the ESP.
        esp: String,
        /// Node name of the swap area, which is used from here on.
        swap: Option<String>,
    },
    /// Unpack the closure image into the store.
    Unpack,
    /// Make the store's database know the paths.
    Register,
    /// Run `nixos-install`.
    NixosInstall(String),
    /// Unmount, flush, mount read-only, compare.
    Verify,
}

/// What a partition is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// EFI system partition, vfat.
    Esp,
    /// Root, ext4.
    Root,
    /// Swap.
    Swap,
}

/// A partition to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Kernel name, such as `nvme0n1p1`.
    pub name: String,
    /// Label of the file system and name in the GPT.
    pub label: String,
    /// Where it lies.
    pub region: Region,
    /// What it is for.
    pub usage: Use,
}

impl Plan {
    /// Lays the steps down. Infallible: all refusals came before. `disks` are all there are.
    pub fn new(settings: &Settings, choice: Choice, disks: &[Disk], toplevel: &str) -> Plan {
        let Choice { target, layout, rule, others, skipped: notes } = choice;
        let bystanders: Vec<&Disk> = disks.iter().filter(|disk| disk.name != target.name && !disk.ours).collect();
        let warnings = same_labels(&bystanders, &settings.labels);
        let labels = &settings.labels;
        let uses = [
            (Use::Esp, Some(layout.esp), &labels.efi),
            (Use::Root, Some(layout.root), &labels.root),
            (Use::Swap, layout.swap, &labels.swap),
        ];
        let partitions: Vec<Partition> = (1..)
            .zip(uses)
            .filter_map(|(number, (usage, region, label))| {
                Some(Partition { name: target.partition(number), label: label.clone(), region: region?, usage })
            })
            .collect();
        let mut steps = heapless::Vec::new();
        let prepare = [Step::Wipe(Box::new(target.clone())), Step::Partition(partitions.clone())];
        let format = partitions.into_iter().map(Step::Format);
        let install = [
            Step::Mount { root: target.partition(2), esp: target.partition(1), swap: layout.swap.map(|_| target.partition(3)) },
            Step::Unpack,
            Step::Register,
            Step::NixosInstall(settings.target_host.clone()),
            Step::Verify,
        ];
        steps.extend(prepare.into_iter().chain(format).chain(install));
        Plan { host: settings.target_host.clone(), toplevel: toplevel.into(), target, layout, steps, rule, others, warnings, notes }
    }

    /// The partitions to be.
    pub fn partitions(&self) -> &[Partition] {
        let table = self.steps.iter().find_map(|step| if let Step::Partition(partitions) = step { Some(partitions) } else { None });
        table.map(Vec::as_slice).unwrap_or_default()
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

/// The installed system looks its file systems up by label, and may find the wrong one.
fn same_labels(disks: &[&Disk], labels: &Labels) -> Vec<String> {
    let labels = [&labels.efi, &labels.root, &labels.swap].into_iter().filter(|label| !label.is_empty());
    let warning = |label: &String| {
        let carriers: Vec<&str> = disks.iter().filter(|disk| disk.carries(label)).map(|disk| disk.name.as_str()).collect();
        let (verb, them) = if carriers.len() == 1 { ("carries", "it") } else { ("carry", "them") };
        let names = carriers.join(", ");
        (!carriers.is_empty())
            .then(|| format!("warning: {names} {verb} the label {label} too: detach {them}, or the system may mount {them}"))
    };
    labels.filter_map(warning).collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Wipe(disk) => write!(f, "wiping old signatures from {}", disk.name),
            Step::Partition(partitions) => {
                f.write_str("writing the partition table:")?;
                let separators = std::iter::once(" ").chain(std::iter::repeat(", "));
                separators.zip(partitions).try_for_each(|(separator, p)| write!(f, "{separator}{} {}", p.label, human(p.region.bytes)))
            }
            Step::Format(p) => write!(f, "formatting {} ({} {})", p.name, p.usage, p.label),
            Step::Mount { root, esp, .. } => write!(f, "mounting {root} at /mnt and {esp} at /mnt/boot"),
            Step::Unpack => f.write_str("unpacking the closure into /mnt/nix/store"),
            Step::Register => f.write_str("registering the store paths"),
            Step::NixosInstall(host) => write!(f, "running nixos-install for {host}"),
            Step::Verify => f.write_str("reading the disk back and comparing"),
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Use::Esp => "vfat",
            Use::Root => "ext4",
            Use::Swap => "swap",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Facts, Outcome, Transport, choose};
    use crate::facts::superblock::Hint;
    use crate::settings::Source;

    #[test]
    fn the_plan_as_the_person_reads_it() {
        let file = "targetHost=ultraviolet\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\nswap.enable=true\nswap.size=2G\n";
        let settings = Settings::read(&[Source::file("settings", file)]).unwrap();
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
        let outcome = choose(Facts { disks: &disks, entries: &[], driverless: &[], content: 0 }, &settings, None).unwrap();
        let Outcome::Target(choice) = outcome else { panic!("a tie") };
        let plan = Plan::new(&settings, *choice, &disks, "/nix/store/x");
        assert_eq!(
            plan.body().join("\n"),
            "warning: sda carries the label UV-ROOT too: detach it, or the system may mount it\n\
             > target nvme0n1 (QEMU NVMe Ctrl, serial UV0001, 16.0 GiB, nvme): nothing recognised\n\
             \x20 chosen because no other disk can be the target\n\
             \x20 nvme0n1 has a partition now, which WILL BE LOST\n\
             plan 1/10: wiping old signatures from nvme0n1\n\
             plan 2/10: writing the partition table: UV-ESP 1.0 GiB, UV-ROOT 12.9 GiB, UV-SWAP 2.0 GiB\n\
             plan 3/10: formatting nvme0n1p1 (vfat UV-ESP)\n\
             plan 4/10: formatting nvme0n1p2 (ext4 UV-ROOT)\n\
             plan 5/10: formatting nvme0n1p3 (swap UV-SWAP)\n\
             plan 6/10: mounting nvme0n1p2 at /mnt and nvme0n1p1 at /mnt/boot\n\
             plan 7/10: unpacking the closure into /mnt/nix/store\n\
             plan 8/10: registering the store paths\n\
             plan 9/10: running nixos-install for ultraviolet\n\
             plan 10/10: reading the disk back and comparing"
        );
        assert_eq!(
            plan.others()[0].to_string(),
            "sda (unknown model, serial unknown, 8.0 GiB, other): no partition table: ext4 UV-ROOT; its medium is removable; it must be named"
        );
    }
}
