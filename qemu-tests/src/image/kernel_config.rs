//! Checks a kernel's configuration against what the installer needs of any kernel. What is only a module has to be
//! on board; a symbol that got lost fails the build instead of an installation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::command;

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
    let text = read(config)?;
    let bad = faults(&parse(REQUIRED)?, &text, on_board);
    if !bad.is_empty() {
        bail!("checking {}: {}", config.display(), bad.join("; "));
    }
    Ok(())
}

/// What a kernel of this configuration is short of, and what an initrd has to carry for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Rows that are not met, with the reason why they are there.
    pub broken: Vec<String>,
    /// Modules, with the symbol they stand for and the reason.
    pub carry: Vec<String>,
}

/// Judges a configuration alone, which may be compressed: `/proc/config.gz` is.
pub fn judge(config: &Path) -> Result<Verdict> {
    Ok(verdict(&parse(REQUIRED)?, &read(config)?))
}

fn verdict(rows: &[Row<'_>], config: &str) -> Verdict {
    let values = values(config);
    let modules = rows.iter().filter(|row| row.module != "-" && row.want == "m" && !row.is("y", &values) && row.is("m", &values));
    let carry = modules.map(|Row { symbols, module, why, .. }| format!("{module} ({symbols}: {why})")).collect();
    Verdict { broken: faults(rows, config, |_| true), carry }
}

fn read(config: &Path) -> Result<String> {
    let reading = || format!("reading {}", config.display());
    if config.extension().is_some_and(|suffix| suffix == "gz") {
        return command::text(&reading(), command::tool("gzip").arg("-dc").arg(config));
    }
    fs::read_to_string(config).with_context(reading)
}

fn values(config: &str) -> BTreeMap<&str, &str> {
    config.lines().filter_map(|line| line.strip_prefix("CONFIG_")?.split_once('=')).collect()
}

impl Row<'_> {
    /// Whether one of its symbols has this value.
    fn is(&self, value: &str, values: &BTreeMap<&str, &str>) -> bool {
        self.symbols.split('|').any(|symbol| values.get(symbol) == Some(&value))
    }
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
    let values = values(config);
    let mut faults = Vec::new();
    for row in rows {
        let has = |value| row.is(value, &values);
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
    fn a_configuration_alone_says_what_an_initrd_must_carry() {
        let rows = parse("UNIX y - pid1\nNVME m nvme disks\nSD m sd_mod disks\nSR m sr_mod CD\nMD m - RAID\n").unwrap();
        let verdict = verdict(&rows, "CONFIG_NVME=m\nCONFIG_SD=y\nCONFIG_MD=m\n");
        assert_eq!(verdict.broken, ["UNIX should be y (pid1)", "SR should be m (CD)"]);
        assert_eq!(verdict.carry, ["nvme (NVME: disks)"]);
    }

    /// Needs gzip, as does every verb that makes an image.
    #[test]
    fn a_compressed_configuration_is_read_as_well() {
        let plain = std::env::temp_dir().join(format!("kernel-config-test-{}", std::process::id()));
        let compressed = crate::cache::beside(&plain, ".gz");
        fs::write(&plain, "CONFIG_UNIX=y\n").unwrap();
        let both = |path| judge(path).unwrap();
        let first = both(&plain);
        command::run("compressing", command::tool("gzip").arg(&plain)).unwrap();
        let second = both(&compressed);
        fs::remove_file(&compressed).unwrap();
        assert_eq!(first, second);
        assert!(first.broken.len() > 90);
        let error = judge(&plain).unwrap_err().to_string();
        assert_eq!(error, format!("reading {}", plain.display()));
    }

    #[test]
    fn a_row_without_a_reason_is_an_error() {
        assert_eq!(parse("UNIX y -\n").err().unwrap().to_string(), "reading required.list: unknown line: UNIX y -");
    }
}
