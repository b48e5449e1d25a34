//! Parts for a machine without Nix: kernel, firmware and programs of Debian trixie, unpacked into trees under
//! `target/parts`. Never touches the machine's own package state: apt runs with a private configuration, and
//! nothing is installed. A tree is named by the exact packages and rules it was made from.

mod apt;
mod fixup;
mod leave_out;
mod mirror;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::cache::{self, Key};
use crate::command;
use crate::parts::Parts;
use apt::{Apt, Package};
use leave_out::LeaveOut;

/// A tree to be made: what goes in, what is left out, and what a maintainer script would have done.
struct Tree {
    name: &'static str,
    packages: &'static [&'static str],
    leave_out: &'static str,
    fix_up: fn(&Path) -> Result<()>,
    /// Run after leaving out: what the tree must still be.
    finish: fn(&Path) -> Result<()>,
    /// Raise when `fix_up` or `finish` changes.
    version: u32,
}

const BOOT: Tree = Tree {
    name: "boot",
    packages: &[
        "bash-static",
        "busybox-static",
        "console-data",
        "dosfstools",
        "e2fsprogs",
        "kbd",
        "linux-image-amd64",
        "ovmf",
        "systemd-boot-efi",
        "util-linux",
    ],
    leave_out: include_str!("../debian/boot.list"),
    fix_up: fixup::boot,
    finish: |_| Ok(()),
    version: 2,
};

const STAGE2: Tree = Tree {
    name: "stage2",
    packages: &[
        "bash",
        "bash-static",
        "btrfs-progs",
        "busybox-static",
        "ca-certificates",
        "coreutils",
        "cryptsetup-bin",
        "dosfstools",
        "e2fsprogs",
        "f2fs-tools",
        "git",
        "jq",
        "kmod",
        "mount",
        "nix-bin",
        "openssh-client",
        "openssh-server",
        "openssh-sftp-server",
        "sed",
        "squashfs-tools",
        "util-linux",
        "xfsprogs",
    ],
    leave_out: include_str!("../debian/stage2.list"),
    fix_up: fixup::stage2,
    finish: fixup::finish_stage2,
    version: 2,
};

const BENCH: Tree = Tree {
    name: "bench",
    packages: &["bash", "coreutils", "gdisk", "grep", "jq", "mawk", "mount", "openssl", "parted", "systemd-repart", "udev", "util-linux"],
    leave_out: include_str!("../debian/bench.list"),
    fix_up: fixup::merge_usr,
    finish: |_| Ok(()),
    version: 1,
};

/// What makes the initrds that ours is measured against. Programs that every Debian has are named, too: nothing depends on them.
const INITRDS: Tree = Tree {
    name: "initrds",
    packages: &[
        "base-passwd",
        "bash",
        "busybox",
        "coreutils",
        "dash",
        "dmsetup",
        "dpkg",
        "dracut-core",
        "findutils",
        "grep",
        "gzip",
        "hostname",
        "initramfs-tools-core",
        "libc-bin",
        "mawk",
        "sed",
        "systemd-sysv",
        "tar",
        "udev",
        "util-linux",
        "zstd",
    ],
    leave_out: include_str!("../debian/initrds.list"),
    fix_up: fixup::merge_usr,
    finish: fixup::finish_initrds,
    version: 1,
};

/// What an own kernel is built from.
const LINUX_SOURCE: Tree = Tree {
    name: "linux-source",
    packages: &["linux-source-6.12"],
    leave_out: include_str!("../debian/linux-source.list"),
    fix_up: |_| Ok(()),
    finish: fixup::finish_linux_source,
    version: 1,
};

/// What is installed from over a network, in tests.
const SERVERS: Tree = Tree {
    name: "servers",
    packages: &["busybox-static", "git", "openssh-client", "openssh-server", "openssl", "stunnel4"],
    leave_out: include_str!("../debian/servers.list"),
    fix_up: fixup::merge_usr,
    finish: fixup::finish_servers,
    version: 1,
};

/// Puts the places of libraries into programs, as Nix's packages have them.
const PATCHELF: Tree =
    Tree { name: "patchelf", packages: &["patchelf"], leave_out: "", fix_up: fixup::merge_usr, finish: |_| Ok(()), version: 1 };

/// The tree with `patchelf`.
pub fn patchelf() -> Result<PathBuf> {
    tree(&PATCHELF)
}

/// The tree that the other parts of an image but stage-2 come from.
pub fn boot() -> Result<PathBuf> {
    tree(&BOOT)
}

/// The servers that tests install from.
pub fn servers() -> Result<PathBuf> {
    tree(&SERVERS)
}

/// The source of the kernel, with Debian's changes.
pub fn linux_source() -> Result<PathBuf> {
    tree(&LINUX_SOURCE)
}

/// The programs that the installer's own work is measured against.
pub fn contenders() -> Result<PathBuf> {
    tree(&BENCH)
}

/// The programs that make other initrds.
pub fn initrds() -> Result<PathBuf> {
    tree(&INITRDS)
}

/// Everything an image is made of.
pub fn parts() -> Result<Parts> {
    let boot = boot()?;
    let version = kernel_version(&boot)?;
    let kernel = boot.join(format!("boot/vmlinuz-{version}"));
    Ok(Parts {
        built: date(&kernel)?,
        kernel,
        kernel_config: boot.join(format!("boot/config-{version}")),
        modules: boot.join("usr/lib/modules").join(&version),
        loader: boot.join("usr/lib/systemd/boot/efi/systemd-bootx64.efi"),
        grub: PathBuf::from("/usr/lib/grub/i386-pc"),
        stage2: tree(&STAGE2)?,
        stand_ins: Some(cache::root().join("qemu-tests/stand-in")),
        stage2_store: Vec::new(),
        programs: boot,
    })
}

/// UEFI firmware for virtual machines: code and the empty variable store.
pub fn firmware() -> Result<[PathBuf; 2]> {
    let boot = boot()?;
    Ok(["CODE", "VARS"].map(|half| boot.join(format!("usr/share/OVMF/OVMF_{half}_4M.fd"))))
}

/// When the kernel was made, which is said by the package that it comes in: two builds of the same content say the same.
fn date(kernel: &Path) -> Result<u64> {
    let doing = || format!("reading the date of {}", kernel.display());
    let date = fs::metadata(kernel).and_then(|kernel| kernel.modified()).with_context(doing)?;
    Ok(date.duration_since(SystemTime::UNIX_EPOCH).with_context(doing)?.as_secs())
}

/// The one kernel of a tree.
fn kernel_version(tree: &Path) -> Result<String> {
    let directory = tree.join("usr/lib/modules");
    let finding = || format!("finding the kernel in {}", directory.display());
    let entry = fs::read_dir(&directory).with_context(finding)?.next().with_context(finding)?.with_context(finding)?;
    Ok(entry.file_name().to_string_lossy().into_owned())
}

/// One tree at a time. Half-made results are named after the process, and the unit tests are one process of many threads.
static UNPACKING: Mutex<()> = Mutex::new(());

fn tree(wanted: &Tree) -> Result<PathBuf> {
    // A thread that failed left nothing that the next could take for whole.
    let _alone = UNPACKING.lock().unwrap_or_else(PoisonError::into_inner);
    let apt = Apt::configure(cache::directory("parts/apt")?)?;
    let packages = apt.closure(wanted.packages)?;
    let mut key = Key::new("debian tree 1");
    key.add(&wanted.version.to_le_bytes());
    key.add(wanted.leave_out.as_bytes());
    for package in &packages {
        key.add(package.identity.as_bytes());
    }
    let path = cache::directory("parts")?.join(format!("{}-{}", wanted.name, key.name()));
    cache::once(path, |part| {
        eprintln!("unpacking the {} tree", wanted.name);
        apt.download(wanted.packages)?;
        let leave_out = LeaveOut::parse(wanted.leave_out)?;
        unpack(&apt, &packages, &leave_out, part)?;
        (wanted.fix_up)(part)?;
        leave_out.remove_paths(part)?;
        fixup::drop_dangling_links(part)?;
        (wanted.finish)(part)
    })
}

fn unpack(apt: &Apt, packages: &[Package], leave_out: &LeaveOut, tree: &Path) -> Result<()> {
    fs::create_dir_all(tree).with_context(|| format!("making {}", tree.display()))?;
    for package in packages {
        if leave_out.package(package.name()) {
            continue;
        }
        command::run(&format!("unpacking {}", package.file), command::tool("dpkg-deb").arg("-x").arg(apt.archive(package)).arg(tree))?;
    }
    Ok(())
}
