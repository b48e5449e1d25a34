//! What a machine installs from over its network, in tests: git over ssh and https, and caches of store paths.
//!
//! Nothing listens on the build machine. QEMU runs one process per connection of the guest to an address that only the guest has, and
//! these processes end with the connection, or with QEMU. What they serve is made once for a build directory.

mod caches;
mod configuration;
mod keys;
pub mod repository;
mod served;
mod tree;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::process::geteuid;

use crate::cache::{self, Key};
use crate::debian;
use crate::iso::More;
use crate::nix::Nix;
use crate::parts::Parts;
use tree::Tree;

/// Where git is served, over ssh and https.
pub const ADDRESS: &str = "10.0.2.100";
/// Where git is served with a certificate that begins in a few years.
const LATE_ADDRESS: &str = "10.0.2.104";
/// What the key of the cache is called.
const NIX_KEY: &str = "cache.tests-1";
/// Raise when what is served is made differently.
const RECIPE: &str = "servers 4";

/// A server that the guest can reach. Their addresses are in the words that a row gives its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// `ssh://git@10.0.2.100/fixture.git` for the deploy key alone, and `module.git` for another.
    Ssh,
    /// The same, with a host key that nobody knows.
    SshOtherHost,
    /// The same, killed once, in the middle of the first clone; up again at once.
    SshKilledOnce,
    /// `https://10.0.2.100/cgi-bin/git/fixture.git`, with a certificate of the tests' own authority.
    Https,
    /// The same at another address, for which the certificate is not.
    HttpsOtherAddress,
    /// `https://10.0.2.104/cgi-bin/git/fixture.git`, with a certificate that begins in 2030.
    HttpsLate,
    /// `http://10.0.2.105`: has nothing, and says that it is the first of June 2030.
    Calendar,
    /// `http://10.0.2.106`: the same, but says that it is the first of March 2029.
    CalendarBehind,
    /// `http://10.0.2.101`: a cache of signed paths.
    Cache,
    /// `http://10.0.2.102`: accepts every connection and never says a word.
    Dead,
    /// `http://10.0.2.103`: a cache with the same paths, which nobody has signed.
    Unsigned,
}

impl Server {
    /// Address and port in the guest's network.
    fn address(self) -> &'static str {
        match self {
            Server::Ssh | Server::SshOtherHost | Server::SshKilledOnce => "10.0.2.100:22",
            Server::Https => "10.0.2.100:443",
            Server::HttpsOtherAddress => "10.0.2.102:443",
            Server::HttpsLate => "10.0.2.104:443",
            Server::Calendar => "10.0.2.105:80",
            Server::CalendarBehind => "10.0.2.106:80",
            Server::Cache => "10.0.2.101:80",
            Server::Dead => "10.0.2.102:80",
            Server::Unsigned => "10.0.2.103:80",
        }
    }

    /// What is run for a connection, its standard input and output, in the tree.
    fn program(self) -> &'static [&'static str] {
        match self {
            Server::Ssh => &["/usr/sbin/sshd", "-i", "-e", "-f", "/srv/ssh.conf"],
            Server::SshOtherHost => &["/usr/sbin/sshd", "-i", "-e", "-f", "/srv/ssh.conf", "-h", "/srv/keys/otherhost"],
            Server::SshKilledOnce => &["/usr/sbin/sshd", "-i", "-e", "-f", "/srv/ssh-killed.conf"],
            Server::Https | Server::HttpsOtherAddress => &["/usr/bin/stunnel4", "/srv/stunnel.conf"],
            Server::HttpsLate => &["/usr/bin/stunnel4", "/srv/stunnel-late.conf"],
            Server::Calendar => &["/usr/bin/busybox", "sh", "/srv/calendar"],
            Server::CalendarBehind => &["/usr/bin/busybox", "sh", "/srv/calendar-behind"],
            Server::Cache => &["/usr/bin/busybox", "httpd", "-v", "-v", "-i", "-h", "/srv/signed"],
            Server::Unsigned => &["/usr/bin/busybox", "httpd", "-v", "-v", "-i", "-h", "/srv/unsigned"],
            // Reads until the other side has had enough.
            Server::Dead => &["/usr/bin/busybox", "dd", "of=/dev/null"],
        }
    }
}

/// Everything that can be served, ready.
pub struct Servers {
    tree: Tree,
    /// The system that the flake of an online host builds.
    pub toplevel: String,
    /// The commit before the newest of its branch `main`.
    pub commit: String,
}

impl Servers {
    /// The same, of Debian's parts.
    pub fn of_host(host: &str) -> Result<Servers> {
        let parts = debian::parts()?;
        Servers::new(&Nix::new(&parts.stage2, &cache::root())?, &parts, host)
    }

    /// Makes what is missing of it, for the online host of that name.
    ///
    /// # Errors
    /// A part cannot be fetched or made.
    pub fn new(nix: &Nix, parts: &Parts, host: &str) -> Result<Servers> {
        // Its ssh server lays its privileges down as root alone can.
        ensure!(geteuid().is_root(), "serving what is installed over a network: only root can");
        let flake = repository::lay(parts)?;
        let mut key = Key::new(RECIPE);
        key.add(host.as_bytes());
        key.add_tree(&flake)?;
        configuration::identify(&mut key);
        let served = cache::directory("servers")?.join(key.name());
        cache::once(served.clone(), |part| {
            fs::create_dir_all(part).with_context(|| format!("making {}", part.display()))?;
            let tree = Tree::new(part)?;
            keys::make(&tree, nix)?;
            configuration::write(part)?;
            let commit = served::make(nix, &flake, part)?;
            fs::write(part.join("commit"), commit).context("writing which commit is the first")?;
            caches::make(nix, &flake, host, part)
        })?;
        let text = |name: &str| fs::read_to_string(served.join(name)).with_context(|| format!("reading {name} of what is served"));
        Ok(Servers { toplevel: text("toplevel")?, commit: text("commit")?, tree: Tree::new(&served)? })
    }

    /// Settings that the medium of an online host has in addition, and files of its initrd: what is pinned, and the deploy key.
    pub fn trust(&self) -> Result<More> {
        let key = |name| keys::read(self.tree.served(), name);
        let host = key("host.pub")?;
        let host = host.rsplit_once(' ').map_or(host.as_str(), |(key, _)| key);
        let settings = format!("knownHosts={ADDRESS} {host}\nnix.settings.trusted-public-keys={}\n", key("cache.pub")?.trim());
        let files = vec![("deploy-key".to_owned(), key("deploy")?), ("certificates.pem".to_owned(), key("ca.pem")?)];
        Ok(More { settings, files, ..More::default() })
    }

    /// A text of a row with its keys in place of their names.
    pub fn fill(&self, text: &str) -> Result<String> {
        let names = [("{strangerKey}", "stranger"), ("{deployKey}", "deploy"), ("{otherKey}", "otherdeploy"), ("{moduleKey}", "module")];
        names.iter().try_fold(text.to_owned(), |text, (name, file)| {
            if text.contains(name) { Ok(text.replace(name, &keys::read(self.tree.served(), file)?)) } else { Ok(text) }
        })
    }

    /// QEMU's options of the network on which these servers are. `dir` has what the processes of one machine need, and their logs.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn options(&self, servers: &[Server], dir: &Path) -> Result<Vec<String>> {
        servers.iter().map(|server| Ok(format!("guestfwd=tcp:{}-cmd:{}", server.address(), self.script(*server, dir)?.display()))).collect()
    }

    /// A script that serves one connection.
    pub fn script(&self, server: Server, dir: &Path) -> Result<PathBuf> {
        let dir = std::path::absolute(dir).with_context(|| format!("resolving {}", dir.display()))?;
        let path = dir.join(format!("{server:?}.sh"));
        // QEMU gives a process the connection as its standard error, too.
        let log = dir.join(format!("{server:?}.log"));
        let words: Vec<String> = self.tree.words(&dir, server.program()).iter().map(|word| quoted(word)).collect();
        let text = format!("#!/bin/sh\nexec 2>> {}\nexec {}\n", quoted(&log.display().to_string()), words.join(" "));
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755)))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// A word of the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;
