//! What a tree leaves out of its packages: a committed list, each group with its reason.

use std::path::Path;

use anyhow::{Context, Result, bail};
use glob::Pattern;

use crate::cache;

/// A parsed list.
pub struct LeaveOut {
    packages: Vec<Pattern>,
    paths: Vec<String>,
}

impl LeaveOut {
    /// Reads a list; an entry without a reason above its group is an error.
    pub fn parse(text: &str) -> Result<Self> {
        let mut list = Self { packages: Vec::new(), paths: Vec::new() };
        let mut reason = false;
        for line in text.lines() {
            match line.trim() {
                "" => reason = false,
                comment if comment.starts_with('#') => reason = true,
                entry if !reason => bail!("leaving out {entry}: its group has no reason"),
                entry => match entry.strip_prefix("package ") {
                    Some(name) => list.packages.push(Pattern::new(name).with_context(|| format!("reading {entry}"))?),
                    None if entry.starts_with('/') || entry.contains("..") => {
                        bail!("leaving out {entry}: the path must stay below the tree")
                    }
                    None => list.paths.push(entry.to_owned()),
                },
            }
        }
        Ok(list)
    }

    /// Whether a package is not to be unpacked.
    pub fn package(&self, name: &str) -> bool {
        self.packages.iter().any(|pattern| pattern.matches(name))
    }

    /// Removes the listed paths from a tree.
    pub fn remove_paths(&self, tree: &Path) -> Result<()> {
        let root = Pattern::escape(&tree.to_string_lossy());
        for path in &self.paths {
            let pattern = format!("{root}/{path}");
            let matches = glob::glob(&pattern).with_context(|| format!("leaving out {path}"))?;
            for found in matches {
                cache::remove(&found.with_context(|| format!("leaving out {path}"))?)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_lists_are_well_formed() {
        for text in [
            include_str!("../../debian/boot.list"),
            include_str!("../../debian/stage2.list"),
            include_str!("../../debian/bench.list"),
            include_str!("../../debian/servers.list"),
        ] {
            LeaveOut::parse(text).unwrap();
        }
    }

    #[test]
    fn names_match_with_stars() {
        let list = LeaveOut::parse("# why\npackage perl-modules*\n").unwrap();
        assert!(list.package("perl-modules-5.40"));
        assert!(!list.package("perl"));
    }

    #[test]
    fn an_entry_needs_a_reason_and_stays_below_the_tree() {
        let error = |text| LeaveOut::parse(text).err().unwrap().to_string();
        assert_eq!(error("# why\nusr/a\n\nusr/b\n"), "leaving out usr/b: its group has no reason");
        assert_eq!(error("# why\n../etc\n"), "leaving out ../etc: the path must stay below the tree");
    }
}
