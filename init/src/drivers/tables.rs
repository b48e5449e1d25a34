//! The tables beside the modules: what depends on what, which device wants which module. Pure.

use std::collections::BTreeMap;

use super::glob;

/// The tables of `/lib/modules`.
#[derive(Debug, Default)]
pub struct Tables {
    /// Module to everything it needs, in load order.
    deps: BTreeMap<String, Vec<String>>,
    /// Pattern and module, in the kernel's order.
    aliases: Vec<(String, String)>,
    /// Loaded at start: no device announces them.
    boot: Vec<String>,
}

impl Tables {
    /// Reads the tables from their texts.
    pub fn parse(deps: &str, aliases: &str, boot: &str) -> Tables {
        let words = |text: &str| text.split_whitespace().map(normal).collect();
        Tables {
            deps: deps.lines().filter_map(|l| l.split_once(':')).map(|(name, rest)| (normal(name), words(rest))).collect(),
            aliases: aliases
                .lines()
                .filter_map(|l| l.split_once(' '))
                .map(|(pattern, name)| (normal_alias(pattern), normal(name)))
                .collect(),
            boot: words(boot),
        }
    }

    /// What to load at start.
    pub fn boot(&self) -> &[String] {
        &self.boot
    }

    /// The module and everything it needs, in load order; empty for a module that is not on board.
    pub fn order(&self, module: &str) -> Vec<&str> {
        match self.deps.get_key_value(module) {
            Some((name, deps)) => deps.iter().chain([name]).map(String::as_str).collect(),
            None => Vec::new(),
        }
    }

    /// The modules that a device's modalias, or a name the kernel asks for, stands for.
    pub fn wanted(&self, alias: &str) -> Vec<&str> {
        let name = normal(alias);
        if let Some((name, _)) = self.deps.get_key_value(&name) {
            return vec![name];
        }
        let alias = normal_alias(alias);
        self.aliases.iter().filter(|(pattern, _)| glob::matches(pattern, &alias)).map(|(_, module)| module.as_str()).collect()
    }
}

/// `-` and `_` are one in module names (kmod, `alias_normalize`).
pub fn normal(name: &str) -> String {
    name.trim().replace('-', "_")
}

/// As [`normal`], but not inside `[...]`, where `-` makes a range.
fn normal_alias(alias: &str) -> String {
    let mut inside = false;
    let one = |c: char| {
        inside = (inside || c == '[') && c != ']';
        if c == '-' && !inside { '_' } else { c }
    };
    alias.trim().chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Tables {
        Tables::parse(
            "nvme: nvme-core\nnvme_core:\next4: crc16 mbcache jbd2\nsd_mod: scsi_common scsi_mod\n",
            "pci:v*d*sv*sd*bc01sc08i02* nvme\nfs-ext4 ext4\nscsi:t-0x00* sd_mod\nusb:v0951p*d[0-2]* sd_mod\n",
            "loop\ndmi-sysfs\n",
        )
    }

    #[test]
    fn dependencies_come_first() {
        assert_eq!(tables().order("nvme"), ["nvme_core", "nvme"]);
        assert_eq!(tables().order("ext4"), ["crc16", "mbcache", "jbd2", "ext4"]);
        assert!(tables().order("zfs").is_empty());
        assert_eq!(tables().boot(), ["loop", "dmi_sysfs"]);
    }

    #[test]
    fn devices_and_the_kernel_find_their_modules() {
        let tables = tables();
        assert_eq!(tables.wanted("pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02"), ["nvme"]);
        assert_eq!(tables.wanted("fs-ext4"), ["ext4"]);
        assert_eq!(tables.wanted("scsi:t-0x00"), ["sd_mod"]);
        assert_eq!(tables.wanted("usb:v0951p1666d1"), ["sd_mod"]);
        assert_eq!(tables.wanted("nvme-core"), ["nvme_core"]);
        assert!(tables.wanted("usb:v0951p1666d3").is_empty());
    }
}
