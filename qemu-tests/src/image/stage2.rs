//! Packs the stage-2 root: the tree of parts with the store paths that it refers to, kernel modules, the project's stand-ins for the NixOS
//! tools, Nix's settings, and last whatever an overlay directory brings. The bytes depend on contents alone, and not on where they lie:
//! of modes only what a store keeps goes in, and files are equal or different, never the same.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::modules::Chosen;
use crate::cache::{self, Key};
use crate::command;
use crate::parts::Parts;

/// Nix as root alone: no build users, and no caches until a host names some. A build that cannot be shut in is not done at all;
/// its shell is busybox, as on NixOS. A cache
/// that does not answer in 10 s, or falls silent for 15 s in a download, is passed over, and what it does not give is built.
const NIX_CONF: &str = "build-users-group =\n\
                        experimental-features = nix-command flakes\n\
                        sandbox = true\n\
                        sandbox-fallback = false\n\
                        sandbox-paths = /bin/sh=/usr/bin/busybox\n\
                        substituters =\n\
                        connect-timeout = 10\n\
                        stalled-download-timeout = 15\n\
                        download-attempts = 2\n\
                        fallback = true\n";

/// How the image is written: small, and of bytes that depend on names, modes and contents alone.
const IMAGE_OPTIONS: &str = "-noappend -no-progress -quiet -no-xattrs -no-hardlinks -all-root -mkfs-time 0 -all-time 0 \
    -comp zstd -Xcompression-level 19 -b 256K";

/// What nixos-install and nixos-enter are called in stage-2; both must come from stand-ins or overlay.
const NIXOS_TOOLS: [&str; 2] = ["usr/bin/nixos-install", "usr/bin/nixos-enter"];

/// Where `init` looks for the modules that the initrd does not carry.
const MODULES: &str = "usr/lib/modules";

/// Directories that everybody may write to.
const OPEN: [&str; 2] = ["tmp", "var/tmp"];

/// Makes the image of the parts, and an optional overlay.
pub fn build(parts: &Parts, overlay: Option<&Path>) -> Result<PathBuf> {
    let modules = Chosen::for_stage2(&parts.modules)?;
    let mut key = Key::new("stage-2 squashfs 3");
    // Trees of parts are named by their content.
    for part in [&parts.stage2, &parts.modules].into_iter().chain(&parts.stage2_store) {
        key.add(part.as_os_str().as_encoded_bytes());
    }
    key.add(modules.summary().as_bytes());
    key.add(NIX_CONF.as_bytes());
    key.add(IMAGE_OPTIONS.as_bytes());
    for directory in [parts.stand_ins.as_deref(), overlay].into_iter().flatten() {
        key.add_tree(directory)?;
    }
    let path = cache::directory("image")?.join(format!("stage2-{}.squashfs", key.name()));
    cache::once(path, |part| {
        cache::with_directory(part, |staging| {
            lay_out(parts, overlay, staging)?;
            modules.write(&staging.join(MODULES))?;
            plain_modes(staging)?;
            pack(staging, part)
        })
    })
}

fn lay_out(parts: &Parts, overlay: Option<&Path>, staging: &Path) -> Result<()> {
    copy("copying the stage-2 tree", &parts.stage2, staging)?;
    // What comes from a store may not be written to.
    open_up(staging).context("opening the copy of the stage-2 tree")?;
    let store = staging.join("nix/store");
    for path in &parts.stage2_store {
        let name = path.file_name().with_context(|| format!("naming {}", path.display()))?;
        copy(&format!("adding {}", path.display()), path, &store.join(name))?;
    }
    if let Some(stand_ins) = &parts.stand_ins {
        copy("adding the stand-ins", stand_ins, &staging.join("usr/bin"))?;
    }
    let settings = staging.join("etc/nix");
    fs::create_dir_all(&settings).and_then(|()| fs::write(settings.join("nix.conf"), NIX_CONF)).context("writing nix.conf")?;
    if let Some(overlay) = overlay {
        copy("adding the overlay", overlay, staging)?;
    }
    for tool in NIXOS_TOOLS {
        // A link into the root's own store leads nowhere from here.
        if staging.join(tool).symlink_metadata().is_err() {
            bail!("packing stage-2: /{tool} is missing");
        }
    }
    Ok(())
}

/// Copies what is below a directory over what is below another, or a file; links stay links.
fn copy(subject: &str, from: &Path, to: &Path) -> Result<()> {
    let parent = if from.is_dir() { Some(to) } else { to.parent() };
    parent.map_or(Ok(()), fs::create_dir_all).with_context(|| format!("{subject}: making {}", to.display()))?;
    let mut command = command::tool("cp");
    command.args(["--recursive", "--no-dereference", "--preserve=mode,links"]);
    command.args(["--remove-destination", "--reflink=auto", "--no-target-directory"]);
    command::run(subject, command.arg(from).arg(to))
}

/// Gives every file and directory below one the mode that says what it is, and no more.
fn plain_modes(directory: &Path) -> Result<()> {
    walk(directory, &|path, kind| {
        let mode = if kind.is_dir() || kind.permissions().mode() & 0o100 != 0 { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    })
    .with_context(|| format!("changing modes in {}", directory.display()))?;
    for name in OPEN {
        let path = directory.join(name);
        fs::create_dir_all(&path)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o1777)))
            .with_context(|| format!("opening {name}"))?;
    }
    Ok(())
}

/// Lets everything below a directory be written to.
fn open_up(directory: &Path) -> io::Result<()> {
    walk(directory, &|path, kind| {
        let mode = kind.permissions().mode() | 0o600 | if kind.is_dir() { 0o700 } else { 0 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    })
}

/// Calls `change` for a directory, and all files and directories below it.
fn walk(path: &Path, change: &dyn Fn(&Path, &fs::Metadata) -> io::Result<()>) -> io::Result<()> {
    let kind = path.symlink_metadata()?;
    if kind.is_symlink() {
        return Ok(());
    }
    change(path, &kind)?;
    if kind.is_dir() {
        fs::read_dir(path)?.try_for_each(|entry| walk(&entry?.path(), change))?;
    }
    Ok(())
}

/// Packs a tree.
fn pack(tree: &Path, image: &Path) -> Result<()> {
    let mut command = command::tool("mksquashfs");
    command
        .arg(tree)
        .arg(image)
        .args(IMAGE_OPTIONS.split_whitespace())
        // mksquashfs takes times from these only, and refuses them beside SOURCE_DATE_EPOCH.
        .env_remove("SOURCE_DATE_EPOCH");
    command::run("packing stage-2", &mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_says_what_is_a_program_and_no_more() {
        let place = std::env::temp_dir().join(format!("stage2-test-{}", std::process::id()));
        let inside = |name: &str| place.join(name);
        fs::create_dir_all(inside("store")).unwrap();
        for (name, mode) in [("store/program", 0o4511), ("store/text", 0o400), ("store", 0o555)] {
            if name != "store" {
                fs::write(inside(name), name).unwrap();
            }
            fs::set_permissions(inside(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        std::os::unix::fs::symlink("/nix/store/nowhere", inside("link")).unwrap();
        open_up(&place).unwrap();
        plain_modes(&place).unwrap();
        let mode = |name: &str| fs::metadata(inside(name)).unwrap().permissions().mode() & 0o7777;
        let modes = ["store/program", "store/text", "store", "tmp", "var/tmp", "var"].map(mode);
        fs::remove_dir_all(&place).unwrap();
        assert_eq!(modes, [0o755, 0o644, 0o755, 0o1777, 0o1777, 0o755]);
    }
}
