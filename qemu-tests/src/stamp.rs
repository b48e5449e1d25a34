//! What was made of the same before is not made again, unless somebody touched it: a stamp holds what a file was made of,
//! and its length and digest when it was whole. Stamps lie under `target/`, never beside a file that a person asked for.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cache::{self, Key};

/// Makes `file` unless it lies there as it was last made of the same `content`.
pub fn unless_same(file: &Path, content: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let stamp = place(file)?;
    if file.is_file() && fs::read_to_string(&stamp).is_ok_and(|found| text(file, content).is_ok_and(|now| now == found)) {
        return Ok(());
    }
    cache::remove(&stamp)?;
    cache::replace(file, make)?;
    fs::write(&stamp, text(file, content)?).with_context(|| format!("writing {}", stamp.display()))
}

fn text(file: &Path, content: &str) -> Result<String> {
    let (size, digest) = cache::sha256_file(file)?;
    Ok(format!("{content} {size} {digest}\n"))
}

/// Named by the file's whole path.
fn place(file: &Path) -> Result<PathBuf> {
    let file = std::path::absolute(file).with_context(|| format!("resolving {}", file.display()))?;
    let mut key = Key::new("stamp");
    key.add(file.as_os_str().as_encoded_bytes());
    Ok(cache::directory("stamps")?.join(key.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_touched_or_is_of_other_content_is_made_again() {
        let file = std::env::temp_dir().join(format!("stamp-test-{}", std::process::id()));
        let made = |content: &str| {
            let mut made = false;
            unless_same(&file, content, |part| {
                made = true;
                Ok(fs::write(part, "whole")?)
            })
            .unwrap();
            made
        };
        assert!(made("a"));
        assert!(!made("a"));
        assert!(made("b"));
        fs::write(&file, "whol").unwrap();
        assert!(made("b"));
        fs::write(&file, "whoLe").unwrap();
        assert!(made("b"));
        assert!(!made("b"));
        fs::remove_file(&file).unwrap();
        assert!(made("b"));
        fs::remove_file(&file).unwrap();
        fs::remove_file(place(&file).unwrap()).unwrap();
    }
}
