//! Everything that util-linux recognises in a file, whether or not one answer hides the others.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{self, tool};

/// The types of all signatures; blkid stops at the first it believes, or finds the case ambivalent and says nothing.
pub fn all(file: &Path) -> Result<BTreeSet<String>> {
    let subject = format!("listing the signatures of {}", file.display());
    let text = command::text(&subject, tool("wipefs").args(["--no-act", "--json"]).arg(file))?;
    parse(&text).with_context(|| subject)
}

/// Fails unless these are all there are.
pub fn expect(file: &Path, name: &str, wanted: &[&str]) -> Result<()> {
    let found = all(file)?;
    if found != wanted.iter().map(|kind| (*kind).to_owned()).collect() {
        let list = |kinds: Vec<&str>| if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(" and ") };
        let [found, wanted] = [found.iter().map(String::as_str).collect(), wanted.to_vec()].map(list);
        bail!("looking for what is left in {name}: it has {found} instead of {wanted}");
    }
    Ok(())
}

fn parse(text: &str) -> Result<BTreeSet<String>> {
    let json: Value = serde_json::from_str(text)?;
    let rows = json.get("signatures").and_then(Value::as_array).context("no list of signatures")?;
    rows.iter().map(|row| Ok(row.get("type").and_then(Value::as_str).context("a signature without a type")?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_once_each() {
        let text = r#"{"signatures": [{"type": "vfat", "offset": "0x52"}, {"type": "vfat"}, {"type": "zfs_member"}]}"#;
        assert_eq!(parse(text).unwrap().into_iter().collect::<Vec<_>>(), ["vfat", "zfs_member"]);
        assert!(parse(r#"{"signatures": []}"#).unwrap().is_empty());
        assert!(parse("{}").is_err());
    }
}
