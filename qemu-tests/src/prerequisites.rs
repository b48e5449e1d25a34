//! The programs each verb needs, and the Debian packages they come in. Missing ones are installed on a
//! Debian or Ubuntu machine when run as root; elsewhere the one command to run is printed. Never installs
//! anything else, and never without printing its name first.

use std::collections::BTreeSet;
use std::fmt;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use rustix::process::geteuid;

use crate::command;

/// Program (or file, when it starts with `/`, perhaps with a `*`) and the package that carries it.
const PACKAGES: &[(&str, &str)] = &[
    ("/usr/lib/grub/i386-pc/boot_hybrid.img", "grub-pc-bin"),
    ("/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"),
    ("/usr/include/gelf.h", "libelf-dev"),
    ("/usr/include/libkmod.h", "libkmod-dev"),
    ("/usr/lib/llvm-*/lib/libclang.so", "libclang-dev"),
    ("apt-get", "apt"),
    ("bc", "bc"),
    ("bison", "bison"),
    ("blkid", "util-linux"),
    ("chroot", "coreutils"),
    ("cp", "coreutils"),
    ("cryptsetup", "cryptsetup-bin"),
    ("debugfs", "e2fsprogs"),
    ("depmod", "kmod"),
    ("dpkg-deb", "dpkg"),
    ("e2fsck", "e2fsprogs"),
    ("flex", "flex"),
    ("fsck.vfat", "dosfstools"),
    ("gcc", "gcc"),
    ("git", "git"),
    ("grub-mkimage", "grub-common"),
    ("mcopy", "mtools"),
    ("gzip", "gzip"),
    ("losetup", "mount"),
    ("mdeltree", "mtools"),
    ("mdir", "mtools"),
    ("make", "make"),
    ("mkfs.erofs", "erofs-utils"),
    ("mkfs.vfat", "dosfstools"),
    ("mksquashfs", "squashfs-tools"),
    ("mlabel", "mtools"),
    ("mmd", "mtools"),
    ("mount", "mount"),
    ("mtype", "mtools"),
    ("objcopy", "binutils"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("setpriv", "util-linux"),
    ("sfdisk", "fdisk"),
    ("sgdisk", "gdisk"),
    ("ssh", "openssh-client"),
    ("swtpm", "swtpm"),
    ("tar", "tar"),
    ("unshare", "util-linux"),
    ("unsquashfs", "squashfs-tools"),
    ("wipefs", "util-linux"),
    ("xorriso", "xorriso"),
    ("xz", "xz-utils"),
    ("zstd", "zstd"),
];

/// What building a medium from Debian's parts takes.
pub const ISO: &[&str] = &[
    "apt-get",
    "dpkg-deb",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "depmod",
    "xz",
    "zstd",
    "gzip",
    "objcopy",
    "mksquashfs",
    "unsquashfs",
    "mkfs.vfat",
    "mcopy",
    "mmd",
    "mlabel",
    "xorriso",
    "sgdisk",
    "grub-mkimage",
    "/usr/lib/grub/i386-pc/boot_hybrid.img",
    "git",
    "unshare",
];

/// What building a kernel takes.
pub const KERNEL: &[&str] = &["bc", "bison", "flex", "gcc", "make", "tar", "xz", "zstd", "depmod", "/usr/include/gelf.h"];

/// What asking libkmod takes.
pub const RESOLVER: &[&str] = &["/usr/include/libkmod.h", "/usr/lib/llvm-*/lib/libclang.so"];

/// What running a virtual machine and reading its disks afterwards takes. Nothing is left out where one of these is missing.
pub const MACHINE: &[&str] = &[
    "qemu-system-x86_64",
    "setpriv",
    "swtpm",
    "mkfs.erofs",
    "ssh",
    "cp",
    "sgdisk",
    "sfdisk",
    "losetup",
    "blkid",
    "wipefs",
    "cryptsetup",
    "e2fsck",
    "debugfs",
    "fsck.vfat",
    "mcopy",
    "mdir",
    "mmd",
    "mtype",
    "unshare",
    "mount",
    "chroot",
];

/// What writing on the kit of a medium takes.
pub const KIT: &[&str] = &["mcopy", "mdeltree", "mdir", "mmd", "mtype"];

/// Programs are missing and could not be installed from here: the caller ends with code 2.
#[derive(Debug)]
pub struct Missing {
    packages: BTreeSet<&'static str>,
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "programs are missing; run: {}", install_line(&self.packages))
    }
}

impl std::error::Error for Missing {}

/// Makes sure that every program of the given lists is there.
pub fn ensure(lists: &[&[&str]]) -> Result<()> {
    let missing = packages_of(lists, present)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !can_install() {
        return Err(Missing { packages: missing }.into());
    }
    println!("installing {}", join(&missing));
    apt(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(missing.iter().copied());
    apt(&arguments)?;
    let still = packages_of(lists, present)?;
    if !still.is_empty() {
        bail!("installing {}: the programs are still not there", join(&still));
    }
    Ok(())
}

fn packages_of(lists: &[&[&str]], present: impl Fn(&str) -> bool) -> Result<BTreeSet<&'static str>> {
    let mut packages = BTreeSet::new();
    for program in lists.iter().copied().flatten().filter(|name| !present(name)) {
        match PACKAGES.iter().find(|(name, _)| name == program) {
            Some((_, package)) => packages.insert(*package),
            None => bail!("looking for {program}: no package is known for it"),
        };
    }
    Ok(packages)
}

fn present(program: &str) -> bool {
    if program.starts_with('/') {
        // Of some there is one for each release.
        return glob::glob(program).is_ok_and(|mut found| found.any(|file| file.is_ok()));
    }
    command::search_path().iter().any(|directory| directory.join(program).is_file())
}

/// Root on a machine of the Debian family.
fn can_install() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    geteuid().is_root() && debian_family(&release)
}

fn debian_family(os_release: &str) -> bool {
    os_release
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| matches!(*key, "ID" | "ID_LIKE"))
        .flat_map(|(_, value)| value.trim_matches('"').split(' '))
        .any(|name| matches!(name, "debian" | "ubuntu"))
}

fn apt(arguments: &[&str]) -> Result<()> {
    let status = Command::new("apt-get")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .context("installing packages: starting apt-get")?;
    if !status.success() {
        bail!("installing packages: apt-get {} {status}", arguments[0]);
    }
    Ok(())
}

fn install_line(packages: &BTreeSet<&'static str>) -> String {
    format!("sudo apt-get install --no-install-recommends {}", join(packages))
}

fn join(packages: &BTreeSet<&'static str>) -> String {
    packages.iter().copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_program_has_a_package() {
        assert!(packages_of(&[ISO, KERNEL, MACHINE], |_| false).unwrap().len() > 10);
    }

    #[test]
    fn the_command_names_each_package_once() {
        let packages = packages_of(&[&["mcopy", "mmd", "zstd"]], |name| name == "zstd").unwrap();
        assert_eq!(Missing { packages }.to_string(), "programs are missing; run: sudo apt-get install --no-install-recommends mtools");
    }

    #[test]
    fn an_unknown_program_is_an_error() {
        let error = packages_of(&[&["frobnicate"]], |_| false).unwrap_err();
        assert_eq!(error.to_string(), "looking for frobnicate: no package is known for it");
    }

    #[test]
    fn derivatives_of_debian_are_recognised() {
        assert!(debian_family("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n"));
        assert!(debian_family("NAME=x\nID=debian\n"));
        assert!(!debian_family("ID=nixos\nVERSION=debian\n"));
    }
}
