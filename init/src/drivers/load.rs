//! Loads modules. One that fails is a line in the log and not the end: the machine may do without it.

use std::collections::BTreeSet;
use std::fs::{File, read_to_string, write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::tables::Tables;
use crate::error::{Doing, Kind, Result};

/// Where the modules and their tables are.
const DIRECTORY: &str = "/lib/modules";

/// Knows the tables and what has been tried already.
pub struct Loader {
    directory: PathBuf,
    tables: Tables,
    tried: BTreeSet<String>,
}

impl Loader {
    /// Reads the tables, takes over the kernel's requests for modules, and loads what no device announces.
    ///
    /// # Errors
    /// A table is missing, or the kernel will not send its requests here.
    pub fn start() -> Result<Loader> {
        const HELPER: &str = "/proc/sys/kernel/modprobe";
        let mut loader = Loader::new()?;
        write(HELPER, "/init").doing(Kind::System, || format!("writing {HELPER}"))?;
        for module in loader.tables.boot().to_vec() {
            loader.load(&module);
        }
        Ok(loader)
    }

    /// Reads the tables of the initrd.
    ///
    /// # Errors
    /// A table is missing: the image was not built by this project.
    pub fn new() -> Result<Loader> {
        let directory = Path::new(DIRECTORY);
        let text = |name| read_to_string(directory.join(name)).doing(Kind::System, || format!("reading {DIRECTORY}/{name}"));
        let tables = Tables::parse(&text("deps")?, &text("aliases")?, &text("boot")?);
        Ok(Loader { directory: directory.into(), tables, tried: BTreeSet::new() })
    }

    /// Loads what this modalias or name stands for.
    pub fn load_for(&mut self, alias: &str) -> Loaded {
        let wanted: Vec<String> = self.tables.wanted(alias).into_iter().map(String::from).collect();
        let loaded: Vec<Loaded> = wanted.iter().map(|module| self.load(module)).collect();
        Loaded { anything_new: loaded.iter().any(|l| l.anything_new), is_there: loaded.iter().any(|l| l.is_there) }
    }

    fn load(&mut self, module: &str) -> Loaded {
        let order: Vec<String> = self.tables.order(module).into_iter().map(String::from).collect();
        let mut loaded = Loaded::default();
        for name in order {
            if self.tried.contains(&name) {
                continue;
            }
            loaded.anything_new = true;
            // The module itself comes last; a dependency may fail where another does its work, as ciphers of other processors do.
            let result = insert(&self.directory.join(format!("{name}.ko")));
            loaded.is_there = result.is_ok();
            match result {
                Ok(()) => log::debug!("loaded {name}"),
                Err(error) => log::debug!("{error}"),
            }
            self.tried.insert(name);
        }
        loaded
    }
}

/// What came of loading a module.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loaded {
    /// Something was tried that had not been tried before.
    pub anything_new: bool,
    /// The module is in the kernel.
    pub is_there: bool,
}

fn insert(path: &Path) -> Result<()> {
    let doing = || format!("loading {}", path.display());
    let file = File::open(path).doing(Kind::System, doing)?;
    match rustix::system::finit_module(&file, c"", 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error).doing(Kind::System, doing),
    }
}
