//! The file systems of an installation: their superblocks as libblkid reads them, their consistency as fsck sees it, and copies of
//! their files. Must never accept a partition with a second answer to the question what it holds.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::signatures;
use crate::command::{self, tool};

/// ESP: FAT, labelled, clean.
pub fn check_esp(part: &Path, label: &str) -> Result<()> {
    expect(part, "vfat", label)?;
    fsck(label, tool("fsck.vfat").arg("-n").arg(part))
}

/// Root: of this kind, labelled, clean.
pub fn check_root(part: &Path, kind: &str, label: &str, tools: &Path) -> Result<()> {
    expect(part, kind, label)?;
    let mut command = match kind {
        "ext4" => tool("e2fsck"),
        "btrfs" => command::of_tree(tools, "usr/bin/btrfs"),
        "xfs" => command::of_tree(tools, "usr/sbin/xfs_repair"),
        "f2fs" => command::of_tree(tools, "usr/sbin/fsck.f2fs"),
        _ => bail!("checking the file system of {label}: there is no program for {kind}"),
    };
    let options: &[&str] = match kind {
        "ext4" => &["-fn"],
        "btrfs" => &["check", "--readonly"],
        "xfs" => &["-n"],
        _ => &["--dry-run"],
    };
    fsck(label, command.args(options).arg(part))
}

/// Checkers print what they find on standard output, and a summary after it.
fn fsck(label: &str, command: &mut Command) -> Result<()> {
    let subject = format!("checking the file system of {label}");
    let said = command::listen(&subject, command)?;
    let lines = said.lines();
    if let Some(failure) = said.failure {
        bail!("{subject}: {failure}: {}", lines[..lines.len().min(6)].join("; "));
    }
    // e2fsck says this and exits with 0: the file system was never unmounted.
    if lines.iter().any(|line| line.contains("skipping journal recovery")) {
        bail!("{subject}: its journal was not emptied");
    }
    Ok(())
}

/// Swap: labelled.
pub fn check_swap(part: &Path, label: &str) -> Result<()> {
    expect(part, "swap", label)
}

/// Whether there is a program that copies files out of a root file system of this kind without mounting it. What lies in the others is
/// judged by booting it.
pub fn can_dump(kind: &str) -> bool {
    matches!(kind, "ext4" | "btrfs")
}

/// Copies the store and the logs of the root file system. debugfs reports no failure by its status: look at the copy.
pub fn dump_root(part: &Path, kind: &str, dir: &Path, tools: &Path) -> Result<()> {
    if kind == "btrfs" {
        // With times, owners and modes: a store's content is judged by some of them.
        let mut command = command::of_tree(tools, "usr/bin/btrfs");
        command.args(["restore", "--metadata", "--symlinks"]);
        return command::run("copying the root file system", command.arg(part).arg(dir));
    }
    for (source, below) in [("/nix", "."), ("/var/log", "var")] {
        let subject = format!("copying {source} of the root file system");
        let request = format!("rdump {source} {below}");
        std::fs::create_dir_all(dir.join(below))?;
        let mut command = tool("debugfs");
        command::run(&subject, command.current_dir(dir).args(["-R", &request]).arg(part))?;
    }
    Ok(())
}

/// Copies all files of the ESP.
pub fn dump_esp(part: &Path, dir: &Path) -> Result<()> {
    let mut command = tool("mcopy");
    command.args(["-s", "-n", "-i"]).arg(part).arg("::").arg(dir);
    command::run("copying the files of the ESP", &mut command)
}

/// One answer, with this type and label: blkid gives none when there are several, and may hide those that it believes less.
pub fn expect(part: &Path, kind: &str, label: &str) -> Result<()> {
    let subject = format!("looking at what {label} holds");
    let text = command::text(&subject, tool("blkid").args(["-p", "-o", "export"]).arg(part))?;
    let found = parse(&text);
    for (key, wanted) in [("TYPE", kind), ("LABEL", label)] {
        let value = found.get(key).copied().unwrap_or("absent");
        if value != wanted {
            bail!("{subject}: {key} is {value} instead of {wanted}");
        }
    }
    signatures::expect(part, label, &[kind])
}

fn parse(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once('=')).collect()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn export_format_is_read() {
        let found = parse("DEVNAME=p1.img\nLABEL=UV-ESP\nTYPE=vfat\n");
        assert_eq!(found["LABEL"], "UV-ESP");
    }
}
