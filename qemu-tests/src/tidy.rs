//! `cargo xtask tidy`: the rules of this repository that no compiler knows. Each rule says why it is one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::cache;

/// Lines of a source file. What needs more has a second purpose, and wants a second file.
const LONGEST_FILE: usize = 300;

/// The verb.
pub fn run(_: &[String]) -> Result<ExitCode> {
    let findings = findings(&cache::root())?;
    findings.iter().for_each(|finding| println!("{finding}"));
    println!("tidy: {} findings", findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Every breach of a rule, `file: rule`.
pub fn findings(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for package in ["init/src", "qemu-tests/src"] {
        sources(&root.join(package), &mut files)?;
    }
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        findings.extend(judge(&name, &text).into_iter().map(|rule| format!("{name}: {rule}")));
    }
    Ok(findings)
}

fn sources(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

fn judge(name: &str, text: &str) -> Vec<String> {
    let mut rules = Vec::new();
    let mut rule = |broken: bool, rule: &str| {
        if broken {
            rules.push(rule.to_owned());
        }
    };
    let tests = name.ends_with("tests.rs");
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    rule(!tests && !text.starts_with("//!"), "starts with //! what it is for and what it must never do");
    rule(text.lines().count() > LONGEST_FILE, "is longer than 300 lines: its purpose needs a second sentence, so it needs a second file");
    // The keyword is put together here, so that this file does not find itself.
    let keyword = concat!("uns", "afe");
    let block = code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&format!("{keyword} {{")));
    rule(block && !name.starts_with("init/src/sys/"), &format!("has {keyword} code, which belongs under init/src/sys"));
    if ["init/src/decide/", "init/src/settings/"].iter().any(|pure| name.starts_with(pure)) && !tests {
        let effects =
            ["std::fs", "std::process", "std::env", "std::net", "crate::sys", "crate::pid1", "crate::act", "crate::look", "rustix"];
        rule(effects.iter().any(|effect| code.contains(effect)), "decides, and so must not import effects");
    }
    if name == "init/src/main.rs" {
        rule(text.lines().count() > 60, "is the installation, to be read at one glance");
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_can_be_broken() {
        let unsafe_code = format!("//! x\nfn f() {{ {} {{ }} }}\n", concat!("uns", "afe"));
        for (name, text, broken) in [
            ("init/src/look/a.rs", "fn f() {}\n", "starts with //!"),
            ("init/src/look/a.rs", unsafe_code.as_str(), "has unsafe code"),
            ("init/src/decide/a.rs", "//! x\nuse std::fs::File;\n", "decides"),
            ("init/src/look/a.rs", &format!("//! x\n{}", "\n".repeat(LONGEST_FILE)), "is longer than"),
            ("init/src/main.rs", &format!("//! x\n{}", "\n".repeat(60)), "is the installation"),
        ] {
            let rules = judge(name, text);
            assert!(rules.len() == 1 && rules[0].starts_with(broken), "{name}: {rules:?}");
        }
    }

    #[test]
    fn this_repository_is_tidy() {
        assert_eq!(findings(&cache::root()).unwrap(), Vec::<String>::new());
    }
}
