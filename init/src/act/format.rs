//! Makes the file systems with the helpers on board. Labels were checked when the settings were read: some of these cut silently.

use std::fs::read_to_string;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use log::Level;

use super::stage2::Stage2;
use crate::decide::{FileSystem, Formatting, Plan, Step};
use crate::drivers;
use crate::error::{Error, Kind, Result};
use crate::pid1::children::{self, Job, UNKNOWN};
use crate::settings::RootFs;

/// A disk that needs longer than this for a file system's tables is broken.
const DEADLINE: Duration = Duration::from_secs(15 * 60);

/// Makes file systems side by side. The programs of the common ones are in the initrd, others in stage-2.
pub fn format(volumes: &[Formatting], stage2: &Stage2) -> Result<()> {
    let doing: Vec<String> = volumes.iter().map(|formatting| format!("formatting {}", formatting.volume.node())).collect();
    let mut helpers = Vec::new();
    for (Formatting { volume, label, what }, doing) in volumes.iter().zip(&doing) {
        let (program, options) = program(*what);
        let node = volume.node();
        let words: Vec<&str> = options.iter().copied().chain([label.as_str(), &node]).collect();
        let job = Job { program, doing, kind: Kind::Disk, deadline: DEADLINE, output: Level::Debug, so_far: UNKNOWN };
        helpers.push((command(program, &words, stage2), job));
    }
    children::run_together(helpers)
}

fn command(program: &str, words: &[&str], stage2: &Stage2) -> Command {
    if stage2_only(program) {
        return stage2.command(program, words);
    }
    let mut command = Command::new(format!("/bin/{program}"));
    command.args(words).env_clear();
    command
}

/// The program, and its options up to the label. None of them discards: the disk was discarded before, or cannot.
fn program(what: FileSystem) -> (&'static str, &'static [&'static str]) {
    match what {
        FileSystem::Vfat => ("mkfs.vfat", &["-F", "32", "-n"]),
        // The kernel initialises inode tables in the background after the first mount; writing them all here takes minutes on a large disk.
        // Remains of an older journal are told from this one's by the checksums, which start from its new UUID.
        FileSystem::Root(RootFs::Ext4) => ("mkfs.ext4", &["-q", "-F", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1", "-L"]),
        FileSystem::Root(RootFs::Btrfs) => ("mkfs.btrfs", &["-q", "-f", "-K", "-L"]),
        FileSystem::Root(RootFs::Xfs) => ("mkfs.xfs", &["-q", "-f", "-K", "-L"]),
        FileSystem::Root(RootFs::F2fs) => ("mkfs.f2fs", &["-q", "-f", "-t", "0", "-l"]),
        FileSystem::Swap => ("mkswap", &["-q", "-L"]),
    }
}

fn stage2_only(program: &str) -> bool {
    !Path::new(&format!("/bin/{program}")).exists()
}

/// Refuses a plan whose file systems cannot be made or mounted here, while nothing is lost yet.
///
/// # Errors
/// A program is neither in the initrd nor in stage-2, or the kernel does not know the root file system.
pub fn require(plan: &Plan, stage2: &Stage2) -> Result<()> {
    let has = |program: &str| !stage2_only(program) || stage2.has(program);
    let volumes = plan.steps.iter().filter_map(|step| if let Step::Format(volumes) = step { Some(volumes) } else { None });
    volumes.flatten().try_for_each(|formatting| can_be_used(formatting.what, has, known_to_kernel))
}

fn can_be_used(what: FileSystem, has: impl Fn(&str) -> bool, known: impl Fn(&str) -> bool) -> Result<()> {
    let refused = |cause: String| Err(Error::new(Kind::Settings, "preparing the installation", cause));
    let (program, _) = program(what);
    if !has(program) {
        return refused(format!("making {what} needs {program}, which is not on this medium"));
    }
    if matches!(what, FileSystem::Root(_) | FileSystem::Vfat) && !known(&what.to_string()) {
        return refused(format!("mounting {what} needs a module of the kernel, which is not on this medium or cannot be loaded"));
    }
    Ok(())
}

/// Whether the kernel can mount this, perhaps with the module that it would ask for then.
fn known_to_kernel(kind: &str) -> bool {
    let listed = read_to_string("/proc/filesystems").unwrap_or_default();
    let known = listed.lines().any(|line| line.split_whitespace().next_back() == Some(kind));
    known || drivers::provide(&format!("fs-{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_made_or_mounted_is_refused() {
        let root = FileSystem::Root(RootFs::Xfs);
        let refusal = |has, known| can_be_used(root, |_| has, |_| known).map_err(|error| error.to_string());
        assert_eq!(refusal(true, true), Ok(()));
        assert_eq!(refusal(false, true).unwrap_err(), "preparing the installation: making xfs needs mkfs.xfs, which is not on this medium");
        assert_eq!(
            refusal(true, false).unwrap_err(),
            "preparing the installation: mounting xfs needs a module of the kernel, which is not on this medium or cannot be loaded"
        );
        // vfat and swap are never mounted as the root.
        assert!(can_be_used(FileSystem::Swap, |_| true, |_| false).is_ok());
        let esp = can_be_used(FileSystem::Vfat, |_| true, |_| false).unwrap_err().to_string();
        assert!(esp.starts_with("preparing the installation: mounting vfat needs a module of the kernel, which is not on"), "{esp}");
    }
}
