//! The own kernel: its configuration resolved against the source, and the kernel built from that. `make` takes up an interrupted build
//! where it was, and after a change builds what the change touches; only a finished kernel is handed out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use super::fragments;
use crate::cache::{self, Key};
use crate::command;
use crate::debian;

/// Who and where it was built, which the kernel says of itself: always the same.
const BUILDER: &str = "autoinstaller";

/// A built kernel, by the paths that `Parts` wants.
pub struct Own {
    /// The compressed kernel.
    pub kernel: PathBuf,
    /// What it was built with.
    pub config: PathBuf,
    /// Its module directory with depmod's tables.
    pub modules: PathBuf,
}

/// A source and the directory it is built in.
pub struct Workshop {
    source: PathBuf,
    directory: PathBuf,
}

impl Workshop {
    /// Unpacks the source. For the holder of the lock.
    pub fn open() -> Result<Workshop> {
        let source = debian::linux_source()?;
        let name = source.file_name().unwrap_or_default().to_string_lossy().replace("linux-source-", "build-");
        let directory = cache::directory(&format!("kernel/{name}"))?;
        Ok(Workshop { source, directory })
    }

    /// Resolves the fragments; fails when a line does not survive. Says where the configuration lies.
    pub fn configure(&self) -> Result<PathBuf> {
        let resolved = self.directory.join("resolved");
        fs::create_dir_all(&resolved).with_context(|| format!("making {}", resolved.display()))?;
        let wishes = resolved.join("all.config");
        fs::write(&wishes, fragments::joined()).with_context(|| format!("writing {}", wishes.display()))?;
        let mut all = std::ffi::OsString::from("KCONFIG_ALLCONFIG=");
        all.push(&wishes);
        command::run("resolving the kernel's configuration", self.make(&resolved).arg(all).arg("allnoconfig"))?;
        let config = resolved.join(".config");
        fragments::survive(&read(&config)?)?;
        Ok(config)
    }

    /// Builds kernel and modules of that configuration, unless they were built already.
    pub fn build(&self, config: &Path) -> Result<Own> {
        let text = read(config)?;
        let place = self.place(&text)?;
        let built = cache::once(place, |part| {
            let build = self.directory.join("objects");
            fs::create_dir_all(&build).with_context(|| format!("making {}", build.display()))?;
            let current = build.join(".config");
            // Its date would have everything built again.
            if !fs::read_to_string(&current).is_ok_and(|found| found == text) {
                fs::write(&current, &text).with_context(|| format!("writing {}", current.display()))?;
            }
            let jobs = thread::available_parallelism().map_or(1, usize::from);
            let building = "building the kernel";
            command::run(building, self.make(&build).arg(format!("--jobs={jobs}")).args(["bzImage", "modules"]))?;
            let mut install = std::ffi::OsString::from("INSTALL_MOD_PATH=");
            install.push(part);
            command::run(building, self.make(&build).arg(install).arg("modules_install"))?;
            let bytes = |from: &Path, to: &str| fs::copy(from, part.join(to)).with_context(|| format!("copying {}", from.display()));
            bytes(&build.join("arch/x86/boot/bzImage"), "bzImage")?;
            bytes(&current, "config")?;
            // The medium's date is its kernel's.
            self.date(&part.join("bzImage"))
        })?;
        Own::at(&built)
    }

    /// The finished kernel of that configuration, if it was built.
    pub fn built(&self, config: &Path) -> Result<Option<Own>> {
        let place = self.place(&read(config)?)?;
        place.exists().then(|| Own::at(&place)).transpose()
    }

    fn place(&self, config: &str) -> Result<PathBuf> {
        let mut key = Key::new("own kernel 1");
        key.add(self.source.as_os_str().as_encoded_bytes());
        key.add(config.as_bytes());
        Ok(cache::directory("kernel")?.join(format!("own-{}", key.name())))
    }

    fn make(&self, output: &Path) -> Command {
        let mut command = command::tool("make");
        let mut to = std::ffi::OsString::from("O=");
        to.push(output);
        command.arg("-C").arg(&self.source).arg(to).arg("ARCH=x86_64");
        command.env("KBUILD_BUILD_USER", BUILDER).env("KBUILD_BUILD_HOST", BUILDER).env("KBUILD_BUILD_TIMESTAMP", "1970-01-01");
        command
    }

    fn date(&self, file: &Path) -> Result<()> {
        let doing = || format!("dating {}", file.display());
        let date = fs::metadata(self.source.join("Makefile")).and_then(|source| source.modified()).with_context(doing)?;
        fs::File::options().write(true).open(file).and_then(|file| file.set_modified(date)).with_context(doing)
    }
}

impl Own {
    fn at(directory: &Path) -> Result<Own> {
        let versions = directory.join("lib/modules");
        let finding = || format!("finding the kernel in {}", versions.display());
        let version = fs::read_dir(&versions).with_context(finding)?.next().with_context(finding)?.with_context(finding)?;
        Ok(Own { kernel: directory.join("bzImage"), config: directory.join("config"), modules: version.path() })
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}
