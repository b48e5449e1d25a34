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

/// Runs the command to its end and returns what it printed on both streams.
pub fn run(subject: &str, command: &mut Command) -> Result<String> {
    let (output, code) = run_any(subject, command)?;
    if code != 0 {
        let last = output.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
        bail!("{subject}: {} exited with {code}: {last}", name(command));
    }
    Ok(output)
}

/// As `run`, for tools whose exit status is an answer; 128 and more stands for a signal.
pub fn run_any(subject: &str, command: &mut Command) -> Result<(String, i32)> {
    let output = command.output().with_context(|| format!("{subject}: starting {}", name(command)))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok((text, output.status.code().unwrap_or(128)))
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

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_subject_tool_and_last_words() {
        let error = run("reading x", command("sh").args(["-c", "echo a; echo b >&2; exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "reading x: sh exited with 3: b");
        let error = run("reading x", &mut command("no-such-tool")).unwrap_err();
        assert_eq!(error.to_string(), "reading x: starting no-such-tool");
    }

    #[test]
    fn read_only_directories_are_removed() {
        let dir = env::temp_dir().join(format!("xtask-tool-{}", std::process::id()));
        fs::create_dir_all(dir.join("a/b")).unwrap();
        run("t", command("chmod").arg("0555").arg(dir.join("a"))).unwrap();
        remove_tree(&dir).unwrap();
        remove_tree(&dir).unwrap();
        assert!(!dir.exists());
    }
}
