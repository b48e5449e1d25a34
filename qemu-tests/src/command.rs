//! The one way to run a program of the build machine: argument arrays only, output captured, and an error that names its
//! subject and ends with the last line the program wrote. Never goes through a shell.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Where administration programs lie when an ordinary user's PATH leaves them out.
const ADMIN_PATHS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Time stamp given to everything in an image: 2024-01-01, late enough for FAT, which starts in 1980.
pub const EPOCH: u64 = 1_704_067_200;
/// The same as xorriso wants it: YYYYMMDDhhmmsscc.
pub const EPOCH_DATE: &str = "2024010100000000";

/// The directories programs are looked for in.
pub fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(ADMIN_PATHS.iter().map(PathBuf::from)).collect()
}

/// A command whose output does not depend on the caller's language, time zone or clock. It finds what lies in the directories of
/// the administrator, and so does what it starts.
pub fn tool(program: &str) -> Command {
    tool_at(OsStr::new(program))
}

/// A program of an unpacked tree, run with the tree's own libraries. Where it has none, its programs find theirs by themselves.
pub fn of_tree(tree: &Path, program: &str) -> Command {
    let loader = tree.join("usr/lib64/ld-linux-x86-64.so.2");
    if !loader.exists() {
        return tool_at(tree.join(program).as_os_str());
    }
    let mut command = tool_at(loader.as_os_str());
    command.arg("--library-path").arg(tree.join("usr/lib/x86_64-linux-gnu")).arg(tree.join(program));
    command
}

fn tool_at(program: &OsStr) -> Command {
    let path = std::env::join_paths(search_path()).unwrap_or_else(|_| OsString::from(ADMIN_PATHS.join(":")));
    let mut command = Command::new(program);
    command
        .env("PATH", path)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("SOURCE_DATE_EPOCH", EPOCH.to_string())
        .env("MTOOLS_SKIP_CHECK", "1")
        .env("MTOOLSRC", "/dev/null");
    command
}

/// What a program printed, and how it ended.
pub struct Said {
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error.
    pub err: Vec<u8>,
    /// `PROGRAM exited with 1`; none after success.
    pub failure: Option<String>,
}

impl Said {
    /// The lines that say something: those of standard output, then those of standard error.
    pub fn lines(&self) -> Vec<String> {
        let text = [&self.out, &self.err].map(|bytes| String::from_utf8_lossy(bytes).into_owned() + "\n").concat();
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Fails if the program has; the cause is the last thing it had to say.
    pub fn checked(self, subject: &str) -> Result<Said> {
        let last = self.lines().pop().map_or_else(String::new, |line| format!(": {line}"));
        match &self.failure {
            Some(failure) => bail!("{subject}: {failure}{last}"),
            None => Ok(self),
        }
    }
}

/// Runs a command to its end, whichever it is: some programs complain and succeed.
pub fn listen(subject: &str, command: &mut Command) -> Result<Said> {
    let program = command.get_program().to_string_lossy().into_owned();
    let result = command.stdin(Stdio::null()).output().with_context(|| format!("{subject}: starting {program}"))?;
    let failure = (!result.status.success()).then(|| format!("{program} {}", ended(result.status)));
    Ok(Said { out: result.stdout, err: result.stderr, failure })
}

/// Runs a program to its end; a failure reads `<subject>: <program> exited with <code>: <last line>`.
pub fn run(subject: &str, command: &mut Command) -> Result<()> {
    output(subject, command).map(drop)
}

/// Like [`run`], and returns what the program wrote to its standard output.
pub fn output(subject: &str, command: &mut Command) -> Result<Vec<u8>> {
    Ok(listen(subject, command)?.checked(subject)?.out)
}

/// Like [`output`], as text.
pub fn text(subject: &str, command: &mut Command) -> Result<String> {
    String::from_utf8(output(subject, command)?)
        .with_context(|| format!("{subject}: reading the output of {}", command.get_program().to_string_lossy()))
}

/// `exited with 1` or `was killed by signal 9`.
pub fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_subject_program_end_and_last_line() {
        let failure = |script: &str| run("formatting the kit", tool("sh").args(["-c", script])).unwrap_err().to_string();
        assert_eq!(failure("echo first >&2; echo 'no space left' >&2; exit 3"), "formatting the kit: sh exited with 3: no space left");
        assert_eq!(failure("echo why; exit 3"), "formatting the kit: sh exited with 3: why");
        assert_eq!(failure("kill -9 $$"), "formatting the kit: sh was killed by signal 9");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run("packing", &mut tool("no-such-packer")).unwrap_err();
        assert_eq!(error.to_string(), "packing: starting no-such-packer");
    }
}
