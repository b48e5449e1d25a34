//! Packs the stage-2 root: the tree of parts, kernel modules, the project's stand-ins for the NixOS tools, Nix's settings, and last
//! whatever an overlay directory brings. The bytes depend on contents alone.

use std::fs;
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
const IMAGE_OPTIONS: &str = "-noappend -no-progress -quiet -no-xattrs -all-root -mkfs-time 0 -all-time 0 \
    -comp zstd -Xcompression-level 19 -b 256K";

/// What nixos-install and nixos-enter are called in stage-2; both must come from stand-ins or overlay.
const NIXOS_TOOLS: [&str; 2] = ["usr/bin/nixos-install", "usr/bin/nixos-enter"];

/// Where `init` looks for the modules that the initrd does not carry.
const MODULES: &str = "usr/lib/modules";

/// Makes the image of the parts, with the stand-ins of the repository and an optional overlay.
pub fn build(parts: &Parts, overlay: Option<&Path>) -> Result<PathBuf> {
    let stand_in = cache::root().join("qemu-tests/stand-in");
    let modules = Chosen::for_stage2(&parts.modules)?;
    let mut key = Key::new("stage-2 squashfs 2");
    // Trees of parts are named by their content.
    key.add(parts.stage2.as_os_str().as_encoded_bytes());
    key.add(parts.modules.as_os_str().as_encoded_bytes());
    key.add(modules.summary().as_bytes());
    key.add(NIX_CONF.as_bytes());
    key.add(IMAGE_OPTIONS.as_bytes());
    for directory in [Some(stand_in.as_path()), overlay].into_iter().flatten() {
        key.add_tree(directory)?;
    }
    let path = cache::directory("image")?.join(format!("stage2-{}.squashfs", key.name()));
    cache::once(path, |part| {
        cache::with_directory(part, |staging| {
            lay_out(&parts.stage2, &stand_in, overlay, staging)?;
            modules.write(&staging.join(MODULES))?;
            pack(staging, part)
        })
    })
}

fn lay_out(tree: &Path, stand_in: &Path, overlay: Option<&Path>, staging: &Path) -> Result<()> {
    copy("copying the stage-2 tree", tree, staging)?;
    copy("adding the stand-ins", stand_in, &staging.join("usr/bin"))?;
    let settings = staging.join("etc/nix");
    fs::create_dir_all(&settings).and_then(|()| fs::write(settings.join("nix.conf"), NIX_CONF)).context("writing nix.conf")?;
    if let Some(overlay) = overlay {
        copy("adding the overlay", overlay, staging)?;
    }
    for tool in NIXOS_TOOLS {
        if !staging.join(tool).is_file() {
            bail!("packing stage-2: /{tool} is missing");
        }
    }
    Ok(())
}

/// Copies what is below a directory over what is below another; links stay links.
fn copy(subject: &str, from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{subject}: making {}", to.display()))?;
    let mut command = command::tool("cp");
    command.args(["--recursive", "--no-dereference", "--preserve=mode,links"]);
    command.args(["--remove-destination", "--reflink=auto", "--no-target-directory"]);
    command::run(subject, command.arg(from).arg(to))
}

/// Packs a tree, whose root is open to be read.
fn pack(tree: &Path, image: &Path) -> Result<()> {
    fs::set_permissions(tree, fs::Permissions::from_mode(0o755)).context("opening the root")?;
    let mut command = command::tool("mksquashfs");
    command
        .arg(tree)
        .arg(image)
        .args(IMAGE_OPTIONS.split_whitespace())
        // mksquashfs takes times from these only, and refuses them beside SOURCE_DATE_EPOCH.
        .env_remove("SOURCE_DATE_EPOCH");
    command::run("packing stage-2", &mut command)
}
