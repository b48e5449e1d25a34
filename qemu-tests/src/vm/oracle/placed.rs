//! A file of the installed root: its mode, its owner and its text, as debugfs sees them.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::command::{self, tool};

/// Fails unless the file system of this image has the file, with these attributes (`MODE UID:GID`) and this text.
pub fn check(image: &Path, path: &str, attributes: &str, text: &str) -> Result<()> {
    let ask = |request: String| command::text(&format!("looking at {path} of the root"), tool("debugfs").args(["-R", &request]).arg(image));
    let found = parse(&ask(format!("stat \"{path}\""))?);
    ensure!(found == attributes, "looking at {path} of the root: it is {found} instead of {attributes}");
    if !path.ends_with('/') {
        ensure!(ask(format!("cat \"{path}\""))? == text, "looking at {path} of the root: it has another text");
    }
    Ok(())
}

/// `MODE UID:GID` of what debugfs says of an inode; of a file that is not there it says nothing.
fn parse(stat: &str) -> String {
    let words: Vec<&str> = stat.split_whitespace().collect();
    let after = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied().unwrap_or("absent");
    format!("{} {}:{}", after("Mode:"), after("User:"), after("Group:"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_debugfs_says_is_read() {
        let stat = "Inode: 12   Type: regular    Mode:  0640   Flags: 0x80000\nGeneration: 1    Version: 0x0\nUser:  1000   Group:   100   Size: 6\n";
        assert_eq!(parse(stat), "0640 1000:100");
        assert_eq!(parse(""), "absent absent:absent");
    }
}
