//! The flake of the look-alike as a git repository: what an online installation clones. The same parts give the same commits.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::command::{self, EPOCH};
use crate::parts::Parts;
use crate::{cache, fixture};

/// What only encrypted hosts are built from; no online host is one.
const LEFT_OUT: [&str; 2] = ["boot/modules-luks", "cryptsetup"];

/// Lays out what is committed.
pub fn lay(parts: &Parts) -> Result<PathBuf> {
    let flake = cache::directory("servers")?.join("flake");
    fixture::lay(parts, &flake)?;
    LEFT_OUT.iter().try_for_each(|name| cache::remove(&flake.join(name)))?;
    Ok(flake)
}

/// The file that says which hosts there are, and what it calls in each branch: the same hosts, evaluated frugally or not.
const HOSTS: &str = "flake.nix";
const FRUGAL: &str = "import ./host.nix";
const HUNGRY: &str = "import ./hungry.nix";

/// Makes the bare repository `target` with what is in `flake` on the branch `main`, and on the branch `hungry` the same hosts, whose
/// evaluation needs 2.5 GB.
pub fn make(flake: &Path, target: &Path) -> Result<()> {
    let subject = "making the repository of the flake";
    git(subject, target, flake, &["init", "--quiet", "--bare", "--initial-branch=main", &target.to_string_lossy()])?;
    git(subject, target, flake, &["add", "--all", "--force", "."])?;
    git(subject, target, flake, &["commit", "--quiet", "--message=The look-alike"])?;
    git(subject, target, flake, &["branch", "frugal"])?;
    hungrily(flake, || git(subject, target, flake, &["commit", "--quiet", "--all", "--message=The same with much memory"]))?;
    git(subject, target, flake, &["branch", "--move", "main", "hungry"])?;
    git(subject, target, flake, &["branch", "--move", "frugal", "main"])?;
    git(subject, target, flake, &["symbolic-ref", "HEAD", "refs/heads/main"])?;
    // Packed once, and not for everybody who clones it.
    git(subject, target, flake, &["repack", "-a", "-d", "--quiet"])
}

/// Does something while the hosts are evaluated with much memory.
fn hungrily(flake: &Path, work: impl FnOnce() -> Result<()>) -> Result<()> {
    let path = flake.join(HOSTS);
    let hosts = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    ensure!(hosts.contains(FRUGAL), "making hosts that need much memory: {HOSTS} has no `{FRUGAL}`");
    let write = |text: &str| fs::write(&path, text).with_context(|| format!("writing {}", path.display()));
    write(&hosts.replace(FRUGAL, HUNGRY))?;
    work().and(write(&hosts))
}

/// Runs git without the person's settings, and without their clock.
fn git(subject: &str, repository: &Path, flake: &Path, words: &[&str]) -> Result<()> {
    let mut command = command::tool("git");
    command.env("GIT_DIR", repository).env("GIT_WORK_TREE", flake).current_dir(flake);
    for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")] {
        command.env(name, value);
    }
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Tests").env(format!("GIT_{who}_EMAIL"), "tests@localhost");
        command.env(format!("GIT_{who}_DATE"), format!("{EPOCH} +0000"));
    }
    // `init` wants to be told by its argument.
    if words.first() == Some(&"init") {
        command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
    }
    command::run(subject, command.args(words))
}
