//! Loads modules. One that fails is a line in the log and not the end: the machine may do without it.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{File, read_to_string, write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use super::nodes;
use super::tables::Tables;
use super::words;
use crate::error::{Doing, Error, Kind, Result};

/// Where modules and their tables are: in the initrd, and in stage-2 once that is mounted.
const DIRECTORIES: [&str; 2] = ["/lib/modules", "/stage2/root/usr/lib/modules"];

/// Knows the tables and what has been tried already.
pub struct Loader {
    tables: Tables,
    tried: BTreeSet<String>,
    /// What modules were looked up for.
    asked: BTreeSet<String>,
    /// What a person says about modules.
    command_line: String,
}

impl Loader {
    /// Reads the tables, takes over the kernel's requests for modules, and loads what no device announces.
    ///
    /// # Errors
    /// A table is missing, or the kernel will not send its requests here.
    pub fn start() -> Result<Loader> {
        const HELPER: &str = "/proc/sys/kernel/modprobe";
        write(HELPER, "/init").doing(Kind::System, || format!("writing {HELPER}"))?;
        nodes::make();
        let mut loader = Loader::of(Tables::default());
        loader.renew()?;
        Ok(loader)
    }

    /// Reads the tables there are.
    ///
    /// # Errors
    /// A table is missing: the image was not built by this project.
    pub fn new() -> Result<Loader> {
        tables().map(Loader::of)
    }

    fn of(tables: Tables) -> Loader {
        // Without it nothing was said.
        let command_line = read_to_string("/proc/cmdline").unwrap_or_default();
        Loader { tables, tried: BTreeSet::new(), asked: BTreeSet::new(), command_line }
    }

    /// Reads the tables again, once stage-2 is mounted, and loads what of its modules no device announces.
    ///
    /// # Errors
    /// As [`Loader::new`].
    pub fn renew(&mut self) -> Result<()> {
        self.tables = tables()?;
        self.asked.clear();
        for module in self.tables.boot().to_vec() {
            self.load(&module);
        }
        Ok(())
    }

    /// Loads what this modalias or name stands for, the first time it is called with that.
    pub fn load_for(&mut self, alias: &str) -> Loaded {
        // Most aliases are there in every round over the devices, and there are many hundred patterns.
        if !self.asked.insert(alias.into()) {
            return Loaded::default();
        }
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
            let result = self.insert(&name);
            loaded.is_there = result.is_ok();
            if let Err(error) = result {
                log::debug!("{error}");
            }
            self.tried.insert(name);
        }
        loaded
    }

    fn insert(&self, name: &str) -> Result<()> {
        let path = file(name);
        let doing = || format!("loading {}", path.display());
        if words::unwanted(&self.command_line, name) {
            return Err(Error::new(Kind::System, doing(), "the kernel command line forbids it"));
        }
        let parameters = words::parameters(&self.command_line, name);
        let file = File::open(&path).doing(Kind::System, doing)?;
        match rustix::system::finit_module(&file, CString::new(parameters.as_str()).unwrap_or_default().as_c_str(), 0) {
            Ok(()) | Err(Errno::EXIST) => log::debug!("loaded {}", format!("{name} {parameters}").trim_end()),
            Err(error) => return Err(error).doing(Kind::System, doing),
        }
        Ok(())
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
