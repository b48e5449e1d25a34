//! Whether an installed store is what its database says, by the Nix of a stage-2 tree.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::vm::tool;

/// Verifies the store below a directory.
pub trait StoreCheck: Sync {
    /// Fails unless the system is valid in the store's database and every path has the content that is registered for it.
    fn verify(&self, root: &Path, toplevel: &str) -> Result<()>;
}

/// The Nix in an unpacked tree, run in a chroot in a mount namespace of its own, as root or as who maps to it.
pub struct ChrootNix {
    /// The tree; it needs `/usr/bin/nix-store`, `/mnt`, `/proc` and `/dev`.
    pub tree: PathBuf,
}

const ENTER: &str = r#"mount --rbind /proc "$1/proc"; mount --rbind /dev "$1/dev"; mount --bind "$2" "$1/mnt"
tree=$1; shift 2; exec chroot "$tree" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/mnt "NIX_CONFIG=build-users-group =" "$@""#;

impl StoreCheck for ChrootNix {
    fn verify(&self, root: &Path, toplevel: &str) -> Result<()> {
        let subject = "verifying the installed store";
        tool::run(subject, self.nix_store(root).args(["--check-validity", toplevel]))?;
        tool::run(subject, self.nix_store(root).args(["--verify", "--check-contents"])).map(drop)
    }
}

impl ChrootNix {
    fn nix_store(&self, root: &Path) -> Command {
        let mut command = tool::command("unshare");
        command.args(["--mount", "--propagation", "private"]);
        if fs::metadata("/proc/self").map(|this| this.uid()).ok() != Some(0) {
            command.arg("--map-root-user");
        }
        command.args(["sh", "-euc", ENTER, "sh"]).arg(&self.tree).arg(root).args(["nix-store", "--store", "/mnt"]);
        command
    }
}
