//! Runs programs of the tree of servers, in a mount namespace of their own: nothing is installed on the build machine, and nothing
//! listens on it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{command, debian};

/// `$1` tree, `$2` directory with what is served, `$3` directory of one machine, then the command.
const ENTER: &str = r#"
set -eu
tree=$1 served=$2 machine=$3
shift 3
mount --bind "$tree" "$tree"
mount --rbind /dev "$tree/dev"
mount --rbind /proc "$tree/proc"
mount -t tmpfs tmpfs "$tree/tmp"
mount --bind "$served" "$tree/srv"
mount --bind "$machine" "$tree/mnt"
exec chroot "$tree" "$@"
"#;

/// The tree, and the directory that its programs see at /srv.
pub struct Tree {
    root: PathBuf,
    served: PathBuf,
}

impl Tree {
    /// Unpacks the tree, unless it is there.
    ///
    /// # Errors
    /// The packages cannot be fetched or unpacked.
    pub fn new(served: &Path) -> Result<Tree> {
        let served = std::path::absolute(served).with_context(|| format!("resolving {}", served.display()))?;
        Ok(Tree { root: debian::servers()?, served })
    }

    /// What is served, as it is seen outside.
    pub fn served(&self) -> &Path {
        &self.served
    }

    /// All words of the command line that runs a program of the tree, which sees the directory of its machine at /mnt.
    pub fn words(&self, machine: &Path, program: &[&str]) -> Vec<String> {
        let mut words = vec!["unshare".to_owned()];
        if !rustix::process::geteuid().is_root() {
            words.push("--map-root-user".to_owned());
        }
        words.extend(["--mount", "--", "/bin/sh", "-c", ENTER, "sh"].map(str::to_owned));
        words.extend([self.root.as_path(), &self.served, machine].map(|path| path.display().to_string()));
        words.extend(program.iter().map(|word| (*word).to_owned()));
        words
    }

    /// Runs a program of the tree to its end, and returns what it printed.
    ///
    /// # Errors
    /// It fails.
    pub fn run(&self, subject: &str, program: &[&str]) -> Result<String> {
        command::text(subject, command::tool("env").args(["HOME=/srv"]).args(self.words(&self.served, program)))
    }
}
