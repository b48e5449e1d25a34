//! `cargo xtask ci`: every test there is, in the order of their price. The last line counts them all; the one before says how many of
//! the virtual machines were run.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::vm::jobs::Count;
use crate::{cache, nix_test, prerequisites, tidy, vm_test};

const RESOLVER: &str = "qemu-tests/kmod-resolver/Cargo.toml";

/// Runs everything; the words are those of `vm-test`: `--all` takes every scenario, not the core set alone.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let options = vm_test::parse(words)?;
    // The unit tests build a kernel of nothing, and ask libkmod.
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE, prerequisites::RESOLVER, &["make"]])?;
    let mut count = Count::default();
    for (name, arguments) in [
        ("format", &["fmt", "--all", "--check"][..]),
        ("lints", &["clippy", "--all-targets", "--all-features", "--quiet", "--", "--deny", "warnings"]),
        // A workspace of its own, since it takes libclang to build.
        ("format of the kmod resolver", &["fmt", "--manifest-path", RESOLVER, "--check"]),
        (
            "lints of the kmod resolver",
            &[
                "clippy",
                "--manifest-path",
                RESOLVER,
                "--locked",
                "--quiet",
                "--target-dir",
                "target/kmod-resolver",
                "--",
                "--deny",
                "warnings",
            ],
        ),
    ] {
        let passed = cargo(arguments)?.0;
        println!("{name}: {}", if passed { "passed" } else { "failed" });
        count.add(passed);
    }
    let findings = tidy::findings(&cache::root())?;
    findings.iter().for_each(|finding| println!("{finding}"));
    count.add(findings.is_empty());

    let (passed, output) = cargo(&["test", "--workspace", "--no-fail-fast", "--", "--include-ignored"])?;
    let units = units(&output);
    println!("unit tests: {units}");
    count += units;
    // A test binary that crashes or does not compile reports no counts.
    count.add(passed);

    match nix_test::count(false) {
        Ok(expressions) => {
            println!("Nix expressions: {expressions}");
            count += expressions;
        }
        Err(error) => {
            println!("Nix expressions: {error:#}");
            count.add(false);
        }
    }

    match vm_test::count(&options) {
        Ok(scenarios) => {
            println!("virtual machines: {scenarios}; {}", vm_test::extent(&options)?);
            count += scenarios;
        }
        // What was tested until here still counts.
        Err(error) => {
            println!("virtual machines: {error:#}");
            count.add(false);
        }
    }
    println!("{count}");
    Ok(count.exit_code())
}

/// Runs cargo; shows what it said only if it failed.
fn cargo(arguments: &[&str]) -> Result<(bool, String)> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).args(arguments).current_dir(cache::root()).output();
    let output = output.with_context(|| format!("running cargo {}", arguments.join(" ")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        println!("{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok((output.status.success(), text))
}

/// Adds up the closing lines of the test binaries.
fn units(output: &str) -> Count {
    let mut count = Count::default();
    for line in output.lines().filter(|line| line.starts_with("test result: ")) {
        let number = |what: &str| {
            let words: Vec<&str> = line.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            let number = words.windows(2).find(|pair| pair[1] == what).and_then(|pair| pair[0].parse().ok());
            number.unwrap_or(0)
        };
        count += Count { passed: number("passed"), failed: number("failed"), skipped: number("ignored") };
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let output = "running 2 tests\ntest result: ok. 55 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.44s\n\
                      test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let count = units(output);
        assert_eq!((count.passed, count.failed, count.skipped), (58, 2, 1));
    }
}
