//! Gets the flake onto the new disk, makes sure that the host is in it, and has `nixos-install` build it there.
//!
//! All that Nix writes by the way goes to the new disk: memory may be small, and its swap is in use.

use std::fs::{create_dir_all, read_to_string, remove_dir_all, remove_file, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use log::Level;

use super::mounts::ROOT;
use super::progress;
use super::stage2::{DEADLINE, Stage2};
use crate::error::{Doing, Error, Kind, Result};
use crate::pid1::aloud;
use crate::pid1::children::{Job, UNKNOWN};
use crate::settings::{Online, Repository};

/// For temporary files and caches, removed at the end.
const WORK: &str = "/mnt/.autoinstaller";
const ENVIRONMENT: [(&str, &str); 2] = [("TMPDIR", "/mnt/.autoinstaller/tmp"), ("XDG_CACHE_HOME", "/mnt/.autoinstaller/cache")];
/// For a repository, and for what its flake refers to, over a slow line.
const FETCHING: Duration = Duration::from_secs(2 * 3600);
/// A server may be started again in between.
const TRIES: usize = 4;
const PAUSE: Duration = Duration::from_secs(10);
/// What is printed of a flake that has the host: no list of hosts reads like this.
const FOUND: &str = "(it is there)";

/// Clones the repository, or brings an existing clone up to date, and looks for the host in it.
///
/// # Errors
/// The server refuses, or the host is not in the flake.
pub fn get(stage2: &Stage2, repository: &Repository, unattended: bool, host: &str) -> Result<()> {
    make_work()?;
    // nixos-install refuses a target that others cannot read.
    set_permissions(ROOT, PermissionsExt::from_mode(0o755)).doing(Kind::Install, || format!("opening {ROOT}"))?;
    require_inside(Path::new(&repository.clone))?;
    let mut tries = 1..TRIES;
    while let Err(error) = bring(stage2, repository).and_then(|()| look_for(stage2, repository, host)) {
        // Whoever is there decides on the failure screen.
        tries.next().filter(|_| unattended).ok_or_else(|| error.clone())?;
        log::warn!("{error}: trying again");
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// Makes the directories of [`ENVIRONMENT`].
fn make_work() -> Result<()> {
    for (name, mode) in [("tmp", 0o1777), ("cache", 0o755)] {
        let path = format!("{WORK}/{name}");
        create_dir_all(&path).doing(Kind::Install, || format!("creating {path}"))?;
        set_permissions(&path, PermissionsExt::from_mode(mode)).doing(Kind::Install, || format!("opening {path}"))?;
    }
    Ok(())
}

/// Refuses a path that leads out of the new root, by a link that the owner's commands have made.
pub(super) fn require_inside(clone: &Path) -> Result<()> {
    let there = clone.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(clone);
    let doing = || format!("looking where {} leads", clone.display());
    let real = there.canonicalize().doing(Kind::Install, doing)?;
    if real.starts_with(ROOT) { Ok(()) } else { Err(Error::new(Kind::Install, doing(), format!("to {}", real.display()))) }
}

/// The clone is on the disk that was read back.
///
/// # Errors
/// It is not.
pub fn check(clone: &str) -> Result<()> {
    let there = Path::new(clone).join(".git").exists();
    let missing = || Error::new(Kind::Verify, format!("reading back {clone}"), "there is no clone");
    if there { Ok(()) } else { Err(missing()) }
}

/// Whether large files of the clone are kept elsewhere.
fn has_large_files(clone: &str) -> bool {
    let path = format!("{clone}/.gitattributes");
    // A link of the repository may lead anywhere.
    let plain = Path::new(&path).symlink_metadata().is_ok_and(|found| found.is_file());
    plain && read_to_string(path).is_ok_and(|attributes| attributes.contains("filter=lfs"))
}

/// Says what a clone of the medium's repository has not.
pub(super) fn left_out(clone: &str) {
    let missing = [(has_submodules(clone), "submodules"), (has_large_files(clone), "large files of git-lfs")];
    missing.iter().filter(|(has, _)| *has).for_each(|(_, what)| log::warn!("the repository on the medium comes without its {what}"));
}

/// From the server, as often as it takes.
fn bring(stage2: &Stage2, repository: &Repository) -> Result<()> {
    let clone = repository.clone.as_str();
    let doing = format!("cloning {} into {clone}", repository.remote);
    if Path::new(clone).join(".git").exists() {
        // Of a git that was killed; no other runs here.
        remove_file(format!("{clone}/.git/index.lock")).unwrap_or_default();
        git(stage2, &["-C", clone, "remote", "set-url", "origin", &repository.remote], &doing)?;
        git(stage2, &["-C", clone, "fetch", "--progress", "origin"], &doing)?;
        // A clone that was killed, and fetch alone, do not say which branch is the remote's own.
        git(stage2, &["-C", clone, "remote", "set-head", "origin", "--auto"], &doing)?;
        let to = repository.branch.as_ref().map_or("origin/HEAD".into(), |branch| format!("origin/{branch}"));
        git(stage2, &["-C", clone, "reset", "--hard", &to], &doing)?;
    } else {
        let mut words = vec!["clone", "--progress"];
        words.extend(repository.branch.iter().flat_map(|branch| ["--branch", branch]));
        words.extend(["--", &repository.remote, clone]);
        git(stage2, &words, &doing)?;
    }
    if let Some(rev) = &repository.rev {
        git(stage2, &["-C", clone, "reset", "--hard", rev], &format!("going to commit {rev}"))?;
    }
    if has_submodules(clone) {
        git(stage2, &["-C", clone, "submodule", "update", "--init", "--recursive"], "fetching submodules")?;
    }
    if !has_large_files(clone) {
        return Ok(());
    }
    if stage2.has("git-lfs") {
        return git(stage2, &["-C", clone, "lfs", "pull"], "fetching large files");
    }
    log::warn!("the repository keeps large files with git-lfs, which is not on this medium: they stay away");
    Ok(())
}

pub(super) fn git(stage2: &Stage2, words: &[&str], doing: &str) -> Result<()> {
    stage2.heard(words, &ENVIRONMENT, job("git", doing, Level::Info)).0
}

pub(super) fn job<'a>(program: &'a str, doing: &'a str, output: Level) -> Job<'a> {
    let deadline = if program == "nixos-install" { DEADLINE } else { FETCHING };
    Job { program, doing, kind: Kind::Install, deadline, output, so_far: UNKNOWN }
}

fn has_submodules(clone: &str) -> bool {
    Path::new(clone).join(".gitmodules").exists()
}

/// The clone, as Nix calls it.
fn reference(clone: &str) -> String {
    format!("git+file://{clone}{}", if has_submodules(clone) { "?submodules=1" } else { "" })
}

/// A host that is not in the flake is named here, and not somewhere in a trace.
fn look_for(stage2: &Stage2, repository: &Repository, host: &str) -> Result<()> {
    let hosts = format!("{}#nixosConfigurations", reference(&repository.clone));
    let doing = format!("looking for {host} in the flake");
    // Without building or evaluating any of them.
    let list = "builtins.concatStringsSep \", \" (builtins.attrNames hosts)";
    let question = format!("hosts: if builtins.hasAttr \"{host}\" hosts then \"{FOUND}\" else {list}");
    let words = ["eval", "--no-write-lock-file", "--raw", &hosts, "--apply", &question];
    let (looked, said) = stage2.heard(&words, &ENVIRONMENT, job("nix", &doing, Level::Debug));
    looked.map_err(|error| error.with_details(said.clone()))?;
    let hosts = said.last().map(String::as_str).unwrap_or_default();
    if hosts == FOUND {
        return Ok(());
    }
    Err(Error::new(Kind::Install, doing, format!("there is no such host in it; it has {hosts}")))
}

/// Builds the system in the new store, activates it and installs its boot loader.
///
/// # Errors
/// It fails; where the kernel had to end a program for want of memory, that is the cause.
pub fn install(stage2: &Stage2, clone: &str, online: &Online, host: &str) -> Result<()> {
    let flake = format!("{}#{host}", reference(clone));
    let mut words = vec!["--root", ROOT, "--no-root-passwd", "--no-channel-copy", "--cores", "0", "--flake", &flake];
    let lists = [("substituters", online.substituters.join(" ")), ("trusted-public-keys", online.trusted_keys.join(" "))];
    let fixed = [("connect-timeout", "10"), ("stalled-download-timeout", "15"), ("fallback", "true"), ("sandbox", "true")];
    let given = lists.iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (*name, list.as_str()));
    words.extend(fixed.into_iter().chain(given).flat_map(|(name, value)| ["--option", name, value]));
    // Once more, if an earlier try has begun to remove them.
    make_work()?;
    let job = Job { so_far: progress::so_far, ..job("nixos-install", "running nixos-install", Level::Info) };
    stage2.heard(&words, &ENVIRONMENT, job).0?;
    aloud("removing temporary files", || remove_dir_all(WORK)).doing(Kind::Install, || format!("removing {WORK}"))
}
