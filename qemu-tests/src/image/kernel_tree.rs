//! A kernel's module directory as depmod describes it: files, dependencies, aliases, soft dependencies, built-ins.
//! Follows modules.dep(5) and modprobe.d(5); names are compared with `-` and `_` equal. Loads nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use glob::Pattern;

/// How many similar names an error offers.
const OFFERED: usize = 3;

/// The tables of one kernel.
#[derive(Default)]
pub struct KernelTree {
    /// Module name to the path of its file.
    files: BTreeMap<String, PathBuf>,
    /// Hard dependencies, in load order.
    dependencies: BTreeMap<String, Vec<String>>,
    /// What should be loaded first if it exists, aliases resolved.
    soft: BTreeMap<String, Vec<String>>,
    /// Pattern and name, in the order of the file.
    aliases: Vec<(String, String)>,
    builtin: BTreeSet<String>,
}

impl KernelTree {
    /// Reads depmod's tables.
    pub fn read(directory: &Path) -> Result<Self> {
        let table = |name: &str| {
            let path = directory.join(name);
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
        };
        Ok(Self::parse(directory, &table("modules.dep")?, &table("modules.alias")?, &table("modules.softdep")?, &table("modules.builtin")?))
    }

    fn parse(directory: &Path, dep: &str, alias: &str, softdep: &str, builtin: &str) -> Self {
        let mut tree = Self::default();
        for line in dep.lines() {
            let Some((file, needs)) = line.split_once(':') else {
                continue;
            };
            let name = module_name(file);
            // depmod writes the closest dependency first; the farthest has to be loaded first.
            let order = needs.split_whitespace().rev().map(module_name).collect();
            tree.files.insert(name.clone(), directory.join(file));
            tree.dependencies.insert(name, order);
        }
        for line in alias.lines() {
            if let ["alias", pattern, name] = line.split_whitespace().collect::<Vec<_>>()[..] {
                tree.aliases.push((pattern.to_owned(), normal(name)));
            }
        }
        tree.builtin = builtin.lines().map(module_name).collect();
        for line in softdep.lines() {
            let mut words = line.split_whitespace();
            if let (Some("softdep"), Some(name)) = (words.next(), words.next()) {
                // One module may have several such lines.
                let words = before(words);
                let wanted: Vec<String> = words.iter().flat_map(|word| tree.matching(word)).collect();
                tree.soft.entry(normal(name)).or_default().extend(wanted);
            }
        }
        tree
    }

    /// The file of a module.
    pub fn file(&self, name: &str) -> Option<&Path> {
        self.files.get(&normal(name)).map(PathBuf::as_path)
    }

    /// Names built into the kernel.
    pub fn builtin(&self) -> &BTreeSet<String> {
        &self.builtin
    }

    /// Patterns by which the kernel's events name modules.
    pub fn aliases(&self) -> &[(String, String)] {
        &self.aliases
    }

    /// The first of several names, `A|B`, that is a module or built in: releases call the same thing differently. Where there is none, the
    /// first, which the error is about then.
    pub fn first_of<'a>(&self, names: &'a str) -> &'a str {
        let there = |name: &&str| self.files.contains_key(&normal(name)) || self.builtin.contains(&normal(name));
        let first = names.split('|').next().unwrap_or(names);
        names.split('|').find(there).unwrap_or(first)
    }

    /// Every module's name, and what is built in.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.files.keys().chain(&self.builtin)
    }

    /// What a module needs, in the order of loading; soft dependencies are not among it.
    pub fn needs(&self, module: &str) -> &[String] {
        self.dependencies.get(module).map_or(&[], Vec::as_slice)
    }

    /// The modules that a name or an alias stands for, built in or not.
    pub fn meaning(&self, name: &str) -> Vec<String> {
        let (modules, normal) = (self.matching(name), normal(name));
        if modules.is_empty() && self.builtin.contains(&normal) { vec![normal] } else { modules }
    }

    /// The modules to load for `names`, each after everything it needs. Built-ins need nothing; a name that is
    /// neither a module nor built in is an error.
    pub fn load_order(&self, names: &[&str]) -> Result<Vec<String>> {
        let mut order = Vec::new();
        for name in names {
            let name = normal(name);
            if self.files.contains_key(&name) {
                self.visit(&name, &mut order, &mut Vec::new());
            } else if !self.builtin.contains(&name) {
                bail!("{}", self.unknown(&name));
            }
        }
        Ok(order)
    }

    fn visit(&self, name: &str, order: &mut Vec<String>, path: &mut Vec<String>) {
        // Soft dependencies may form a circle: what is being visited already counts as loaded.
        if order.iter().any(|done| done == name) || path.iter().any(|open| open == name) {
            return;
        }
        path.push(name.to_owned());
        let hard = self.dependencies.get(name).into_iter().flatten();
        let soft = self.soft.get(name).into_iter().flatten();
        for needed in hard.chain(soft) {
            self.visit(needed, order, path);
        }
        path.pop();
        order.push(name.to_owned());
    }

    /// The modules a name or an alias stands for; none if it is only built in, or unknown.
    fn matching(&self, wanted: &str) -> Vec<String> {
        let name = normal(wanted);
        if self.files.contains_key(&name) {
            return vec![name];
        }
        // Something built in may have the name of an algorithm that is in modules, as crc32 has, and modprobe takes those.
        self.aliases.iter().filter(|(pattern, _)| matches(pattern, &name)).map(|(_, module)| module.clone()).collect()
    }

    fn unknown(&self, name: &str) -> String {
        let mut near: Vec<(usize, &String)> =
            self.files.keys().chain(&self.builtin).map(|known| (strsim::osa_distance(name, known), known)).collect();
        near.sort();
        let near: Vec<&str> = near.iter().take(OFFERED).map(|(_, name)| name.as_str()).collect();
        format!("choosing module {name}: this kernel has none of that name; near: {}", near.join(", "))
    }
}

/// Whether an alias covers a name. Most of the many thousand patterns start differently, which is cheap to see.
fn matches(pattern: &str, name: &str) -> bool {
    let mut common = 0;
    for (wanted, found) in pattern.bytes().zip(name.bytes()) {
        match wanted {
            b'*' | b'?' | b'[' => break,
            b'-' if found == b'_' => {}
            _ if wanted == found => {}
            _ => return false,
        }
        common += 1;
    }
    match (pattern.get(common..), name.get(common..)) {
        (Some(""), Some(end)) => end.is_empty(),
        (Some(rest), Some(end)) => Pattern::new(rest).is_ok_and(|pattern| pattern.matches(end)),
        _ => false,
    }
}

/// `-` and `_` are equal in names; tables use `_`.
pub fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// `kernel/fs/ext4/ext4.ko.xz` is the module `ext4`.
fn module_name(file: &str) -> String {
    let base = file.rsplit('/').next().unwrap_or(file);
    normal(base.split(".ko").next().unwrap_or(base))
}

/// The words of a soft dependency between `pre:` and `post:`.
fn before<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.skip_while(|word| *word != "pre:").skip(1).take_while(|word| *word != "post:").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> KernelTree {
        KernelTree::parse(
            Path::new("/m"),
            "kernel/ext4.ko.xz: kernel/jbd2.ko.xz kernel/crc16.ko.xz\n\
             kernel/jbd2.ko.xz:\nkernel/crc16.ko.xz:\n\
             kernel/crc32c-intel.ko.xz:\nkernel/crc32c_generic.ko.xz:\n\
             kernel/usb-storage.ko: kernel/usbcore.ko\nkernel/usbcore.ko:\n\
             kernel/a.ko:\nkernel/b.ko:\n",
            "# comment\nalias crypto-crc32c crc32c_intel\nalias crypto-crc32c crc32c_generic\n\
             alias fs-ext4 ext4\n",
            "softdep ext4 pre: crypto-crc32c gone post: later\nsoftdep cifs ccm\n\
             softdep a pre: b\nsoftdep b pre: a\n",
            "kernel/drivers/firmware/dmi-sysfs.ko\n",
        )
    }

    #[test]
    fn the_farthest_dependency_is_loaded_first_and_soft_ones_count() {
        assert_eq!(tree().load_order(&["ext4"]).unwrap(), ["crc16", "jbd2", "crc32c_intel", "crc32c_generic", "ext4"]);
    }

    #[test]
    fn dashes_are_underscores_and_built_ins_need_nothing() {
        let order = tree().load_order(&["usb-storage", "dmi-sysfs", "usbcore"]).unwrap();
        assert_eq!(order, ["usbcore", "usb_storage"]);
        assert_eq!(tree().file("usb-storage"), Some(Path::new("/m/kernel/usb-storage.ko")));
    }

    #[test]
    fn of_several_names_the_first_that_is_there_counts() {
        let tree = tree();
        assert_eq!(["gone|a|b", "gone|dmi_sysfs|a", "gone|lost", "b"].map(|names| tree.first_of(names)), ["a", "dmi_sysfs", "gone", "b"]);
    }

    #[test]
    fn an_alias_counts_more_than_something_built_in() {
        let alias = "alias crc32 crc32_pclmul\nalias crc32 crc32_generic\n";
        let dep = "kernel/f2fs.ko:\nkernel/crc32-pclmul.ko:\nkernel/crc32_generic.ko:\n";
        let tree =
            KernelTree::parse(Path::new("/m"), dep, alias, "softdep f2fs pre: crc32\n", "kernel/lib/crc32.ko\nkernel/lib/crc16.ko\n");
        assert_eq!(tree.load_order(&["f2fs"]).unwrap(), ["crc32_pclmul", "crc32_generic", "f2fs"]);
        assert_eq!(tree.meaning("crc32"), ["crc32_pclmul", "crc32_generic"]);
        assert_eq!(tree.meaning("crc16"), ["crc16"]);
        assert!(tree.meaning("crc8").is_empty());
    }

    #[test]
    fn patterns_cover_names_from_their_start_to_their_end() {
        for (pattern, name, expected) in [
            ("fs-ext4", "fs_ext4", true),
            ("fs-ext4", "fs_ext", false),
            ("fs-ext", "fs_ext4", false),
            ("usb:v*p1[0-2]", "usb:v9p11", true),
            ("usb:v*p1[0-2]", "usb:v9p13", false),
            ("usb:v9*", "usb:v9", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_circle_of_soft_dependencies_ends() {
        assert_eq!(tree().load_order(&["a"]).unwrap(), ["b", "a"]);
    }

    #[test]
    fn a_misspelt_name_is_an_error_with_the_nearest_names() {
        let error = tree().load_order(&["usb-storag"]).unwrap_err().to_string();
        assert!(error.starts_with("choosing module usb_storag: this kernel has none of that name; near: usb_storage, "), "{error}");
    }
}
