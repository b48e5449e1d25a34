//! Where the bytes of a medium are, and how many there may be.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::identity::Raw;
use super::initrd::Piece;
use super::partitions::KIT_SIZE;
use crate::parts::Parts;

/// In bytes, without a closure: what a person downloads, and what fits any stick.
const LARGEST_MEDIUM: u64 = 100_000_000;
/// In bytes, unpacked: it stays in memory for the whole installation.
const LARGEST_INITRD: u64 = 28_000_000;

/// Characters in a line of the list of modules.
const WIDEST: usize = 140;

/// A row each: what, bytes on the medium, bytes in memory.
pub struct Sizes {
    rows: Vec<(String, u64, Option<u64>)>,
    medium: u64,
    closure: u64,
    modules: String,
}

impl Sizes {
    /// Measures a medium and its pieces.
    pub fn of(parts: &Parts, pieces: &[Piece], images: &[Raw], iso: &Path) -> Result<Sizes> {
        let size =
            |path: &Path| Ok::<u64, anyhow::Error>(std::fs::metadata(path).with_context(|| format!("reading {}", path.display()))?.len());
        let mut rows = vec![("kernel".to_owned(), size(&parts.kernel)?, None)];
        rows.extend(pieces.iter().map(|piece| (piece.name.to_owned(), piece.bytes.len() as u64, Some(piece.unpacked))));
        rows.extend(images.iter().map(|raw| (raw.name.to_owned(), raw.size, None)));
        rows.push(("kit, empty".to_owned(), KIT_SIZE * 1024, None));
        let medium = size(iso)?;
        let known: u64 = rows.iter().map(|(_, bytes, _)| bytes).sum();
        rows.push(("loaders, tables, free space".to_owned(), medium.saturating_sub(known), None));
        let closure = images.iter().find(|raw| raw.name == "closure").map_or(0, |raw| raw.size);
        let modules = modules(&pieces.iter().map(|piece| piece.list.as_str()).collect::<String>());
        Ok(Sizes { rows, medium, closure, modules })
    }

    /// Bytes of the unpacked initrd.
    pub fn initrd(&self) -> u64 {
        self.rows.iter().filter_map(|(_, _, unpacked)| *unpacked).sum()
    }

    /// Refuses a medium that has grown too large.
    pub fn check(&self) -> Result<()> {
        let medium = self.medium - self.closure;
        ensure!(
            medium <= LARGEST_MEDIUM,
            "making the medium: it has {medium} bytes without the closure, {LARGEST_MEDIUM} are allowed\n{self}"
        );
        let initrd = self.initrd();
        ensure!(initrd <= LARGEST_INITRD, "making the initrd: it has {initrd} bytes unpacked, {LARGEST_INITRD} are allowed\n{self}");
        Ok(())
    }
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<32}{:>14}{:>14}", "", "on the medium", "in memory")?;
        for (name, bytes, unpacked) in &self.rows {
            let unpacked = unpacked.map(|bytes| bytes.to_string()).unwrap_or_default();
            writeln!(f, "{name:<32}{bytes:>14}{unpacked:>14}")?;
        }
        writeln!(f, "{:<32}{:>14}{:>14}", "all", self.medium, self.initrd())?;
        writeln!(f, "{:<32}{:>14}", "all without the closure", self.medium - self.closure)?;
        f.write_str(&self.modules)
    }
}

/// The modules among the files of the initrd, the largest first.
fn modules(list: &str) -> String {
    let module = |line: &str| {
        let (size, path) = line.split_once(' ')?;
        let name = path.strip_prefix("lib/modules/")?.strip_suffix(".ko")?;
        Some((size.parse::<u64>().ok()?, name.to_owned()))
    };
    let mut modules: Vec<(u64, String)> = list.lines().filter_map(module).collect();
    modules.sort_by(|(a, first), (b, second)| b.cmp(a).then(first.cmp(second)));
    let mut text = format!("{} modules in the initrd, {} bytes:", modules.len(), modules.iter().map(|(size, _)| size).sum::<u64>());
    let mut width = WIDEST;
    for (size, name) in modules {
        let entry = format!(" {name} {size}");
        if width + entry.len() > WIDEST {
            text.push_str("\n ");
            width = 1;
        }
        width += entry.len();
        text.push_str(&entry);
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_medium_or_initrd_that_has_grown_is_refused() {
        let of = |medium, unpacked| Sizes { rows: vec![("init".into(), 1, Some(unpacked))], medium, closure: 10, modules: String::new() };
        assert!(of(LARGEST_MEDIUM + 10, LARGEST_INITRD).check().is_ok());
        let error = |sizes: Sizes| sizes.check().unwrap_err().to_string();
        assert!(error(of(LARGEST_MEDIUM + 11, 1)).starts_with("making the medium: it has 100000001 bytes without the closure"));
        assert!(error(of(20, LARGEST_INITRD + 1)).starts_with("making the initrd: it has 28000001 bytes unpacked"));
    }

    #[test]
    fn modules_are_listed_with_their_sizes() {
        let list = "5 bin/tool\n7 lib/modules/nvme.ko\n9 lib/modules/deps\n300 lib/modules/ext4.ko\n7 lib/modules/loop.ko\n";
        assert_eq!(modules(list), "3 modules in the initrd, 314 bytes:\n  ext4 300 loop 7 nvme 7\n");
        let many: String = (10..40).map(|number| format!("1000 lib/modules/module{number}.ko\n")).collect();
        assert!(modules(&many).lines().count() > 3 && modules(&many).lines().all(|line| line.len() <= WIDEST));
    }
}
