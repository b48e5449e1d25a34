//! Loads modules. One that fails is a line in the log and not the end: the machine may do without it.

use std::collections::BTreeSet;
use std::fs::{File, read_to_string, write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::tables::Tables;
use crate::error::{Doing, Kind, Result};

/// Where modules and their tables are: in the initrd, and in stage-2 once that is mounted.
const DIRECTORIES: [&str; 2] = ["/lib/modules", "/stage2/root/usr/lib/modules"];

/// Knows the tables and what has been tried already.
pub struct Loader {
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
        write(HELPER, "/init").doing(Kind::System, || format!("writing {HELPER}"))?;
        let mut loader = Loader { tables: Tables::default(), tried: BTreeSet::new() };
        loader.renew()?;
        Ok(loader)
    }

    /// Reads the tables there are.
    ///
    /// # Errors
    /// A table is missing: the image was not built by this project.
    pub fn new() -> Result<Loader> {
        Ok(Loader { tables: tables()?, tried: BTreeSet::new() })
    }

    /// Reads the tables again, once stage-2 is mounted, and loads what of its modules no device announces.
    ///
    /// # Errors
    /// As [`Loader::new`].
    pub fn renew(&mut self) -> Result<()> {
        self.tables = tables()?;
        for module in self.tables.boot().to_vec() {
            self.load(&module);
        }
        Ok(())
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
            let result = insert(&file(&name));
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

/// The tables of all directories as one.
fn tables() -> Result<Tables> {
    let text = |name: &str| {
        let there = DIRECTORIES.iter().enumerate().filter(|(number, directory)| *number == 0 || Path::new(directory).exists());
        let read = |(_, directory): (usize, &&str)| {
            let path = format!("{directory}/{name}");
            read_to_string(&path).doing(Kind::System, || format!("reading {path}"))
        };
        there.map(read).collect::<Result<String>>()
    };
    Ok(Tables::parse(&text("deps")?, &text("aliases")?, &text("boot")?))
}

/// Stage-2 carries what the initrd does not.
fn file(module: &str) -> PathBuf {
    let [initrd, stage2] = DIRECTORIES.map(|directory| Path::new(directory).join(format!("{module}.ko")));
    if initrd.exists() { initrd } else { stage2 }
}

fn insert(path: &Path) -> Result<()> {
    let doing = || format!("loading {}", path.display());
    let file = File::open(path).doing(Kind::System, doing)?;
    match rustix::system::finit_module(&file, c"", 0) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error).doing(Kind::System, doing),
    }
}
