//! Checks a kernel's configuration against what the installer needs of any kernel. What is only a module has to be
//! on board; a symbol that got lost fails the build instead of an installation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

const REQUIRED: &str = include_str!("../../../kernel-config/required.list");

/// One row of the list.
struct Row<'a> {
    symbols: &'a str,
    want: &'a str,
    module: &'a str,
    why: String,
}

/// Fails with every row the configuration does not meet; `on_board` knows the initrd's modules.
pub fn check(config: &Path, on_board: impl Fn(&str) -> bool) -> Result<()> {
    let text = fs::read_to_string(config).with_context(|| format!("reading {}", config.display()))?;
    let bad = faults(&parse(REQUIRED)?, &text, on_board);
    if !bad.is_empty() {
        bail!("checking {}: {}", config.display(), bad.join("; "));
    }
    Ok(())
}

fn parse(text: &str) -> Result<Vec<Row<'_>>> {
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    rows.map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [symbols, want @ ("y" | "m" | "n"), module, ref why @ ..] if !why.is_empty() => {
            Ok(Row { symbols, want, module, why: why.join(" ") })
        }
        _ => bail!("reading required.list: unknown line: {line}"),
    })
    .collect()
}

fn faults(rows: &[Row<'_>], config: &str, on_board: impl Fn(&str) -> bool) -> Vec<String> {
    let values: BTreeMap<&str, &str> = config.lines().filter_map(|line| line.strip_prefix("CONFIG_")?.split_once('=')).collect();
    let mut faults = Vec::new();
    for row in rows {
        let has = |value: &str| {
            let mut symbols = row.symbols.split('|');
            symbols.any(|symbol| values.get(symbol) == Some(&value))
        };
        let met = match row.want {
            "y" => has("y"),
            "n" => !has("y") && !has("m"),
            _ => has("y") || (has("m") && (row.module == "-" || row.module.split('|').any(&on_board))),
        };
        if !met {
            let lost = if row.want == "m" && has("m") {
                format!("its module {} is not on board", row.module)
            } else {
                format!("should be {}", row.want)
            };
            faults.push(format!("{} {lost} ({})", row.symbols, row.why));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_list_is_well_formed() {
        assert!(parse(REQUIRED).unwrap().len() > 90);
    }

    #[test]
    fn each_kind_of_fault_is_named() {
        let rows = parse("UNIX y - pid1\nA|B m - either\nSD m scsi_disk|sd_mod disks\nSR m sr_mod|cd CD\nFORCE n - own modules\n").unwrap();
        let config = "CONFIG_UNIX=m\nCONFIG_B=m\nCONFIG_SD=m\nCONFIG_SR=m\nCONFIG_FORCE=y\n# CONFIG_A is not set\n";
        assert_eq!(
            faults(&rows, config, |module| module == "sd_mod"),
            ["UNIX should be y (pid1)", "SR its module sr_mod|cd is not on board (CD)", "FORCE should be n (own modules)"]
        );
    }

    #[test]
    fn a_row_without_a_reason_is_an_error() {
        assert_eq!(parse("UNIX y -\n").err().unwrap().to_string(), "reading required.list: unknown line: UNIX y -");
    }
}
