//! Leaves a clone of the repository that is on the medium, without a network: a git bundle with `HEAD` and one branch, which has come into
//! the new store with the closure. It may have no history, so nothing else is asked of it.

use std::fs::{read_to_string, remove_file};
use std::path::Path;

use log::Level;

use super::flake::{git, job, left_out, require_inside};
use super::stage2::Stage2;
use crate::error::{Doing, Kind, Result};
use crate::settings::Repository;

/// Where it is unpacked to.
const BUNDLE: &str = "/mnt/nix/store/repository.bundle";

/// Clones it, as if it had come from where the repository is, and removes it from the store.
///
/// # Errors
/// There is something in its place, or git fails.
pub fn leave(stage2: &Stage2, repository: &Repository) -> Result<()> {
    let Repository { remote, branch, rev, clone, .. } = repository;
    require_inside(Path::new(clone))?;
    let doing = format!("cloning the repository from the medium into {clone}");
    git(stage2, &["clone", "--", BUNDLE, clone], &doing)?;
    remove_file(BUNDLE).doing(Kind::Install, || format!("removing {BUNDLE}"))?;
    let run = |words: &[&str]| git(stage2, &[&["-C", clone], words].concat(), &doing);
    if let Some(branch) = branch {
        call(clone, branch, &run)?;
    }
    let origin = if remote.is_empty() { vec!["remote", "remove", "origin"] } else { vec!["remote", "set-url", "origin", remote] };
    run(&origin)?;
    // A clone of another commit is better than none.
    if let Some(rev) = rev {
        let commit = format!("{rev}^{{commit}}");
        match stage2.heard(&["-C", clone, "cat-file", "-e", &commit], &[], job("git", &doing, Level::Debug)).0 {
            Ok(()) => run(&["reset", "--quiet", "--hard", rev])?,
            Err(_) => log::warn!("the repository on the medium has no commit {rev}"),
        }
    }
    left_out(clone);
    Ok(())
}

/// Gives the branch, which the bundle may call otherwise, the name that it has where the repository is.
fn call(clone: &str, name: &str, run: &dyn Fn(&[&str]) -> Result<()>) -> Result<()> {
    let head = read_to_string(format!("{clone}/.git/HEAD")).unwrap_or_default();
    let Some(old) = head.trim_end().strip_prefix("ref: refs/heads/").filter(|old| *old != name) else { return Ok(()) };
    let (new, upstream, old) = (format!("refs/remotes/origin/{name}"), format!("origin/{name}"), format!("origin/{old}"));
    run(&["branch", "--move", name])?;
    run(&["update-ref", &new, "HEAD"])?;
    run(&["branch", "--quiet", "--set-upstream-to", &upstream])?;
    run(&["remote", "set-head", "origin", name])?;
    run(&["branch", "--quiet", "--delete", "--remotes", &old])
}
