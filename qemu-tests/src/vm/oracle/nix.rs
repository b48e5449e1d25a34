//! Whether an installed store is what its database says, by the real Nix.

use std::path::Path;

use anyhow::{Context, Result};

use crate::nix::{Nix, REPOSITORY};

/// Verifies the store below a directory.
pub trait StoreCheck: Sync {
    /// Fails unless the system is valid in the store's database and every path has the content that is registered for it.
    fn verify(&self, root: &Path, toplevel: &str) -> Result<()>;
}

impl StoreCheck for Nix {
    fn verify(&self, root: &Path, toplevel: &str) -> Result<()> {
        let nix = self.instead(root)?;
        for question in [["--check-validity", toplevel], ["--verify", "--check-contents"]] {
            let words = [&["--store", REPOSITORY], &question[..]].concat();
            nix.run("nix-store", &words).context("verifying the installed store")?;
        }
        Ok(())
    }
}
