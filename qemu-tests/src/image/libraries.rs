//! Finds the shared libraries of ELF programs in a tree that is not installed, as ld.so(8) would find them there:
//! DT_NEEDED, recursively, and the interpreter. Runs nothing, so the tree may be of another machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use goblin::elf::Elf;

/// Where the loader of Debian looks without being told.
const DEFAULT_DIRECTORIES: [&str; 3] = ["usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib"];

/// The libraries and interpreters `programs` need: path below `/` where they are looked for, and their file.
pub fn needed(tree: &Path, programs: &[&str]) -> Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut open: Vec<(PathBuf, bool)> = programs.iter().map(|program| (tree.join(program), true)).collect();
    while let Some((file, is_program)) = open.pop() {
        let elf = Needs::read(&file)?;
        // The C library needs and names the interpreter, too, which is running by then and is not looked for again.
        for library in elf.libraries.iter().filter(|name| !name.starts_with("ld-linux")) {
            let (path, source) = locate(tree, library, &elf.search).with_context(|| format!("finding {library} for {}", file.display()))?;
            if found.insert(path, source.clone()).is_none() {
                open.push((source, false));
            }
        }
        if let Some(path) = elf.interpreter.filter(|_| is_program) {
            let path = path.trim_start_matches('/').to_owned();
            let source = find(tree, &path).with_context(|| format!("finding {path} for {}", file.display()))?;
            found.insert(path, source);
        }
    }
    Ok(found)
}

/// What one ELF file asks for.
pub struct Needs {
    /// Program interpreter; none in a static program.
    pub interpreter: Option<String>,
    libraries: Vec<String>,
    /// Absolute directories of DT_RUNPATH.
    search: Vec<String>,
}

impl Needs {
    /// Reads a file's dynamic section.
    pub fn read(file: &Path) -> Result<Self> {
        let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        let elf = Elf::parse(&bytes).with_context(|| format!("reading {}", file.display()))?;
        let search = elf.runpaths.iter().flat_map(|paths| paths.split(':'));
        Ok(Self {
            interpreter: elf.interpreter.map(str::to_owned),
            libraries: elf.libraries.iter().map(|name| (*name).to_owned()).collect(),
            search: search.map(str::to_owned).collect(),
        })
    }
}

fn locate(tree: &Path, library: &str, search: &[String]) -> Option<(String, PathBuf)> {
    let own = search.iter().map(|path| path.trim_start_matches('/'));
    own.chain(DEFAULT_DIRECTORIES)
        .map(|directory| format!("{directory}/{library}"))
        .find_map(|path| Some((path.clone(), find(tree, &path)?)))
}

/// The file for a path below `/`: the tree's, with or without a merged /usr, or one of the store that the tree's programs were built into.
fn find(tree: &Path, path: &str) -> Option<PathBuf> {
    let store = path.starts_with("nix/store/").then(|| Path::new("/").join(path));
    [tree.join(path), tree.join("usr").join(path)].into_iter().chain(store).find(|file| file.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_test_needs_an_interpreter_and_the_c_library() {
        let own = std::env::current_exe().unwrap();
        let needs = Needs::read(&own).unwrap();
        assert!(needs.interpreter.is_some());
        assert!(needs.libraries.iter().any(|name| name == "libc.so.6"));
    }

    #[test]
    fn a_library_the_tree_lacks_is_named_with_its_program() {
        let tree = std::env::temp_dir().join(format!("libraries-test-{}", std::process::id()));
        fs::create_dir_all(&tree).unwrap();
        // Built by Nix, it would find its libraries in the store.
        let (store, nowhere) = (b"/nix/store/", b"/not/there/");
        let mut program = fs::read(std::env::current_exe().unwrap()).unwrap();
        for start in 0..program.len() - store.len() {
            if program[start..].starts_with(store) {
                program[start..start + nowhere.len()].copy_from_slice(nowhere);
            }
        }
        fs::write(tree.join("program"), program).unwrap();
        let error = needed(&tree, &["program"]).unwrap_err().to_string();
        fs::remove_dir_all(&tree).unwrap();
        assert!(error.starts_with("finding lib"), "{error}");
        assert!(error.ends_with("/program"), "{error}");
    }
}
