//! apt with a configuration of its own: lists, cache and status lie under `target/parts/apt`, and the mirror is
//! the one the machine itself uses. Lists are refreshed at most once a day; with warm lists and archives no
//! network is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use super::mirror;
use crate::cache::{self, Key};
use crate::command;

/// The release the parts are taken from.
const RELEASE: &str = "trixie";
/// Signs that release; independent of what the machine itself trusts.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// A release changes a few times a year, its security fixes more often: a day is fresh enough for test images.
const LISTS_STAY_FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// Its time is when the lists were last refreshed.
const STAMP: &str = "lists.stamp";
/// A private apt.
pub struct Apt {
    directory: PathBuf,
}

/// One file of a dependency closure.
pub struct Package {
    /// Name of the archive file, e.g. `jq_1.7.1-6_amd64.deb`.
    pub file: String,
    /// File name, size and digest as the archive's index gives them.
    pub identity: String,
}

impl Package {
    /// The package's name.
    pub fn name(&self) -> &str {
        self.file.split('_').next().unwrap_or_default()
    }
}

impl Apt {
    /// Writes the configuration and makes sure that the lists are fresh enough.
    pub fn configure(directory: PathBuf) -> Result<Self> {
        let apt = Self { directory };
        let writing = || format!("writing {}", apt.path("apt.conf").display());
        for name in ["lists/partial", "archives/partial", "empty/partial"] {
            fs::create_dir_all(apt.path(name)).with_context(writing)?;
        }
        fs::write(apt.path("status"), "").with_context(writing)?;
        fs::write(apt.path("apt.conf"), apt.configuration()).with_context(writing)?;
        apt.refresh()?;
        Ok(apt)
    }

    /// Every package that `names` need, in apt's order. Resolved anew when the lists have been refreshed.
    pub fn closure(&self, names: &[&str]) -> Result<Vec<Package>> {
        let mut key = Key::new("closure");
        key.add(names.join(" ").as_bytes());
        let kept = self.path(&format!("closure-{}", key.name()));
        if !newer(&kept, &self.path(STAMP)) {
            let lines = self.resolve(names)?;
            cache::replace(&kept, |part| fs::write(part, lines).with_context(|| format!("writing {}", kept.display())))?;
        }
        let lines = fs::read_to_string(&kept);
        let lines = lines.with_context(|| format!("reading {}", kept.display()))?;
        lines.lines().map(package).collect()
    }

    fn resolve(&self, names: &[&str]) -> Result<String> {
        // With an empty archive directory apt lists what is downloaded already, too.
        let empty = format!("Dir::Cache::Archives={}", self.path("empty").display());
        let mut command = self.apt_get();
        command.args(["-o", &empty, "--print-uris", "-qq", "--yes", "install"]);
        command::text("resolving Debian packages", command.args(names))
    }

    /// Fetches the archives of that closure.
    pub fn download(&self, names: &[&str]) -> Result<()> {
        let mut command = self.apt_get();
        command.args(["--download-only", "--yes", "install"]);
        command::run("downloading Debian packages", command.args(names))
    }

    /// Where a package's archive lies after [`Apt::download`].
    pub fn archive(&self, package: &Package) -> PathBuf {
        self.path("archives").join(&package.file)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn apt_get(&self) -> std::process::Command {
        let mut command = command::tool("apt-get");
        command.arg("-c").arg(self.path("apt.conf"));
        command
    }

    fn refresh(&self) -> Result<()> {
        let stamp = self.path(STAMP);
        let age = fs::metadata(&stamp)
            .and_then(|stamp| stamp.modified())
            .map(|written| SystemTime::now().duration_since(written).unwrap_or_default());
        if age.as_ref().is_ok_and(|age| *age < LISTS_STAY_FRESH) {
            return Ok(());
        }
        let updated = mirror::find().and_then(|mirror| {
            let source = format!("deb [signed-by={KEYRING}] {mirror} {RELEASE} main\n");
            fs::write(self.path("sources.list"), source).context("writing sources.list")?;
            let mut command = self.apt_get();
            command.args(["-o", "APT::Update::Error-Mode=any", "update"]);
            command::run("refreshing Debian's package lists", &mut command)
        });
        match updated {
            Ok(()) => fs::write(&stamp, "").context("writing the stamp of the lists"),
            // Without a network the old lists have to do, and are not asked about again before tomorrow.
            Err(error) if age.is_ok() => {
                eprintln!("{error:#}; going on with the old ones");
                fs::write(&stamp, "").context("writing the stamp of the lists")
            }
            Err(error) => Err(error),
        }
    }

    fn configuration(&self) -> String {
        let mut text = String::new();
        for (key, name) in [
            ("Dir::Etc::SourceList", "sources.list"),
            ("Dir::State::Lists", "lists"),
            ("Dir::State::Status", "status"),
            ("Dir::State::Extended_States", "extended_states"),
            ("Dir::Cache::Archives", "archives"),
            ("Dir::Cache::PkgCache", "pkgcache.bin"),
            ("Dir::Cache::SrcPkgCache", "srcpkgcache.bin"),
        ] {
            text += &format!("{key} \"{}\";\n", self.path(name).display());
        }
        // The machine's pins and hooks are about the machine, not about our trees; its proxy settings stay.
        text += "Dir::Etc::SourceParts \"/dev/null\";\n\
                 Dir::Etc::Preferences \"/dev/null\";\n\
                 Dir::Etc::PreferencesParts \"/dev/null\";\n\
                 #clear APT::Update::Post-Invoke;\n\
                 #clear APT::Update::Post-Invoke-Success;\n\
                 #clear DPkg::Post-Invoke;\n\
                 #clear APT::Architectures;\n\
                 APT::Architecture \"amd64\";\n\
                 APT::Architectures:: \"amd64\";\n\
                 APT::Install-Recommends \"false\";\n\
                 APT::Keep-Downloaded-Packages \"true\";\n\
                 APT::Sandbox::User \"root\";\n\
                 Acquire::Languages \"none\";\n\
                 Acquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
                 Acquire::Retries \"3\";\n\
                 DPkg::Lock::Timeout \"600\";\n";
        text
    }
}

/// Whether a file exists and was written after another.
fn newer(file: &Path, than: &Path) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|file| file.modified()).ok();
    time(file).is_some_and(|written| time(than).is_some_and(|other| written > other))
}

/// One line of `--print-uris`: 'address' file size digest.
fn package(line: &str) -> Result<Package> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    match fields[..] {
        [_, file, _, _] => Ok(Package { file: file.to_owned(), identity: fields[1..].join(" ") }),
        _ => bail!("resolving Debian packages: apt-get wrote an unknown line: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_apt_becomes_a_package() {
        let line = "'http://a.example/pool/jq.deb' jq_1%3a2-3_amd64.deb 123 SHA256:abc";
        let package = package(line).unwrap();
        assert_eq!(package.name(), "jq");
        assert_eq!(package.identity, "jq_1%3a2-3_amd64.deb 123 SHA256:abc");
    }

    #[test]
    fn an_unknown_line_is_an_error() {
        let error = package("E: broken").err().unwrap();
        assert!(error.to_string().ends_with("unknown line: E: broken"));
    }
}
