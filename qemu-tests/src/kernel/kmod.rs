//! Holds the reader of depmod's tables against libkmod, modprobe's own, which a program beside this one asks: it takes libkmod and libclang to
//! build, so that no other verb needs it.
//!
//! It is a judge and makes no medium. Its crate knows neither soft dependencies nor which names and aliases there are, takes a directory that is
//! not there for an empty one, and cannot be kept from reading what the builder's own `/etc/modprobe.d` says: a misspelt name may mean something
//! there.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::cache;
use crate::command;
use crate::image::kernel_tree::KernelTree;

/// Compares what both readers make of every module of a kernel, of what is built in, and of the aliases of some modules, a device for each
/// pattern. Returns how many names were asked for, and what is not the same.
pub fn compare(directory: &Path, modules: &[String]) -> Result<(usize, Vec<String>)> {
    let tree = KernelTree::read(directory)?;
    let mut asked: BTreeSet<String> = tree.names().cloned().collect();
    let patterns = tree.aliases().iter().filter(|(_, module)| modules.contains(module));
    asked.extend(patterns.map(|(pattern, _)| device(pattern)));
    // Names that both readers must not know.
    asked.extend(["nvmee", "fs-nothing"].map(str::to_owned));
    let told = ask(directory, &asked)?;
    ensure!(told.len() == asked.len(), "comparing both readers: {} names were asked for, and {} answered", asked.len(), told.len());
    let differences = asked.iter().zip(&told).filter_map(|(name, told)| {
        let expected = expected(&tree, name);
        (answer(told, name) != Some(expected.clone())).then(|| format!("{name}: {expected:?} here, libkmod says `{told}`"))
    });
    Ok((asked.len(), differences.collect()))
}

/// What a name stands for by our own reader, in the words of the resolver.
fn expected(tree: &KernelTree, name: &str) -> BTreeSet<String> {
    let described = |module: &String| {
        let file = tree.file(module).map(|file| file.display().to_string()).unwrap_or_default();
        format!("{module}={file} < {}", tree.needs(module).join(" ")).trim_end().to_owned()
    };
    tree.meaning(name).iter().map(described).collect()
}

/// The modules of one answer. Their order is that of an index, and says nothing.
fn answer(line: &str, name: &str) -> Option<BTreeSet<String>> {
    let modules = line.strip_prefix(name)?.strip_prefix(':')?;
    Some(modules.split(" | ").map(|module| module.trim().to_owned()).filter(|module| !module.is_empty()).collect())
}

/// A name that a pattern matches: nothing for `*`, the first of a set.
fn device(pattern: &str) -> String {
    let mut name = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '*' => {}
            '?' => name.push('x'),
            '[' => {
                name.extend(rest.next());
                rest.by_ref().find(|c| *c == ']');
            }
            c => name.push(c),
        }
    }
    name
}

/// One line for each name.
fn ask(directory: &Path, names: &BTreeSet<String>) -> Result<Vec<String>> {
    let asking = "asking libkmod";
    let mut resolver = command::tool(&build()?.display().to_string());
    let mut resolver = resolver.arg(directory).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context(asking)?;
    let mut input = resolver.stdin.take().context(asking)?;
    let lines: String = names.iter().map(|name| format!("{name}\n")).collect();
    // It answers while it is asked, and a pipe holds little.
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = resolver.wait_with_output().context(asking)?;
    match writer.join() {
        Ok(written) => written.context(asking)?,
        Err(_) => bail!("{asking}: the names could not be written"),
    }
    ensure!(output.status.success(), "{asking}: it {}", command::ended(output.status));
    Ok(String::from_utf8(output.stdout).context(asking)?.lines().map(str::to_owned).collect())
}

/// Builds the resolver.
fn build() -> Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let target = cache::directory("kmod-resolver")?;
    let mut command = command::tool(&cargo);
    command.args(["build", "--locked", "--manifest-path"]).arg(cache::root().join("qemu-tests/kmod-resolver/Cargo.toml"));
    command::run("building the kmod resolver", command.arg("--target-dir").arg(&target))?;
    Ok(target.join("debug/kmod-resolver"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_a_device() {
        assert_eq!(device("usb:v0951p*d[0-2]*dc?"), "usb:v0951pd0dcx");
        assert_eq!(device("fs-ext4"), "fs-ext4");
    }

    #[test]
    fn answers_are_sets() {
        let set = |modules: &[&str]| Some(modules.iter().map(|module| (*module).to_owned()).collect());
        assert_eq!(answer("crc: b=/b.ko < a | a=/a.ko < ", "crc"), set(&["a=/a.ko <", "b=/b.ko < a"]));
        assert_eq!(answer("crc: ", "crc"), set(&[]));
        assert_eq!(answer("crc: ", "other"), None);
    }

    #[test]
    #[ignore = "builds the kmod resolver and unpacks a kernel"]
    fn libkmod_reads_the_tables_of_the_kernel_as_we_do() {
        let (asked, differences) = crate::kernel::differences().unwrap();
        assert!(asked > 1000, "{asked} names");
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    }
}
