//! Everything that util-linux recognises in a file, whether or not one answer hides the others.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::{self, tool};

/// Types of all signatures and the bytes where they stand; blkid stops at the first it believes, or finds the case ambivalent and says
/// nothing.
pub fn all(file: &Path) -> Result<BTreeSet<(String, u64)>> {
    let subject = format!("listing the signatures of {}", file.display());
    let text = command::text(&subject, tool("wipefs").args(["--no-act", "--json"]).arg(file))?;
    parse(&text).with_context(|| subject)
}

/// Fails unless these are all there are.
pub fn expect(file: &Path, name: &str, wanted: &[&str]) -> Result<()> {
    let found: BTreeSet<String> = all(file)?.into_iter().map(|(kind, _)| kind).collect();
    if found != wanted.iter().map(|kind| (*kind).to_owned()).collect() {
        let list = |kinds: Vec<&str>| if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(" and ") };
        let [found, wanted] = [found.iter().map(String::as_str).collect(), wanted.to_vec()].map(list);
        bail!("looking for what is left in {name}: it has {found} instead of {wanted}");
    }
    Ok(())
}

fn parse(text: &str) -> Result<BTreeSet<(String, u64)>> {
    let json: Value = serde_json::from_str(text)?;
    let rows = json.get("signatures").and_then(Value::as_array).context("no list of signatures")?;
    let text = |row: &Value, key: &str| Some(row.get(key)?.as_str()?.to_owned());
    let signature = |row| {
        let kind = text(row, "type").context("a signature without a type")?;
        let offset = text(row, "offset").context("a signature without an offset")?;
        let digits = offset.strip_prefix("0x").unwrap_or(&offset);
        Ok((kind, u64::from_str_radix(digits, 16).with_context(|| format!("reading the offset {offset}"))?))
    };
    rows.iter().map(signature).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_with_their_places() {
        let text = r#"{"signatures": [{"type": "vfat", "offset": "0x52"}, {"type": "vfat", "offset": "0x0"}]}"#;
        assert_eq!(parse(text).unwrap(), [("vfat".to_owned(), 0x52), ("vfat".to_owned(), 0)].into());
        assert!(parse(r#"{"signatures": [{"type": "vfat"}]}"#).is_err());
        assert!(parse(r#"{"signatures": []}"#).unwrap().is_empty());
        assert!(parse("{}").is_err());
    }
}
