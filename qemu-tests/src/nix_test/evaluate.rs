//! Has the real Nix evaluate the tests of `nix/tests`, in a copy of the repository without what is made in it. Nothing is built, and nothing is
//! asked of a network.
//!
//! What the module is made with is `lib` of nixpkgs: of a checkout that `AUTOINSTALLER_NIXPKGS_LIB` names, or of `<nixpkgs>` in NIX_PATH.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::command::{self, tool};
use crate::nix::Nix;
use crate::{cache, debian};

/// Names the directory that has nixpkgs' `lib`.
const VARIABLE: &str = "AUTOINSTALLER_NIXPKGS_LIB";

/// What a flake of this repository has, beside `nix/` and `hosts/`.
const COPIED: [&str; 9] = ["flake.nix", "nix", "hosts", "Cargo.toml", "Cargo.lock", "README.md", "init", "qemu-tests", "kernel-config"];

/// Nix, and what it is shown.
pub struct Evaluator {
    nix: Nix,
    /// Has `tree`, and `nixpkgs` if there is a `lib`.
    work: PathBuf,
}

impl Evaluator {
    /// Lays the copy out.
    ///
    /// # Errors
    /// There is no Nix, or something cannot be copied.
    pub fn new() -> Result<Evaluator> {
        let work = cache::directory("nix-test")?;
        cache::remove(&work.join("tree"))?;
        fs::create_dir_all(work.join("tree")).context("making target/nix-test/tree")?;
        COPIED.iter().try_for_each(|name| copy(&cache::root().join(name), &work.join("tree")))?;
        Ok(Evaluator { nix: Nix::new(&debian::parts()?.stage2, &cache::root())?, work })
    }

    /// Puts `lib` into the stand-in for nixpkgs, if there is one; otherwise says why there is none.
    ///
    /// # Errors
    /// What was named is not nixpkgs.
    pub fn lend_lib(&self) -> Result<Result<(), String>> {
        let Some(lib) = lib(env::var_os(VARIABLE).map(PathBuf::from), &env::var("NIX_PATH").unwrap_or_default())? else {
            return Ok(Err(format!("there is no lib of nixpkgs: {VARIABLE} names none, and <nixpkgs> is not in NIX_PATH")));
        };
        let stand_in = self.work.join("nixpkgs");
        cache::remove(&stand_in)?;
        copy(&cache::root().join("nix/tests/nixpkgs"), &self.work)?;
        command::run("copying the lib of nixpkgs", tool("cp").args(["-rL", "--"]).arg(&lib).arg(stand_in.join("lib")))?;
        Ok(Ok(()))
    }

    /// The cases as they stand.
    pub fn raw(&self) -> Result<Value> {
        self.evaluate(&format!("import {}/nix/tests/raw.nix", self.tree()?))
    }

    /// What the module says to everything.
    pub fn module(&self) -> Result<Value> {
        let (tree, nixpkgs) = (self.tree()?, self.nixpkgs()?);
        self.evaluate(&format!("import {tree}/nix/tests/module.nix {{ inherit ({nixpkgs}) lib; pkgs = ({nixpkgs}).legacyPackages.x86_64-linux; hosts = {tree}/hosts; }}"))
    }

    /// What would be built.
    pub fn graph(&self) -> Result<Value> {
        let (tree, nixpkgs) = (self.tree()?, self.nixpkgs()?);
        self.evaluate(&format!("import {tree}/nix/tests/graph.nix {{ tree = {tree}; nixpkgs = {nixpkgs}; }}"))
    }

    /// `nix flake check --no-build` of a flake below the repository.
    pub fn check(&self, flake: &str, more: &[&str]) -> Result<()> {
        let flake = format!("path:{}/{flake}", self.tree()?);
        let nixpkgs = format!("path:{}", self.nix.inside(&self.work.join("nixpkgs"))?);
        let ours = format!("path:{}", self.tree()?);
        let mut arguments =
            vec!["flake", "check", "--no-build", "--all-systems", "--no-write-lock-file", &flake, "--override-input", "nixpkgs", &nixpkgs];
        if more.contains(&"autoinstaller") {
            arguments.extend(["--override-input", "autoinstaller", &ours]);
        }
        self.nix.run("nix", &arguments).map(|_| ())
    }

    fn tree(&self) -> Result<String> {
        self.nix.inside(&self.work.join("tree"))
    }

    /// An expression for the outputs of the stand-in.
    fn nixpkgs(&self) -> Result<String> {
        let flake = self.nix.inside(&self.work.join("nixpkgs/flake.nix"))?;
        Ok(format!("let self = (import {flake}).outputs {{ inherit self; }}; in self"))
    }

    fn evaluate(&self, expression: &str) -> Result<Value> {
        let json = self.nix.run("nix-instantiate", &["--eval", "--strict", "--json", "--expr", expression])?;
        serde_json::from_str(&json).context("reading what Nix evaluated")
    }
}

/// The directory of `lib`.
fn lib(named: Option<PathBuf>, nix_path: &str) -> Result<Option<PathBuf>> {
    if let Some(named) = named {
        let found = [named.join("lib"), named.clone()].into_iter().find(|directory| is_lib(directory));
        ensure!(found.is_some(), "reading {VARIABLE}: {} has no lib of nixpkgs", named.display());
        return Ok(found);
    }
    let entries = nix_path.split(':').map(|entry| match entry.split_once('=') {
        Some(("nixpkgs", path)) => PathBuf::from(path).join("lib"),
        Some(_) => PathBuf::new(),
        None => Path::new(entry).join("nixpkgs/lib"),
    });
    Ok(entries.into_iter().find(|directory| is_lib(directory)))
}

fn is_lib(directory: &Path) -> bool {
    ["default.nix", "modules.nix", "trivial.nix"].iter().all(|name| directory.join(name).is_file())
}

fn copy(from: &Path, into: &Path) -> Result<()> {
    command::run(&format!("copying {}", from.display()), tool("cp").args(["-r", "--"]).arg(from).arg(into))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lib_is_found_where_it_was_named() {
        let root = env::temp_dir().join(format!("nixpkgs-lib-{}", std::process::id()));
        let checkout = root.join("nixpkgs");
        fs::create_dir_all(checkout.join("lib")).unwrap();
        ["default.nix", "modules.nix", "trivial.nix"].iter().for_each(|name| fs::write(checkout.join("lib").join(name), "").unwrap());
        let wanted = Some(checkout.join("lib"));
        assert_eq!(lib(Some(checkout.clone()), "").unwrap(), wanted);
        assert_eq!(lib(Some(checkout.join("lib")), "").unwrap(), wanted);
        for path in [format!("nixpkgs={}", checkout.display()), format!("/nowhere:{}", root.display())] {
            assert_eq!(lib(None, &path).unwrap(), wanted, "{path}");
        }
        assert_eq!(lib(None, "nixos-config=/etc/nixos:flake:nixpkgs").unwrap(), None);
        let error = lib(Some(root.clone()), "").unwrap_err().to_string();
        assert_eq!(error, format!("reading {VARIABLE}: {} has no lib of nixpkgs", root.display()));
        fs::remove_dir_all(root).unwrap();
    }
}
