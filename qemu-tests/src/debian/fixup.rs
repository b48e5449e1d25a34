//! Does in an unpacked tree what maintainer scripts would have done, and only what the image needs of it.
//! Runs no program of the tree.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cache;
use crate::command;
use crate::image::libraries;

/// Programs that the install path runs in stage-2: their libraries must all be there after leaving out.
const STAGE2_PROGRAMS: [&str; 20] = [
    "usr/bin/bash",
    "usr/bin/busybox",
    "usr/bin/git",
    "usr/bin/jq",
    "usr/bin/kmod",
    "usr/bin/mount",
    "usr/bin/nix",
    "usr/bin/ssh",
    "usr/bin/ssh-keygen",
    "usr/bin/ssh-keyscan",
    "usr/bin/unshare",
    "usr/bin/unsquashfs",
    "usr/lib/git-core/git-remote-http",
    "usr/lib/openssh/sftp-server",
    "usr/lib/openssh/sshd-auth",
    "usr/lib/openssh/sshd-session",
    "usr/sbin/cryptsetup",
    "usr/sbin/mkfs.ext4",
    "usr/sbin/mkfs.vfat",
    "usr/sbin/sshd",
];

/// Links of a merged /usr, which base-files would have brought.
const MERGED: [&str; 4] = ["bin", "lib", "lib64", "sbin"];

/// Mount points and state directories of the stage-2 root.
const STAGE2_DIRECTORIES: [&str; 14] =
    ["boot", "dev", "etc", "home", "mnt", "nix/store", "nix/var/nix", "proc", "root", "run", "sys", "tmp", "var/cache", "var/tmp"];

/// Makes the kernel's module tables, and unpacks the keyboard layouts, which include each other.
pub fn boot(tree: &Path) -> Result<()> {
    merge_usr(tree)?;
    command::run("unpacking the keyboard layouts", command::tool("gzip").args(["-dr"]).arg(tree.join("usr/share/keymaps")))?;
    let version = super::kernel_version(tree)?;
    command::run("making the kernel's module tables", command::tool("depmod").arg("-b").arg(tree).arg(version))
}

/// Makes a root that Nix, git, ssh and its server accept.
pub fn stage2(tree: &Path) -> Result<()> {
    merge_usr(tree)?;
    for (from, to) in [("usr/share/base-passwd/passwd.master", "etc/passwd"), ("usr/share/base-passwd/group.master", "etc/group")] {
        fs::copy(tree.join(from), tree.join(to)).with_context(|| format!("copying {from}"))?;
    }
    // Whoever has not logged in yet is served by a user who may do nothing.
    append(tree, "etc/passwd", "sshd:x:101:65534::/run/sshd:/usr/sbin/nologin\n")?;
    write(tree, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")?;
    certificates(tree)?;
    cache::remove(&tree.join("usr/bin/sh"))?;
    symlink("bash", tree.join("usr/bin/sh")).context("linking usr/bin/sh")?;
    Ok(())
}

/// Makes the directories a stage-2 root must have and checks its programs; run after leaving out.
pub fn finish_stage2(tree: &Path) -> Result<()> {
    for name in STAGE2_DIRECTORIES {
        fs::create_dir_all(tree.join(name)).with_context(|| format!("making {name}"))?;
    }
    for name in ["tmp", "var/tmp"] {
        let mode = fs::Permissions::from_mode(0o1777);
        fs::set_permissions(tree.join(name), mode).with_context(|| format!("opening {name}"))?;
    }
    libraries::needed(tree, &STAGE2_PROGRAMS).context("checking the stage-2 tree")?;
    let certificates = tree.join("etc/ssl/certs/ca-certificates.crt");
    if fs::metadata(certificates).map_or(0, |file| file.len()) < 100_000 {
        bail!("checking the stage-2 tree: the bundle of certificates is missing or short");
    }
    Ok(())
}

/// Makes a root in which sshd and git run: one user, whose shell is busybox.
pub fn finish_servers(tree: &Path) -> Result<()> {
    for name in ["dev", "etc", "mnt", "proc", "run/sshd", "srv", "tmp"] {
        fs::create_dir_all(tree.join(name)).with_context(|| format!("making {name}"))?;
    }
    write(tree, "etc/passwd", "root:x:0:0::/srv:/bin/sh\ngit:x:0:0::/srv:/bin/sh\nsshd:x:101:65534::/run/sshd:/bin/false\n")?;
    write(tree, "etc/group", "root:x:0:\nnogroup:x:65534:\n")?;
    write(tree, "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")?;
    cache::remove(&tree.join("usr/bin/sh"))?;
    symlink("busybox", tree.join("usr/bin/sh")).context("linking usr/bin/sh")
}

/// Makes a root in which initramfs-tools and dracut run: mount points, users, and the name that alternatives give to awk.
pub fn finish_initrds(tree: &Path) -> Result<()> {
    for name in ["boot", "dev", "mnt", "proc", "root", "sys", "tmp", "usr/lib/modules", "var/tmp"] {
        fs::create_dir_all(tree.join(name)).with_context(|| format!("making {name}"))?;
    }
    for (from, to) in [("usr/share/base-passwd/passwd.master", "etc/passwd"), ("usr/share/base-passwd/group.master", "etc/group")] {
        fs::copy(tree.join(from), tree.join(to)).with_context(|| format!("copying {from}"))?;
    }
    symlink("mawk", tree.join("usr/bin/awk")).context("linking usr/bin/awk")
}

/// Puts the source in the place of the archive that the package wraps it in.
pub fn finish_linux_source(tree: &Path) -> Result<()> {
    let archive = single(&tree.join("usr/src/linux-source-*.tar.xz"))?;
    let mut command = command::tool("tar");
    command.args(["--strip-components=1", "--no-same-owner", "-xJf"]).arg(&archive).arg("-C").arg(tree);
    command::run("unpacking the kernel's source", &mut command)?;
    cache::remove(&archive)
}

/// The one file of a pattern.
fn single(pattern: &Path) -> Result<PathBuf> {
    let pattern = pattern.to_string_lossy();
    let mut found = glob::glob(&pattern).with_context(|| format!("finding {pattern}"))?;
    found.next().with_context(|| format!("finding {pattern}: there is none"))?.with_context(|| format!("finding {pattern}"))
}

/// The bundle that every TLS library looks for, from the single certificates.
fn certificates(tree: &Path) -> Result<()> {
    let pattern = tree.join("usr/share/ca-certificates/mozilla/*.crt");
    let mut bundle = Vec::new();
    let found = glob::glob(&pattern.to_string_lossy()).context("bundling certificates")?;
    for path in found {
        let path = path.context("bundling certificates")?;
        bundle.extend(fs::read(&path).with_context(|| format!("reading {}", path.display()))?);
    }
    fs::create_dir_all(tree.join("etc/ssl/certs")).context("making etc/ssl/certs")?;
    fs::write(tree.join("etc/ssl/certs/ca-certificates.crt"), bundle).context("writing ca-certificates.crt")?;
    cache::remove(&tree.join("usr/share/ca-certificates"))?;
    cache::remove(&tree.join("usr/share/base-passwd"))
}

/// Makes the links of a merged /usr.
pub fn merge_usr(tree: &Path) -> Result<()> {
    for name in MERGED {
        let link = tree.join(name);
        if link.symlink_metadata().is_err() && tree.join("usr").join(name).exists() {
            symlink(format!("usr/{name}"), link).with_context(|| format!("linking {name}"))?;
        }
    }
    Ok(())
}

fn write(tree: &Path, name: &str, text: &str) -> Result<()> {
    fs::write(tree.join(name), text).with_context(|| format!("writing {name}"))
}

fn append(tree: &Path, name: &str, text: &str) -> Result<()> {
    let read = fs::read_to_string(tree.join(name)).with_context(|| format!("reading {name}"))?;
    write(tree, name, &(read + text))
}

/// Removes links below /usr whose target has been left out.
pub fn drop_dangling_links(tree: &Path) -> Result<()> {
    let mut directories = vec![tree.join("usr")];
    while let Some(directory) = directories.pop() {
        let reading = || format!("reading {}", directory.display());
        for entry in fs::read_dir(&directory).with_context(reading)? {
            let entry = entry.with_context(reading)?;
            let kind = entry.file_type().with_context(reading)?;
            if kind.is_dir() {
                directories.push(entry.path());
            } else if kind.is_symlink() && dangles(tree, &entry.path()) {
                cache::remove(&entry.path())?;
            }
        }
    }
    Ok(())
}

/// An absolute target is looked up below the tree, one level deep: alternatives are not followed further.
fn dangles(tree: &Path, link: &Path) -> bool {
    let Ok(target) = fs::read_link(link) else {
        return false;
    };
    match target.strip_prefix("/") {
        Ok(inside) => tree.join(inside).symlink_metadata().is_err(),
        Err(_) => !link.exists(),
    }
}
