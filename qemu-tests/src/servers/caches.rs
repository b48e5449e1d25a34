//! Caches of store paths with the system of an online host: one signed, one not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::nix::{Nix, REPOSITORY};

/// Builds the system of `host` and fills `served/signed` and `served/unsigned` with its closure; `served/toplevel` says its name.
pub fn make(nix: &Nix, flake: &Path, host: &str, served: &Path) -> Result<()> {
    let attribute = format!("path:{REPOSITORY}#nixosConfigurations.{host}.config.system.build.toplevel");
    let words = ["build", "--no-link", "--print-out-paths", "--no-write-lock-file", &attribute];
    let built = nix.instead(flake)?.run("nix", &words).with_context(|| format!("building {host}"))?;
    let toplevel = built.trim();
    ensure!(
        toplevel.starts_with("/nix/store/") && !toplevel.contains('\n'),
        "building {attribute}: expected one store path, got {built:?}"
    );
    let here = nix.instead(served)?;
    for (name, options) in [("signed", format!("&secret-key={REPOSITORY}/keys/cache")), ("unsigned", String::new())] {
        let directory = served.join(name);
        fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
        // What is in it is compressed already.
        let store = format!("file://{REPOSITORY}/{name}?compression=none{options}");
        here.run("nix", &["copy", "--to", &store, toplevel]).with_context(|| format!("filling the {name} cache"))?;
    }
    fs::write(served.join("toplevel"), toplevel).context("writing which system the flake builds")
}
