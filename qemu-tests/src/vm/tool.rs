//! One way to run a tool of the build machine: exit status checked, the error names subject, tool and its last words.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Everything that a scenario may call; a machine that lacks one skips.
pub const NEEDED: [&str; 16] = [
    "qemu-system-x86_64",
    "setpriv",
    "cp",
    "chmod",
    "sgdisk",
    "sfdisk",
    "blkid",
    "e2fsck",
    "fsck.vfat",
    "debugfs",
    "mcopy",
    "mtype",
    "unshare",
    "mount",
    "chroot",
    "losetup",
];

/// A command that also finds what lies in the directories of the administrator.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env("PATH", path()).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

/// What a tool printed.
pub struct Said {
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// Runs the command to its end and returns its standard output.
pub fn run(subject: &str, command: &mut Command) -> Result<String> {
    listen(subject, command).map(|said| said.out)
}

/// Runs the command to its end and returns all that it printed: some tools complain and exit with 0.
pub fn listen(subject: &str, command: &mut Command) -> Result<Said> {
    let (said, failure) = capture(subject, command)?;
    if let Some(failure) = failure {
        let lines = || said.err.lines().rev().chain(said.out.lines().rev());
        let last = lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        bail!("{subject}: {failure}: {last}");
    }
    Ok(said)
}

/// As `listen`, for tools whose last line is not the reason: with what they printed comes the status, unless it was success.
pub fn capture(subject: &str, command: &mut Command) -> Result<(Said, Option<String>)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{subject}: starting {name}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = Said { out: text(&output.stdout), err: text(&output.stderr) };
    let status = output.status.code().map_or("was killed".to_owned(), |code| format!("exited with {code}"));
    Ok((said, (!output.status.success()).then(|| format!("{name} {status}"))))
}

/// The first of the needed tools that this machine lacks.
pub fn missing() -> Option<&'static str> {
    let path = path();
    let found = |name: &&&str| env::split_paths(&path).any(|dir| dir.join(name).is_file());
    NEEDED.iter().find(|name| !found(name)).copied()
}

/// Removes a directory, even one with the read-only directories of a store in it. Absent is fine.
pub fn remove_tree(dir: &Path) -> Result<()> {
    if !dir.exists() {
        return Ok(());
    }
    let subject = format!("removing {}", dir.display());
    run(&subject, command("chmod").args(["-R", "u+rwX"]).arg(dir))?;
    fs::remove_dir_all(dir).context(subject)
}

fn path() -> OsString {
    let mut path = env::var_os("PATH").unwrap_or_default();
    path.push(":/usr/sbin:/sbin:/usr/bin:/bin");
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_subject_tool_and_last_words() {
        let error = run("reading x", command("sh").args(["-c", "echo a; echo b >&2; exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "reading x: sh exited with 3: b");
        let error = run("reading x", command("sh").args(["-c", "kill -9 $$"])).unwrap_err();
        assert_eq!(error.to_string(), "reading x: sh was killed: it said nothing");
        let error = run("reading x", &mut command("no-such-tool")).unwrap_err();
        assert_eq!(error.to_string(), "reading x: starting no-such-tool");
    }

    #[test]
    fn read_only_directories_are_removed() {
        let scratch = crate::vm::disk::scratch("tool");
        let dir = scratch.join("x");
        fs::create_dir_all(dir.join("a/b")).unwrap();
        run("t", command("chmod").arg("0555").arg(dir.join("a"))).unwrap();
        remove_tree(&dir).unwrap();
        remove_tree(&dir).unwrap();
        assert!(!dir.exists());
    }
}
