//! Runs the programs the builder is made of: argument arrays only, output captured, and an error that
//! names its subject and ends with the last line the program wrote. Never goes through a shell.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

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

/// A command whose output does not depend on the caller's language, time zone or clock.
pub fn tool(program: &str) -> Command {
    let found = search_path().into_iter().map(|directory| directory.join(program)).find(|candidate| candidate.is_file());
    let mut command = Command::new(found.unwrap_or_else(|| PathBuf::from(program)));
    command
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("SOURCE_DATE_EPOCH", EPOCH.to_string())
        .env("MTOOLS_SKIP_CHECK", "1")
        .env("MTOOLSRC", "/dev/null");
    command
}

/// Runs a command to its end; a failure reads `<subject>: <program> exited with <code>: <last line>`.
pub fn run(subject: &str, command: &mut Command) -> Result<()> {
    output(subject, command).map(drop)
}

/// Like [`run`], and returns what the program wrote to its standard output.
pub fn output(subject: &str, command: &mut Command) -> Result<Vec<u8>> {
    let program = short_name(command);
    let result = command.stdin(Stdio::null()).output().with_context(|| format!("{subject}: starting {program}"))?;
    if !result.status.success() {
        bail!("{subject}: {program} {}", ending(&result));
    }
    Ok(result.stdout)
}

/// Like [`output`], as text.
pub fn text(subject: &str, command: &mut Command) -> Result<String> {
    let program = short_name(command);
    String::from_utf8(output(subject, command)?).with_context(|| format!("{subject}: reading the output of {program}"))
}

fn short_name(command: &Command) -> String {
    Path::new(command.get_program()).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// How a program ended, in words, with the last thing it had to say.
fn ending(result: &Output) -> String {
    let how = match result.status.code() {
        Some(code) => format!("exited with {code}"),
        None => format!("was ended by a {}", result.status),
    };
    let error = String::from_utf8_lossy(&result.stderr);
    let out = String::from_utf8_lossy(&result.stdout);
    let last = |text: &str| text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    match last(&error).or_else(|| last(&out)) {
        Some(line) => format!("{how}: {line}"),
        None => how,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_subject_program_code_and_last_line() {
        let mut command = tool("sh");
        command.args(["-c", "echo first >&2; echo 'no space left' >&2; exit 3"]);
        let error = run("formatting the kit", &mut command).unwrap_err();
        assert_eq!(error.to_string(), "formatting the kit: sh exited with 3: no space left");
    }

    #[test]
    fn a_program_that_does_not_exist_is_named() {
        let error = run("packing", &mut tool("no-such-packer")).unwrap_err();
        assert_eq!(error.to_string(), "packing: starting no-such-packer");
    }
}
