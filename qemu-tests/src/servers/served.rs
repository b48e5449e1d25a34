//! The repositories that are served: `fixture.git`, which is installed, and `module.git`, for which another key is good.
//!
//! `main` of the first has two commits with the same system. Its branch `hungry` evaluates it with much memory. Its branch `with-module`
//! has the other repository as a submodule, and as an input of its flake; without either nothing can be built.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::ADDRESS;
use super::repository::{LARGE_FILES, Repository};
use crate::cache;
use crate::command::EPOCH;
use crate::nix::{Nix, REPOSITORY};

/// What is in the other repository.
const NOTE: &str = "from the other repository\n";

/// Makes both below `served`, of what is in `flake`; returns the first commit of `main`.
pub fn make(nix: &Nix, flake: &Path, served: &Path) -> Result<String> {
    let (module, note) = module(nix, served)?;
    let repository = Repository::bare(&served.join("fixture.git"), flake)?;
    let first = repository.commit_all("The look-alike")?;
    repository.put("newer", "a later commit\n")?;
    repository.commit("Another commit")?;
    repository.branch("hungry")?;
    repository.put("flake.nix", &hungry(flake)?)?;
    repository.commit("The same hosts, evaluated with much memory")?;
    repository.branch("with-module")?;
    let url = format!("ssh://git@{ADDRESS}/module.git");
    repository.put(".gitmodules", &format!("[submodule \"module\"]\n\tpath = module\n\turl = {url}\n"))?;
    repository.entry("160000", &module, "module")?;
    repository.put(".gitattributes", LARGE_FILES)?;
    repository.put("flake.nix", &flake_with(flake, &url)?)?;
    repository.put("flake.lock", &lock(&url, &module, &note))?;
    repository.commit("Another repository")?;
    repository.finish()?;
    Ok(first)
}

/// Its commit, and what Nix says of its files.
fn module(nix: &Nix, served: &Path) -> Result<(String, String)> {
    let files = served.join("module");
    let writing = || format!("writing to {}", files.display());
    fs::create_dir_all(&files).and_then(|()| fs::write(files.join("note"), NOTE)).with_context(writing)?;
    let repository = Repository::bare(&served.join("module.git"), &files)?;
    let commit = repository.commit_all("A note")?;
    repository.finish()?;
    let hash = nix.instead(served)?.run("nix", &["hash", "path", "--sri", &format!("{REPOSITORY}/module")])?;
    cache::remove(&files)?;
    Ok((commit, hash.trim().to_owned()))
}

/// The flake, whose hosts now need 2.5 GB to be evaluated.
fn hungry(flake: &Path) -> Result<String> {
    let text = fs::read_to_string(flake.join("flake.nix")).context("reading the flake")?;
    let hungry = text.replace("import ./host.nix", "import ./hungry.nix");
    ensure!(hungry != text, "making hosts that need much memory: the flake has other words now");
    Ok(hungry)
}

/// The flake, which now wants both.
fn flake_with(flake: &Path, url: &str) -> Result<String> {
    let text = fs::read_to_string(flake.join("flake.nix")).context("reading the flake")?;
    let input = format!("  inputs.note = {{\n    url = \"git+{url}\";\n    flake = false;\n  }};\n\n  outputs =\n    {{ self, note }}:");
    let wants = "assert builtins.readFile \"${note}/note\" == builtins.readFile ./module/note; import ./host.nix;";
    let with = text.replace("  outputs =\n    { self }:", &input).replace("import ./host.nix;", wants);
    ensure!(with.contains(&input) && with.contains(wants), "adding an input to the flake: it has other words now");
    Ok(with)
}

/// `flake.lock`, as Nix writes it.
fn lock(url: &str, commit: &str, hash: &str) -> String {
    let original = format!(r#""type": "git", "url": "{url}""#);
    format!(
        r#"{{ "nodes": {{
  "note": {{ "flake": false,
    "locked": {{ "lastModified": {EPOCH}, "narHash": "{hash}", "ref": "refs/heads/main", "rev": "{commit}", "revCount": 1, {original} }},
    "original": {{ {original} }} }},
  "root": {{ "inputs": {{ "note": "note" }} }} }},
  "root": "root", "version": 7 }}
"#
    )
}
