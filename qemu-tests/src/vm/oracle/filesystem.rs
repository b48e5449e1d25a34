//! The three file systems of an installation: their superblocks as libblkid reads them, their consistency as fsck sees it, and
//! copies of their files.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::vm::tool;

/// ESP: FAT, labelled, clean.
pub fn check_esp(part: &Path) -> Result<()> {
    expect(part, "vfat", "UV-ESP")?;
    fsck("checking the file system of UV-ESP", tool::command("fsck.vfat").arg("-n").arg(part))
}

/// Root: ext4, labelled, clean.
pub fn check_root(part: &Path) -> Result<()> {
    expect(part, "ext4", "UV-ROOT")?;
    fsck("checking the file system of UV-ROOT", tool::command("e2fsck").arg("-fn").arg(part))
}

/// Checkers print what they find on standard output, and a summary after it.
fn fsck(subject: &str, command: &mut Command) -> Result<()> {
    let (said, failure) = tool::capture(subject, command)?;
    if let Some(failure) = failure {
        let lines: Vec<&str> = said.out.lines().map(str::trim).filter(|line| !line.is_empty()).take(6).collect();
        bail!("{subject}: {failure}: {}", lines.join("; "));
    }
    // e2fsck says this and exits with 0: the file system was never unmounted.
    if [said.out, said.err].iter().any(|text| text.contains("skipping journal recovery")) {
        bail!("{subject}: its journal was not emptied");
    }
    Ok(())
}

/// Swap: labelled.
pub fn check_swap(part: &Path) -> Result<()> {
    expect(part, "swap", "UV-SWAP")
}

/// Copies the store and the logs of the root file system. debugfs reports no failure by its status: look at the copy.
pub fn dump_root(part: &Path, dir: &Path) -> Result<()> {
    for (source, below) in [("/nix", "."), ("/var/log", "var")] {
        let subject = format!("copying {source} of UV-ROOT");
        let request = format!("rdump {source} {below}");
        std::fs::create_dir_all(dir.join(below))?;
        let mut command = tool::command("debugfs");
        tool::run(&subject, command.current_dir(dir).args(["-R", &request]).arg(part))?;
    }
    Ok(())
}

/// Copies all files of the ESP.
pub fn dump_esp(part: &Path, dir: &Path) -> Result<()> {
    let mut command = tool::command("mcopy");
    command.args(["-s", "-n", "-i"]).arg(part).arg("::").arg(dir);
    tool::run("copying the files of UV-ESP", &mut command).map(drop)
}

fn expect(part: &Path, kind: &str, label: &str) -> Result<()> {
    let subject = format!("looking at what {label} holds");
    let text = tool::run(&subject, tool::command("blkid").args(["-p", "-o", "export"]).arg(part))?;
    let found = parse(&text);
    for (key, wanted) in [("TYPE", kind), ("LABEL", label)] {
        let value = found.get(key).copied().unwrap_or("absent");
        if value != wanted {
            bail!("{subject}: {key} is {value} instead of {wanted}");
        }
    }
    Ok(())
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
