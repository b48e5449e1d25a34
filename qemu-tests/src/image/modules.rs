//! Chooses the modules of initrd and stage-2 from lists of names and writes them, uncompressed, with the tables `init` reads.
//! A name the kernel does not know fails the build. They are compressed with what carries them only: twice is larger.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use init::drivers::nodes;

use super::cpio::Archive;
use super::kernel_tree::{KernelTree, normal};
use super::lean::{self, lean};
use crate::command;

/// The modules every initrd carries.
const BOOT_LIST: &str = include_str!("../../../kernel-config/modules/boot");
/// The modules of stage-2, needed by some installations and by none before stage-2 is there.
const STAGE2_LISTS: [&str; 2] = [include_str!("../../../kernel-config/modules/net"), include_str!("../../../kernel-config/modules/fs")];
/// Modules that no image carries, though the kernel must have them.
const RARE_LIST: &str = include_str!("../../../kernel-config/modules/rare");

/// Aliases that only modules the kernel asks for at a need carry: file systems, algorithms, families of sockets.
/// All others are devices, and coldplug finds those, or nodes that `init` makes.
const ASKED_FOR: [&str; 3] = ["fs-", "crypto-", "net-pf-"];
/// The kernel asks for these by module name: character sets at a mount, targets at a device-mapper table, kinds of algorithms at a socket.
const ASKED_BY_NAME: [&str; 3] = ["nls_", "dm_", "algif_"];

/// One entry of a list.
struct Listed<'a> {
    name: &'a str,
    /// Loaded before anything is looked for, although an event would load it, too.
    early: bool,
    /// Loaded just before this one, and for no device.
    with: Option<&'a str>,
}

/// The modules of an image.
pub struct Chosen {
    tree: KernelTree,
    /// All modules it carries in load order.
    order: Vec<String>,
    boot: Vec<String>,
    /// Modules that come before another one, though that does not depend on them: (that one, before it).
    companions: Vec<(String, String)>,
}

impl Chosen {
    /// Resolves the lists of the repository, and the names a host adds, which are loaded at the start.
    pub fn for_initrd(directory: &Path, more: &[String]) -> Result<Self> {
        let tree = KernelTree::read(directory)?;
        let mut listed = of(&tree, BOOT_LIST)?;
        listed.extend(more.iter().map(|name| Listed { name, early: true, with: None }));
        let order = tree.load_order(&names(&listed))?;
        // What stays out must be there all the same.
        tree.load_order(&names(&of(&tree, RARE_LIST)?))?;
        let boot = loaded_at_start(&tree, &listed);
        let companions = listed.iter().filter_map(|entry| Some((normal(entry.with?), normal(entry.name)))).collect();
        Ok(Self { tree, order, boot, companions })
    }

    /// Resolves the lists for stage-2, which carries what the initrd does not.
    pub fn for_stage2(directory: &Path) -> Result<Self> {
        let Self { tree, order: initrd, .. } = Self::for_initrd(directory, &[])?;
        let mut listed = Vec::new();
        for list in STAGE2_LISTS {
            listed.extend(of(&tree, list)?);
        }
        let mut order = tree.load_order(&names(&listed))?;
        order.retain(|name| !initrd.contains(name));
        let boot = loaded_at_start(&tree, &listed);
        Ok(Self { tree, order, boot, companions: Vec::new() })
    }

    /// Whether the initrd carries a module.
    pub fn on_board(&self, name: &str) -> bool {
        self.order.contains(&normal(name))
    }

    /// The modules it carries.
    pub fn carried(&self) -> &[String] {
        &self.order
    }

    /// What the choice consists of, for a key.
    pub fn summary(&self) -> String {
        format!("{}early\n{}{:?}{:?}", lines(&self.order), lines(&self.boot), self.companions, lean::RECIPE)
    }

    /// Modules and tables for the initrd.
    pub fn archive(&self) -> Result<Archive> {
        let mut archive = Archive::default();
        self.each_file(|name, bytes| {
            archive.file(&format!("lib/modules/{name}"), 0o644, bytes);
            Ok(())
        })?;
        Ok(archive)
    }

    /// Modules and tables as files of a directory.
    pub fn write(&self, directory: &Path) -> Result<()> {
        fs::create_dir_all(directory).with_context(|| format!("making {}", directory.display()))?;
        self.each_file(|name, bytes| {
            let path = directory.join(name);
            fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
        })
    }

    fn each_file(&self, mut put: impl FnMut(&str, Vec<u8>) -> Result<()>) -> Result<()> {
        for name in &self.order {
            let file = self.tree.file(name).context("choosing modules")?;
            put(&format!("{name}.ko"), lean(file)?)?;
        }
        self.tables()?.into_iter().try_for_each(|(name, text)| put(name, text.into_bytes()))
    }

    /// The tables beside the modules, by file name. Dependencies are those of the kernel, whoever carries them.
    fn tables(&self) -> Result<[(&'static str, String); 4]> {
        let mut deps = String::new();
        let on_board: BTreeSet<&str> = self.order.iter().map(String::as_str).collect();
        for name in &self.order {
            let before = self.companions.iter().filter(|(other, companion)| other == name && on_board.contains(companion.as_str()));
            let wanted: Vec<&str> = before.map(|(_, companion)| companion.as_str()).chain([name.as_str()]).collect();
            let mut needs = self.tree.load_order(&wanted)?;
            needs.retain(|needed| needed != name);
            deps += format!("{name}: {}", needs.join(" ")).trim_end();
            deps.push('\n');
        }
        let aliases = self
            .tree
            .aliases()
            .iter()
            .filter(|(pattern, name)| on_board.contains(name.as_str()) && !self.is_of_processor(pattern, name))
            .map(|(pattern, name)| format!("{pattern} {name}\n"))
            .collect();
        Ok([("deps", deps), ("aliases", aliases), ("boot", lines(&self.boot)), ("builtin", lines(self.tree.builtin()))])
    }

    /// Whether a processor would have an algorithm loaded that comes when the kernel asks for it, or with another module.
    fn is_of_processor(&self, pattern: &str, name: &str) -> bool {
        let asked = || self.tree.aliases().iter().any(|(other, module)| module == name && other.starts_with("crypto-"));
        pattern.starts_with("cpu:") && asked()
    }
}

/// The files to load, in order, for a list of names: for an initrd with a loader of its own.
pub fn files_in_load_order(directory: &Path, names: &[&str]) -> Result<Vec<PathBuf>> {
    let tree = KernelTree::read(directory)?;
    let order = tree.load_order(names)?;
    let files = order.iter().filter_map(|name| tree.file(name));
    Ok(files.map(Path::to_path_buf).collect())
}

/// A module file's content without its compression.
pub fn decompressed(file: &Path) -> Result<Vec<u8>> {
    let subject = format!("unpacking {}", file.display());
    let program = match file.extension().and_then(|suffix| suffix.to_str()) {
        Some("ko") => return fs::read(file).context(subject),
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => bail!("{subject}: its compression is not known"),
    };
    command::output(&subject, command::tool(program).arg("-dc").arg(file))
}

fn parse(text: &str) -> Result<Vec<Listed<'_>>> {
    let mut listed = Vec::new();
    for line in text.lines() {
        let entry = line.split('#').next().unwrap_or_default();
        match entry.split_whitespace().collect::<Vec<_>>()[..] {
            [] => {}
            [name] => listed.push(Listed { name, early: false, with: None }),
            [name, "early"] => listed.push(Listed { name, early: true, with: None }),
            [name, "with", other] => listed.push(Listed { name, early: false, with: Some(other) }),
            _ => bail!("reading the list of modules: unknown line: {line}"),
        }
    }
    Ok(listed)
}

/// The entries of a list, by the names that they have in this kernel.
fn of<'a>(tree: &KernelTree, list: &'a str) -> Result<Vec<Listed<'a>>> {
    let listed = parse(list)?.into_iter().map(|entry| Listed { name: tree.first_of(entry.name), ..entry });
    Ok(listed.collect())
}

fn names<'a>(listed: &[Listed<'a>]) -> Vec<&'a str> {
    listed.iter().map(|entry| entry.name).collect()
}

/// What is loaded as soon as it is there.
fn loaded_at_start(tree: &KernelTree, listed: &[Listed]) -> Vec<String> {
    // What comes with another has no other time if that one is built into the kernel.
    let comes = |entry: &Listed| match entry.with {
        Some(other) => tree.file(&normal(other)).is_some(),
        None => event_loads(tree, entry.name),
    };
    let early = listed.iter().filter(|entry| entry.early || !comes(entry));
    let names: Vec<String> = early.map(|entry| normal(entry.name)).filter(|name| tree.file(name).is_some()).collect();
    (0..names.len()).filter(|at| !names[..*at].contains(&names[*at])).map(|at| names[at].clone()).collect()
}

/// Whether a device or a request of the kernel will load a module.
fn event_loads(tree: &KernelTree, name: &str) -> bool {
    let name = normal(name);
    let node = |pattern: &str| nodes::NODES.iter().any(|(_, minor)| pattern == nodes::alias(*minor));
    let asked = |pattern: &str| node(pattern) || ASKED_FOR.iter().any(|start| pattern.starts_with(start));
    let device = |pattern: &str| pattern.contains(':') && !pattern.starts_with("devname:");
    ASKED_BY_NAME.iter().any(|start| name.starts_with(start) && name != "dm_mod")
        || tree.aliases().iter().any(|(pattern, module)| *module == name && (asked(pattern) || device(pattern)))
}

fn lines<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(|name| format!("{name}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::{Scratch, scratch};

    #[test]
    fn the_committed_list_is_well_formed_and_names_nothing_twice() {
        let listed = parse(BOOT_LIST).unwrap();
        let names: BTreeSet<String> = listed.iter().map(|entry| normal(entry.name)).collect();
        assert_eq!(names.len(), listed.len());
        assert!(names.contains("nvme") && names.contains("dmi_sysfs"));
    }

    /// A kernel that has exactly these modules.
    fn kernel<'a>(name: &str, modules: impl IntoIterator<Item = &'a str>) -> Scratch {
        let dep: String = modules.into_iter().map(|name| format!("kernel/{name}.ko:\n")).collect();
        let directory = scratch(name);
        for (name, text) in
            [("modules.dep", dep.as_str()), ("modules.alias", "alias pci:v1 mei\n"), ("modules.softdep", ""), ("modules.builtin", "")]
        {
            fs::write(directory.join(name), text).unwrap();
        }
        directory
    }

    /// Everything that is listed, by the name that `which` chooses of several.
    fn all(which: impl Fn(&'static str) -> Option<&'static str>) -> Vec<&'static str> {
        let lists = [BOOT_LIST, RARE_LIST].into_iter().chain(STAGE2_LISTS);
        lists.flat_map(|list| names(&parse(list).unwrap())).filter_map(which).collect()
    }

    #[test]
    fn a_host_s_module_is_carried_and_loaded_at_the_start_and_a_misspelt_one_is_an_error() {
        let directory = kernel("modules-more", all(|names| names.split('|').next()).into_iter().chain(["mei"]));
        let chosen = |name: &str| Chosen::for_initrd(&directory, &[name.to_owned()]);
        let with = chosen("mei").unwrap();
        assert!(with.on_board("mei") && with.boot.contains(&"mei".to_owned()));
        // An event would load it, too; the host wants it earlier.
        assert_eq!(chosen("thunderbolt").unwrap().boot.iter().filter(|name| *name == "thunderbolt").count(), 1);
        let error = chosen("thunderbolr").err().unwrap().to_string();
        assert!(error.starts_with("choosing module thunderbolr: this kernel has none of that name; near: thunderbolt, "), "{error}");
    }

    #[test]
    fn what_is_asked_for_is_not_loaded_before() {
        let directory = kernel("modules-asked", all(|names| names.split('|').next()));
        let aliases = "alias char-major-10-237 loop\nalias char-major-10-236 dm_mod\nalias fs-squashfs squashfs\nalias mmc:block mmc_block\n\
                       alias cpu:type:x86 aesni_intel\nalias crypto-aes aesni_intel\n";
        fs::write(directory.join("modules.alias"), aliases).unwrap();
        let chosen = Chosen::for_initrd(&directory, &[]).unwrap();
        for name in ["loop", "dm_mod", "squashfs", "mmc_block", "aesni_intel", "algif_skcipher"] {
            assert!(!chosen.boot.contains(&name.to_owned()), "{name}");
        }
        let [(_, deps), (_, aliases), _, _] = chosen.tables().unwrap();
        assert!(deps.contains("\ndm_crypt: aesni_intel sha256_ssse3 sha512_ssse3\n"), "{deps}");
        assert!(aliases.contains("crypto-aes aesni_intel\n") && !aliases.contains("cpu:"), "{aliases}");
    }

    #[test]
    fn one_of_several_names_is_enough_and_none_is_an_error() {
        // As 6.12 and 6.18 have them; no release has all.
        for new in [false, true] {
            let directory = kernel("modules-names", all(|names| if new { names.split('|').next_back() } else { names.split('|').next() }));
            let chosen = Chosen::for_initrd(&directory, &[]).unwrap();
            assert_eq!((chosen.on_board("sha256_ssse3"), chosen.on_board("sha512")), (!new, new));
            let stage2 = Chosen::for_stage2(&directory).unwrap();
            assert_eq!((stage2.on_board("crc32_generic"), stage2.on_board("crc32")), (!new, new));
        }
        let neither = kernel("modules-neither", all(|names| (!names.contains('|')).then_some(names)));
        let error = Chosen::for_initrd(&neither, &[]).err().unwrap().to_string();
        assert!(error.starts_with("choosing module aes_generic: this kernel has none of that name"), "{error}");
    }

    #[test]
    fn an_unknown_mark_is_an_error() {
        let error = parse("loop eagerly # why\n").err().unwrap();
        assert_eq!(error.to_string(), "reading the list of modules: unknown line: loop eagerly # why");
    }
}
