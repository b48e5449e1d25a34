//! The fragments of the repository's own kernel configuration, and whether they survived. Kconfig drops, without a word, what another
//! symbol forbids, or makes a module of what should be built in: what was asked for is compared with what came out.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

/// Name and text, in the order in which they are read.
const FRAGMENTS: [(&str, &str); 11] = [
    ("base", include_str!("../../../kernel-config/base.config")),
    ("efi", include_str!("../../../kernel-config/efi.config")),
    ("console", include_str!("../../../kernel-config/console.config")),
    ("laptop", include_str!("../../../kernel-config/laptop.config")),
    ("storage", include_str!("../../../kernel-config/storage.config")),
    ("usb", include_str!("../../../kernel-config/usb.config")),
    ("net", include_str!("../../../kernel-config/net.config")),
    ("crypto", include_str!("../../../kernel-config/crypto.config")),
    ("fs", include_str!("../../../kernel-config/fs.config")),
    ("container", include_str!("../../../kernel-config/container.config")),
    ("virt", include_str!("../../../kernel-config/virt.config")),
];

/// One line of a fragment.
struct Wish<'a> {
    fragment: &'a str,
    symbol: &'a str,
    /// `y`, `m`, a number or a text in quotes; none where it must not be set.
    value: Option<&'a str>,
}

/// All fragments as one text, for `KCONFIG_ALLCONFIG`, without what is for people.
pub fn joined() -> String {
    let lines = FRAGMENTS.iter().flat_map(|(_, text)| text.lines()).filter(|line| wish(line).is_some());
    lines.map(|line| format!("{line}\n")).collect()
}

/// Fails with every line of the fragments that a resolved configuration does not have.
pub fn survive(config: &str) -> Result<()> {
    let lost = lost(&wishes(&FRAGMENTS)?, config);
    ensure!(lost.is_empty(), "resolving the kernel's configuration: {}", lost.join("; "));
    Ok(())
}

fn lost(wishes: &[Wish], config: &str) -> Vec<String> {
    let values: BTreeMap<&str, &str> = config.lines().filter_map(|line| line.strip_prefix("CONFIG_")?.split_once('=')).collect();
    let wrong = wishes.iter().filter(|wish| values.get(wish.symbol).copied() != wish.value);
    wrong
        .map(|Wish { fragment, symbol, value }| {
            let found = values.get(symbol).unwrap_or(&"not set");
            format!("{symbol} of {fragment}.config should be {} and is {found}", value.unwrap_or("not set"))
        })
        .collect()
}

/// The lines of fragments. Each group has its reason above it, and no symbol is wished for twice.
fn wishes<'a>(fragments: &[(&'a str, &'a str)]) -> Result<Vec<Wish<'a>>> {
    let mut wishes: Vec<Wish> = Vec::new();
    for (fragment, text) in fragments {
        let mut reason = false;
        for line in text.lines() {
            let Some((symbol, value)) = wish(line) else {
                match line {
                    "" => reason = false,
                    comment if comment.starts_with("# ") => reason = true,
                    _ => bail!("reading {fragment}.config: unknown line: {line}"),
                }
                continue;
            };
            ensure!(reason, "reading {fragment}.config: the group of {symbol} has no reason");
            if let Some(first) = wishes.iter().find(|wish| wish.symbol == symbol) {
                bail!("reading {fragment}.config: {symbol} is in {}.config already", first.fragment);
            }
            wishes.push(Wish { fragment, symbol, value });
        }
    }
    Ok(wishes)
}

/// `CONFIG_X=value` or `# CONFIG_X is not set`.
fn wish(line: &str) -> Option<(&str, Option<&str>)> {
    match line.strip_prefix("# CONFIG_") {
        Some(off) => off.strip_suffix(" is not set").map(|symbol| (symbol, None)),
        None => line.strip_prefix("CONFIG_")?.split_once('=').map(|(symbol, value)| (symbol, Some(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_fragments_are_well_formed() {
        assert!(wishes(&FRAGMENTS).unwrap().len() > 550);
        assert_eq!(joined().lines().filter(|line| line.starts_with("CONFIG_MODULES=")).count(), 1);
    }

    #[test]
    fn every_kind_of_loss_is_named() {
        let text = "# why\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_C=m\n# CONFIG_D is not set\nCONFIG_E=\"x\"\n# CONFIG_F is not set\nCONFIG_G=m\n";
        let wishes = wishes(&[("some", text)]).unwrap();
        assert_eq!(
            lost(&wishes, "CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D=y\nCONFIG_E=\"y\"\nCONFIG_G=m\n"),
            [
                "B of some.config should be y and is m",
                "C of some.config should be m and is not set",
                "D of some.config should be not set and is y",
                "E of some.config should be \"x\" and is \"y\"",
            ]
        );
    }

    #[test]
    fn a_line_needs_a_reason_and_may_be_there_once() {
        let error = |text| wishes(&[("some", text)]).err().unwrap().to_string();
        assert_eq!(error("# why\nCONFIG_A=y\n\nCONFIG_B=y\n"), "reading some.config: the group of B has no reason");
        assert_eq!(error("# why\nCONFIG_A=y\nCONFIG_A=m\n"), "reading some.config: A is in some.config already");
        assert_eq!(error("# why\nA=y\n"), "reading some.config: unknown line: A=y");
    }
}
