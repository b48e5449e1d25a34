//! The real Nix, run out of an unpacked Debian tree: nothing is installed on the build machine and no `/nix` is made on it.
//! Each call enters a mount namespace of its own (`unshare(1)`, a user namespace too when not root) and a chroot of the tree.
//! The store lives in `target/nix-store`. Must never reach a network: it has no substituters, and the flakes given to it no inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::geteuid;

use crate::command::ended;

/// Where the repository is seen inside the tree: a directory every stage-2 tree has.
pub const REPOSITORY: &str = "/mnt";

/// Builds are single scripts of busybox, run unsandboxed: a sandbox is refused in a chroot, and build users would need real root.
const CONFIGURATION: &str = "\
experimental-features = nix-command flakes
sandbox = false
build-users-group =
substituters =
flake-registry =
";

/// Run in the new mount namespace: `$1` tree, `$2` store, `$3` repository, then the command.
/// `/dev` and `/proc` are bound and not mounted afresh, which a user namespace would refuse.
const ENTER: &str = r#"
set -eu
tree=$1 store=$2 repository=$3
shift 3
mount --bind "$tree" "$tree"
mount --rbind /dev "$tree/dev"
mount --rbind /proc "$tree/proc"
mount -t tmpfs tmpfs "$tree/tmp"
mount --bind "$store" "$tree/nix"
mount --rbind "$repository" "$tree/mnt"
exec chroot "$tree" "$@"
"#;

/// Run in the new mount namespace: `$1` an empty directory, `$2` store, then the command. The machine as it is, but for the store at /nix.
const BESIDE: &str = r#"
set -eu
root=$1 store=$2
shift 2
mount -t tmpfs tmpfs "$root"
for path in /*; do
  if [ -L "$path" ]; then
    cp -P "$path" "$root$path"
  elif [ -d "$path" ] && [ "$path" != /nix ]; then
    mkdir "$root$path"
    mount --rbind "$path" "$root$path"
  fi
done
mkdir "$root/nix"
mount --bind "$store" "$root/nix"
cd /
exec chroot "$root" "$@"
"#;

/// A Nix that can be called.
pub struct Nix {
    root: PathBuf,
    store: PathBuf,
    repository: PathBuf,
}

impl Nix {
    /// Takes the unpacked stage-2 tree `root` and the repository, whose `target/nix-store` keeps what is built.
    ///
    /// # Errors
    /// If the tree has no Nix, or a directory cannot be made.
    pub fn new(root: &Path, repository: &Path) -> Result<Self> {
        ensure!(root.join("usr/bin/nix").is_file(), "finding Nix in {}: usr/bin/nix is missing", root.display());
        let store = repository.join("target/nix-store");
        for directory in [&store.join("store"), &store.join("var")] {
            fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
        }
        Ok(Self { root: absolute(root)?, store: absolute(&store)?, repository: absolute(repository)? })
    }

    /// The same Nix, which sees another directory at [`REPOSITORY`].
    ///
    /// # Errors
    /// There is no such directory.
    pub fn instead(&self, directory: &Path) -> Result<Self> {
        Ok(Self { root: self.root.clone(), store: self.store.clone(), repository: absolute(directory)? })
    }

    /// The repository, whose files Nix sees.
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// The name inside of a file of the repository.
    ///
    /// # Errors
    /// If the file is not in the repository, or its name is not UTF-8.
    pub fn inside(&self, file: &Path) -> Result<String> {
        let relative = absolute(file)?
            .strip_prefix(&self.repository)
            .with_context(|| format!("naming {} inside the repository", file.display()))?
            .to_path_buf();
        let Some(name) = relative.to_str() else {
            bail!("naming {}: not UTF-8", file.display());
        };
        Ok(format!("{REPOSITORY}/{name}"))
    }

    /// The file outside that is `path` (`/nix/store/…`) inside.
    pub fn outside(&self, path: &Path) -> PathBuf {
        path.strip_prefix("/nix").map_or_else(|_| path.to_path_buf(), |rest| self.store.join(rest))
    }

    /// Runs a program of Nix (`nix`, `nix-store`, …) and returns what it printed.
    ///
    /// # Errors
    /// If it cannot be started or fails; the cause is the last line of its error output.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = self.command(program, arguments).output().with_context(|| format!("running {program}: starting unshare"))?;
        if !output.status.success() {
            bail!(
                "running {program} {}: {}: {}",
                arguments.first().unwrap_or(&""),
                ended(output.status),
                cause(&String::from_utf8_lossy(&output.stderr))
            );
        }
        String::from_utf8(output.stdout).with_context(|| format!("reading the output of {program}"))
    }

    /// A command line of this machine, which sees the store at its place. Nothing of the machine is changed: `root` is an empty directory.
    pub fn beside(&self, root: &Path, program: &Path) -> Command {
        let mut command = unshare();
        command.args(["--mount", "--", "/bin/sh", "-c", BESIDE, "sh"]).args([root, &self.store, program]);
        command
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = unshare();
        command
            .args(["--mount", "--", "/bin/sh", "-c", ENTER, "sh"])
            .args([&self.root, &self.store, &self.repository])
            .arg(format!("/usr/bin/{program}"))
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("HOME", "/tmp")
            .env("NIX_CONFIG", CONFIGURATION)
            .stdin(Stdio::null());
        command
    }
}

/// `unshare` to which options, `--` and a program may be added; to the program we are root and own our files.
pub fn unshare() -> Command {
    let mut command = Command::new("unshare");
    if !geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
}

fn absolute(path: &Path) -> Result<PathBuf> {
    fs::canonicalize(path).with_context(|| format!("resolving {}", path.display()))
}

/// Nix prints a trace first and the cause last, over several lines: from the last `error:` on, in one line.
fn cause(stderr: &str) -> String {
    let start = stderr.rfind("error:").unwrap_or(0);
    let text: Vec<&str> = stderr[start..].split_whitespace().collect();
    text.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_the_last_error_in_one_line() {
        let stderr = "warning: x\nerror:\n  … while calling\n\n       error: value\n       has a newline\n";
        assert_eq!(cause(stderr), "error: value has a newline");
    }

    #[test]
    fn output_without_error_is_the_cause_itself() {
        assert_eq!(cause("mount: permission denied\n"), "mount: permission denied");
    }

    #[test]
    fn a_tree_without_nix_is_refused() {
        let refusal = Nix::new(Path::new("/nonexistent"), Path::new("/nonexistent")).map(|_| ()).unwrap_err();
        assert_eq!(refusal.to_string(), "finding Nix in /nonexistent: usr/bin/nix is missing");
    }
}
