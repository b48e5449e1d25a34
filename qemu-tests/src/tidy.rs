//! `cargo xtask tidy`: the rules of this repository that no compiler knows. Each rule says why it is one.

mod tokens;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use proc_macro2::TokenTree;

use crate::cache;

/// Lines of a source file. What needs more has a second purpose, and wants a second file.
const LONGEST_FILE: usize = 300;

/// Code that decides, without effects: what it says can be tested without a machine.
const PURE: [&str; 3] = ["init/src/decide/", "init/src/facts/", "init/src/settings/"];
/// Files that are made, and names of directories in which they lie.
const NOT_OURS: [&str; 4] = [".git", "target", "result", "Cargo.lock"];
/// Words no file may have, put together here so that this file does not find itself.
const WORDS: [&str; 7] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("debian", ".org"),
    concat!("ubuntu", ".com"),
    concat!("crates", ".io"),
    concat!("nixos", ".org"),
    concat!("pypi", ".org"),
];

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
    walk(root, &mut files)?;
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        findings.extend(judge(&name, &String::from_utf8_lossy(&bytes)).into_iter().map(|rule| format!("{name}: {rule}")));
    }
    Ok(findings)
}

fn walk(directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
            continue;
        } else if kind.is_dir() {
            walk(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push(entry.path());
        }
    }
    Ok(())
}

fn judge(name: &str, text: &str) -> Vec<String> {
    let mut rules = Vec::new();
    for word in WORDS {
        if text.contains(word) {
            rules.push(format!("has the word {word}: what is left to do is said elsewhere, and mirrors come from the machine's own apt"));
        }
    }
    if name.ends_with(".rs") {
        match tokens::code(text) {
            Ok(code) => judge_rust(name, text, code, &mut rules),
            Err(error) => rules.push(format!("{error:#}")),
        }
    }
    rules
}

fn judge_rust(name: &str, text: &str, code: Vec<TokenTree>, rules: &mut Vec<String>) {
    let mut rule = |broken: bool, rule: &str| {
        if broken {
            rules.push(rule.to_owned());
        }
    };
    let tests = name.ends_with("tests.rs");
    rule(!tests && !text.starts_with("//!"), "starts with //! what it is for and what it must never do");
    rule(text.lines().count() > LONGEST_FILE, "is longer than 300 lines: its purpose needs a second sentence, so it needs a second file");
    rule(!name.starts_with("init/src/sys/") && tokens::has_word(&code, "unsafe"), "has unsafe code, which belongs under init/src/sys");
    if PURE.iter().any(|pure| name.starts_with(pure)) && !tests {
        rule(tokens::paths(code).iter().any(|path| is_effect(path)), "decides, and so must not import effects");
    }
    if name == "init/src/main.rs" {
        rule(text.lines().count() > 60, "is the installation, to be read at one glance");
    }
}

/// Whether a path leads to something that reads or changes the world, or may be renamed on the way there.
fn is_effect(path: &str) -> bool {
    match path.split("::").filter(|part| !part.is_empty()).collect::<Vec<_>>()[..] {
        ["rustix", ..] | ["std"] | ["crate", "*"] => true,
        ["std", module, ..] => ["*", "env", "fs", "net", "os", "process"].contains(&module),
        ["crate" | "super", ref rest @ ..] => {
            let module = rest.iter().find(|part| **part != "super");
            module.is_some_and(|module| ["act", "drivers", "look", "medium", "pid1", "sys"].contains(module))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_can_be_broken() {
        let long = format!("//! x\n{}", "\n".repeat(LONGEST_FILE));
        let long_main = format!("//! x\n{}", "\n".repeat(60));
        let host = format!("a mirror: deb.{}", WORDS[2]);
        for (name, text, broken) in [
            ("init/src/look/a.rs", "fn f() {}\n", "starts with //!"),
            ("init/src/look/a.rs", "//! x\nfn f() { unsafe { } }\n", "has unsafe code"),
            ("init/src/look/a.rs", "//! x\nunsafe fn f() {}\n", "has unsafe code"),
            ("init/src/look/a.rs", "//! x\nunsafe impl Send for A {}\n", "has unsafe code"),
            ("init/src/look/a.rs", "//! x\n#[cfg(test)]\nmod tests;\nfn f() { g!(unsafe { h() }) }\n", "has unsafe code"),
            ("init/src/decide/a.rs", "//! x\nuse std::fs::File;\n", "decides"),
            ("init/src/decide/a.rs", "//! x\nuse std::{fmt, env};\n", "decides"),
            ("init/src/decide/a.rs", "//! x\nuse std as s;\n", "decides"),
            ("init/src/decide/a.rs", "//! x\nuse std::*;\n", "decides"),
            ("init/src/decide/a.rs", "//! x\nuse crate::{error::Error, act, sys};\n", "decides"),
            ("init/src/decide/a.rs", "//! x\nuse super::super::sys;\n", "decides"),
            ("init/src/decide/a.rs", "//! x\nfn f(a: ::std::fs::File) {}\n", "decides"),
            ("init/src/settings/a.rs", "//! x\n#[cfg(test)]\nmod tests;\nfn f() { std::process::exit(1) }\n", "decides"),
            ("init/src/look/a.rs", long.as_str(), "is longer than"),
            ("init/src/main.rs", long_main.as_str(), "is the installation"),
            ("README.md", WORDS[0], "has the word"),
            ("nix/a.nix", host.as_str(), "has the word"),
            ("init/src/look/a.rs", "//! x\nfn f( {\n", "it cannot be read"),
        ] {
            let rules = judge(name, text);
            assert!(rules.len() == 1 && rules[0].starts_with(broken), "{name}: {text}: {rules:?}");
        }
    }

    #[test]
    fn what_breaks_no_rule_is_not_found() {
        for (name, text) in [
            ("init/src/look/a.rs", "//! unsafe\nfn f() { \"unsafe\"; 'u'; }\n"),
            ("init/src/sys/a.rs", "//! x\nunsafe fn f() {}\n"),
            ("init/src/decide/a.rs", "//! std::fs\nuse std::{fmt, str};\npub(crate) fn f() {}\n#[cfg(test)]\nmod tests { use std::fs; }\n"),
        ] {
            assert_eq!(judge(name, text), Vec::<String>::new());
        }
    }

    #[test]
    fn this_repository_is_tidy() {
        assert_eq!(findings(&cache::root()).unwrap(), Vec::<String>::new());
    }
}
