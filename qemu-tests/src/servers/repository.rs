//! The flake of the look-alike as git repositories: what an online installation clones, and what a medium has a clone of. The same parts
//! give the same commits.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::{self, EPOCH};
use crate::parts::Parts;
use crate::{cache, fixture};

/// What only encrypted hosts are built from; no online host is one.
const LEFT_OUT: [&str; 2] = ["boot/modules-luks", "cryptsetup"];
/// Of git-lfs, which no tree of the tests has.
pub const LARGE_FILES: &str = "*.iso filter=lfs diff=lfs merge=lfs -text\n";

/// Lays out what is committed.
pub fn lay(parts: &Parts) -> Result<PathBuf> {
    let flake = cache::directory("servers")?.join("flake");
    fixture::lay(parts, &flake)?;
    LEFT_OUT.iter().try_for_each(|name| cache::remove(&flake.join(name)))?;
    Ok(flake)
}

/// A work tree with the flake's own files, and a commit of them: small enough to be on every medium.
pub fn work_tree() -> Result<PathBuf> {
    let tree = cache::directory("servers")?.join("work-tree");
    fixture::lay_source(&tree)?;
    fs::write(tree.join(".gitattributes"), LARGE_FILES).with_context(|| format!("writing to {}", tree.display()))?;
    let repository = Repository { path: tree.join(".git"), files: tree.clone() };
    repository.git(&["init", "--quiet", "--initial-branch=main", &tree.to_string_lossy()])?;
    repository.commit_all("The look-alike")?;
    Ok(tree)
}

/// A repository, and where the files of its next commit are.
pub struct Repository {
    path: PathBuf,
    files: PathBuf,
}

impl Repository {
    /// An empty bare one, whose branch is `main`.
    pub fn bare(path: &Path, files: &Path) -> Result<Repository> {
        let repository = Repository { path: path.into(), files: files.into() };
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main", &path.to_string_lossy()])?;
        Ok(repository)
    }

    /// Commits every file.
    pub fn commit_all(&self, message: &str) -> Result<String> {
        self.git(&["add", "--all", "--force", "."])?;
        self.commit(message)
    }

    /// Commits what was put, and says which commit that is.
    pub fn commit(&self, message: &str) -> Result<String> {
        self.git(&["commit", "--quiet", "--message", message])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Goes on with another branch.
    pub fn branch(&self, name: &str) -> Result<()> {
        let name = format!("refs/heads/{name}");
        self.git(&["update-ref", &name, "HEAD"])?;
        self.git(&["symbolic-ref", "HEAD", &name]).map(drop)
    }

    /// Puts a file with this text into the next commit.
    pub fn put(&self, name: &str, text: &str) -> Result<()> {
        let file = self.path.join("put");
        fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
        let blob = self.git(&["hash-object", "-w", "--no-filters", "--", &file.to_string_lossy()])?;
        cache::remove(&file)?;
        self.entry("100644", &blob, name)
    }

    /// Puts anything there.
    pub fn entry(&self, mode: &str, object: &str, name: &str) -> Result<()> {
        self.git(&["update-index", "--add", "--cacheinfo", &format!("{mode},{object},{name}")]).map(drop)
    }

    /// Packs it once, and not for everybody who clones it, and has `main` the branch of who asks for none.
    pub fn finish(&self) -> Result<()> {
        self.git(&["symbolic-ref", "HEAD", "refs/heads/main"])?;
        self.git(&["repack", "-a", "-d", "--quiet"]).map(drop)
    }

    /// Runs git without the person's settings, and without their clock.
    fn git(&self, words: &[&str]) -> Result<String> {
        let mut command = command::tool("git");
        command.env("GIT_DIR", &self.path).env("GIT_WORK_TREE", &self.files).current_dir(&self.files);
        for (name, value) in [("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")] {
            command.env(name, value);
        }
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Tests").env(format!("GIT_{who}_EMAIL"), "tests@localhost");
            command.env(format!("GIT_{who}_DATE"), format!("{EPOCH} +0000"));
        }
        // `init` wants to be told by its argument.
        if words.first() == Some(&"init") {
            command.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        }
        Ok(command::text("making a repository", command.args(words))?.trim().to_owned())
    }
}
