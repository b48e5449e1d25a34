//! A repository as a git bundle, for a medium that leaves a clone of it without a network: the branch that is checked out, from its first
//! commit on. The same commit gives the same bytes, however the repository keeps it: everything is packed anew, by one thread.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache;
use crate::command::{self, tool};

/// More threads would change the bytes.
const ALONE: [&str; 2] = ["-c", "pack.threads=1"];

/// A bundle with `HEAD` and one branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The file.
    pub file: PathBuf,
    /// What its `HEAD` is.
    pub commit: String,
    /// Bytes that a clone takes, at most, with every file of the commit.
    pub content: u64,
}

/// Writes the bundle of a work tree to `file`, and says of which commit it is.
///
/// # Errors
/// It is no work tree, has no commit, no branch, or not all of its history; or git fails.
pub fn make(work_tree: &Path, file: &Path) -> Result<Bundle> {
    let subject = format!("bundling the repository {}", work_tree.display());
    ensure!(work_tree.is_dir(), "{subject}: there is no such directory");
    let ask = |words: &[&str]| Ok::<_, anyhow::Error>(command::text(&subject, git(work_tree).args(words))?.trim().to_owned());
    let inside = ask(&["rev-parse", "--show-prefix"])?;
    ensure!(inside.is_empty(), "{subject}: it is the directory {inside} of a work tree: name the work tree");
    let branch = git_says(work_tree, &["symbolic-ref", "--quiet", "HEAD"])
        .with_context(|| format!("{subject}: no branch is checked out, and a clone needs one"))?;
    let commit = git_says(work_tree, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])
        .with_context(|| format!("{subject}: its branch has no commit yet"))?;
    ensure!(ask(&["rev-parse", "--is-shallow-repository"])? == "false", "{subject}: it is a shallow clone: fetch all of it (--unshallow)");
    if !ask(&["status", "--porcelain"])?.is_empty() {
        eprintln!("warning: {} has changes that are not committed: they are not on the medium", work_tree.display());
    }
    let source = fs::canonicalize(work_tree).with_context(|| subject.clone())?;
    cache::replace(file, |part| {
        cache::with_directory(part, |work| {
            let run = |words: &[&str]| command::run(&subject, alone(work).args(words));
            let out = std::path::absolute(part).with_context(|| subject.clone())?;
            run(&["init", "--quiet", "--bare", "."])?;
            command::run(&subject, git(work).args(["fetch", "--quiet", "--no-tags"]).arg(&source).arg(format!("HEAD:{branch}")))?;
            run(&["symbolic-ref", "HEAD", &branch])?;
            run(&["repack", "--quiet", "-a", "-d", "-F"])?;
            command::run(&subject, alone(work).args(["bundle", "create", "--quiet", "--version=2"]).arg(&out).args(["HEAD", &branch]))
        })
    })?;
    let listed = ask(&["ls-tree", "-r", "--long", "HEAD"])?;
    let files = listed.lines().filter_map(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
    // Each on blocks of its own, and the objects once more.
    let content = files.map(|bytes| bytes + 4096).sum::<u64>() + 2 * file.metadata().with_context(|| subject.clone())?.len();
    Ok(Bundle { file: file.into(), commit, content })
}

/// The git of whoever runs this, who has said there which directories are trusted.
fn git(directory: &Path) -> Command {
    let mut command = tool("git");
    command.current_dir(directory).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    command
}

/// A git that knows nobody's settings.
fn alone(directory: &Path) -> Command {
    let mut command = git(directory);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").args(ALONE);
    command
}

/// What it prints if it succeeds.
fn git_says(directory: &Path, words: &[&str]) -> Option<String> {
    Some(command::text("asking git", git(directory).args(words)).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests;
