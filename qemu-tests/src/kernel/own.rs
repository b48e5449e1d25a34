//! The own kernel: its configuration resolved against the source, and the kernel built from that. `make` takes up an interrupted build
//! where it was, and after a change builds what the change touches; only a finished kernel is handed out.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};

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
        let wishes = assign("KCONFIG_ALLCONFIG", &wishes);
        command::run("resolving the kernel's configuration", self.make(&resolved).arg(wishes).arg("allnoconfig"))?;
        let config = self.resolved();
        fragments::survive(&read(&config)?)?;
        Ok(config)
    }

    /// Builds kernel and modules of the resolved configuration, unless they were built already.
    pub fn build(&self) -> Result<Own> {
        let config = read(&self.resolved())?;
        let built = cache::once(self.place()?, |part| {
            let build = self.directory.join("objects");
            fs::create_dir_all(&build).with_context(|| format!("making {}", build.display()))?;
            let current = build.join(".config");
            // Its date would have everything built again.
            if !fs::read_to_string(&current).is_ok_and(|found| found == config) {
                fs::write(&current, &config).with_context(|| format!("writing {}", current.display()))?;
            }
            let jobs = thread::available_parallelism().map_or(1, usize::from);
            let building = "building the kernel";
            command::run(building, self.make(&build).arg(format!("--jobs={jobs}")).args(["bzImage", "modules"]))?;
            command::run(building, self.make(&build).arg(assign("INSTALL_MOD_PATH", part)).arg("modules_install"))?;
            let copy = |from: &Path, to: &str| fs::copy(from, part.join(to)).with_context(|| format!("copying {}", from.display()));
            copy(&build.join("arch/x86/boot/bzImage"), "bzImage")?;
            copy(&current, "config")?;
            // The medium's date is its kernel's.
            self.date(&part.join("bzImage"))
        })?;
        Own::at(&built)
    }

    /// The finished kernel.
    ///
    /// # Errors
    /// It was not built, or not with the fragments as they are.
    pub fn built(&self) -> Result<Own> {
        let place = self.place()?;
        ensure!(place.exists(), "finding the own kernel: it was not built of the fragments as they are; run: cargo xtask kernel build");
        Own::at(&place)
    }

    /// Named by what it is made of; the answer of Kconfig follows from that.
    fn place(&self) -> Result<PathBuf> {
        let mut key = Key::new("own kernel 1");
        key.add(self.source.as_os_str().as_encoded_bytes());
        key.add(fragments::joined().as_bytes());
        Ok(cache::directory("kernel")?.join(format!("own-{}", key.name())))
    }

    fn resolved(&self) -> PathBuf {
        self.directory.join("resolved/.config")
    }

    fn make(&self, output: &Path) -> Command {
        let mut command = command::tool("make");
        command.arg("-C").arg(&self.source).arg(assign("O", output)).arg("ARCH=x86_64");
        command.env("KBUILD_BUILD_USER", BUILDER).env("KBUILD_BUILD_HOST", BUILDER);
        // It counts its builds otherwise.
        command.env("KBUILD_BUILD_TIMESTAMP", "1970-01-01").env("KBUILD_BUILD_VERSION", "1");
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

/// A variable for make.
fn assign(name: &str, path: &Path) -> OsString {
    let mut word = OsString::from(format!("{name}="));
    word.push(path);
    word
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_that_was_not_built_is_not_found() {
        let workshop = Workshop { source: "/no/such/source".into(), directory: "/no/such/build".into() };
        let error = workshop.built().err().unwrap().to_string();
        assert_eq!(error, "finding the own kernel: it was not built of the fragments as they are; run: cargo xtask kernel build");
    }

    #[test]
    fn a_finished_kernel_is_found_by_its_modules() {
        let place = std::env::temp_dir().join(format!("own-test-{}", std::process::id()));
        let error = Own::at(&place).err().unwrap().to_string();
        assert_eq!(error, format!("finding the kernel in {}", place.join("lib/modules").display()));
        fs::create_dir_all(place.join("lib/modules/6.12.1-autoinstaller")).unwrap();
        let own = Own::at(&place).unwrap();
        fs::remove_dir_all(&place).unwrap();
        assert_eq!(own.modules, place.join("lib/modules/6.12.1-autoinstaller"));
    }

    /// A source whose second step ends with an error until it may go on, as that of a build which is interrupted.
    const SOURCE: &str = "\
bzImage: $(O)/arch/x86/boot/bzImage
modules:
modules_install:
\tmkdir -p $(INSTALL_MOD_PATH)/lib/modules/6.12.1-autoinstaller
$(O)/first: $(O)/.config
\techo first >> $(O)/log
\ttouch $@
$(O)/arch/x86/boot/bzImage: $(O)/first
\ttest -e $(O)/go-on
\tmkdir -p $(O)/arch/x86/boot
\techo kernel > $@
";

    #[test]
    #[ignore = "needs make"]
    fn an_interrupted_build_goes_on_where_it_was_and_is_no_kernel_before() {
        let scratch = crate::vm::disk::scratch("own-interrupted");
        let workshop = Workshop { source: scratch.join("source"), directory: scratch.join("build") };
        fs::create_dir_all(&workshop.source).unwrap();
        fs::create_dir_all(workshop.directory.join("resolved")).unwrap();
        fs::write(workshop.source.join("Makefile"), SOURCE).unwrap();
        fs::write(workshop.resolved(), "CONFIG_A=y\n").unwrap();
        let error = workshop.build().err().unwrap().to_string();
        assert!(error.starts_with("building the kernel: make exited with 2"), "{error}");
        assert!(workshop.built().is_err());

        let objects = workshop.directory.join("objects");
        fs::write(objects.join("go-on"), "").unwrap();
        let own = workshop.build().unwrap();
        assert_eq!(fs::read_to_string(objects.join("log")).unwrap(), "first\n");
        assert_eq!(fs::read_to_string(&own.kernel).unwrap(), "kernel\n");
        assert_eq!(workshop.built().unwrap().kernel, own.kernel);
        cache::remove(&workshop.place().unwrap()).unwrap();
    }
}
