//! The servers as their guests meet them: a process per connection, with a socket as its standard input and output.
//!
//! Ignored unless asked for (`cargo test -- --include-ignored`): they need Debian packages, git and an ssh client.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;

use super::*;
use crate::vm::disk::scratch;
use crate::{command, debian, prerequisites};

fn servers() -> &'static (Servers, Nix) {
    static SERVERS: OnceLock<(Servers, Nix)> = OnceLock::new();
    SERVERS.get_or_init(|| {
        prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE]).unwrap();
        let parts = debian::parts().unwrap();
        let nix = Nix::new(&parts.stage2, &cache::root()).unwrap();
        (Servers::new(&nix, &parts, "vermissian").unwrap(), nix)
    })
}

/// Serves on a port of this machine, as QEMU would in the guest's network, until the process of the tests ends.
fn port(server: Server, dir: &Path) -> u16 {
    let script = servers().0.script(server, dir).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = OwnedFd::from(connection.unwrap());
            let child = Command::new(&script).stdin(connection.try_clone().unwrap()).stdout(connection).spawn().unwrap();
            thread::spawn(move || Child::wait(&mut { child }));
        }
    });
    port
}

fn key(name: &str) -> PathBuf {
    servers().0.tree.served().join("keys").join(name)
}

fn git(words: &[&str], ssh_options: &str) -> Output {
    let ssh = format!("ssh -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes {ssh_options}");
    let mut command = command::tool("git");
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_SSH_COMMAND", ssh).env_remove("GIT_SSL_CAINFO");
    command.args(words).stdin(Stdio::null()).output().unwrap()
}

/// The options of a client with this key that knows this host.
fn ssh_options(dir: &Path, port: u16, identity: &str) -> String {
    let known = dir.join("known_hosts");
    let host = fs::read_to_string(key("host.pub")).unwrap();
    fs::write(&known, format!("[127.0.0.1]:{port} {host}")).unwrap();
    format!("-o StrictHostKeyChecking=yes -o UserKnownHostsFile={} -i {}", known.display(), key(identity).display())
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs Debian packages, git and ssh"]
fn the_deploy_key_clones_the_one_repository() {
    let dir = scratch("servers-ssh");
    let port = port(Server::Ssh, &dir);
    let clone = |repository: &str, identity: &str| {
        let target = dir.join(format!("{repository}-{identity}"));
        git(&["clone", &format!("ssh://git@127.0.0.1:{port}/{repository}"), &target.to_string_lossy()], &ssh_options(&dir, port, identity))
    };
    let good = clone("fixture.git", "deploy");
    assert!(good.status.success(), "{}", said(&good));
    assert!(dir.join("fixture.git-deploy/flake.nix").is_file());
    let stranger = said(&clone("fixture.git", "stranger"));
    assert!(stranger.contains("Permission denied (publickey)"), "{stranger}");
    let other = said(&clone("keys", "deploy"));
    assert!(other.contains("this key may fetch /fixture.git, and nothing else"), "{other}");
}

/// With what the installer gives git for ssh, in other directories.
#[test]
#[ignore = "needs Debian packages, git and ssh"]
fn of_several_keys_each_repository_is_asked_with_its_own() {
    let dir = scratch("servers-each-key");
    let port = port(Server::Ssh, &dir);
    let place = dir.display();
    let script = fs::read_to_string(cache::root().join("init/src/online/each-key.sh")).unwrap().replace("/etc/ssh/", &format!("{place}/"));
    fs::write(dir.join("each-key"), script).unwrap();
    ssh_options(&dir, port, "deploy");
    fs::write(dir.join("installation"), format!("BatchMode yes\nIdentitiesOnly yes\nUserKnownHostsFile {place}/known_hosts\n")).unwrap();
    let give = |names: &[&str]| {
        cache::remove(&dir.join("deploy")).unwrap();
        fs::create_dir(dir.join("deploy")).unwrap();
        for (number, name) in names.iter().enumerate() {
            let target = dir.join(format!("deploy/{number}-{name}"));
            fs::copy(key(name), &target).unwrap();
            fs::set_permissions(target, Permissions::from_mode(0o400)).unwrap();
        }
    };
    let ask = |repository: &str| {
        let mut command = command::tool("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_SSH_VARIANT", "ssh");
        command.env("GIT_SSH_COMMAND", format!("bash {place}/each-key")).stdin(Stdio::null());
        command.args(["ls-remote", &format!("ssh://git@127.0.0.1:{port}/{repository}"), "HEAD"]).output().unwrap()
    };
    give(&["stranger", "module", "deploy"]);
    for repository in ["fixture.git", "module.git"] {
        let asked = ask(repository);
        assert!(asked.status.success() && !asked.stdout.is_empty(), "{}", said(&asked));
    }
    assert_eq!(fs::read_to_string(dir.join("opened")).unwrap(), "2-deploy\n1-module\n");
    assert!(said(&ask("other.git")).contains("and nothing else"), "{}", said(&ask("other.git")));
    give(&["stranger"]);
    assert!(said(&ask("fixture.git")).contains("Permission denied"), "{}", said(&ask("fixture.git")));
    give(&[]);
    assert!(said(&ask("fixture.git")).contains("Permission denied"), "{}", said(&ask("fixture.git")));
}

#[test]
#[ignore = "needs Debian packages, git and ssh"]
fn another_host_key_is_noticed() {
    let dir = scratch("servers-host");
    let port = port(Server::SshOtherHost, &dir);
    let refused = said(&git(&["ls-remote", &format!("ssh://git@127.0.0.1:{port}/fixture.git")], &ssh_options(&dir, port, "deploy")));
    assert!(refused.contains("Host key verification failed"), "{refused}");
}

#[test]
#[ignore = "needs Debian packages, git and ssh"]
fn a_server_dies_in_the_first_clone_alone() {
    let dir = scratch("servers-killed");
    let port = port(Server::SshKilledOnce, &dir);
    let url = format!("ssh://git@127.0.0.1:{port}/fixture.git");
    let target = dir.join("clone");
    let clone = || git(&["clone", &url, &target.to_string_lossy()], &ssh_options(&dir, port, "deploy"));
    let listed = git(&["ls-remote", &url], &ssh_options(&dir, port, "deploy"));
    assert!(listed.status.success(), "{}", said(&listed));
    assert!(!clone().status.success());
    let again = clone();
    assert!(again.status.success(), "{}", said(&again));
}

#[test]
#[ignore = "needs Debian packages and git"]
fn https_is_believed_with_the_authority_of_the_tests_alone() {
    let dir = scratch("servers-https");
    let url = format!("https://127.0.0.1:{}/cgi-bin/git/fixture.git", port(Server::Https, &dir));
    let target = dir.join("clone");
    let authority = format!("http.sslCAInfo={}", key("ca.pem").display());
    let good = git(&["-c", &authority, "clone", &url, &target.to_string_lossy()], "");
    assert!(good.status.success(), "{}", said(&good));
    assert!(target.join("flake.nix").is_file());
    let refused = said(&git(&["ls-remote", &url], ""));
    assert!(refused.contains("certificate"), "{refused}");
}

#[test]
#[ignore = "needs Debian packages and git"]
fn the_late_certificate_is_refused_and_the_calendar_knows_the_day() {
    let dir = scratch("servers-late");
    let url = format!("https://127.0.0.1:{}/cgi-bin/git/fixture.git", port(Server::HttpsLate, &dir));
    let authority = format!("http.sslCAInfo={}", key("ca.pem").display());
    let late = said(&git(&["-c", &authority, "ls-remote", &url], ""));
    assert!(late.contains("certificate"), "{late}");
    assert!(git(&["-c", "http.sslVerify=false", "ls-remote", &url], "").status.success());
    let url = format!("http://127.0.0.1:{}", port(Server::Calendar, &dir));
    let mut command = command::tool("git");
    let output = command.env("GIT_TRACE_CURL", "1").args(["ls-remote", &url]).output().unwrap();
    assert!(said(&output).contains("Date: Sat, 01 Jun 2030 12:00:00 GMT"), "{}", said(&output));
}

#[test]
#[ignore = "needs Debian packages"]
fn what_a_cache_has_is_believed_if_it_is_signed() {
    let dir = scratch("servers-cache");
    let (servers, nix) = servers();
    let here = nix.instead(&dir).unwrap();
    let trusted = fs::read_to_string(key("cache.pub")).unwrap();
    let fetch = |server, target: &str| {
        let cache = format!("http://127.0.0.1:{}", port(server, &dir));
        let words = ["copy", "--from", &cache, "--to", target, "--option", "trusted-public-keys", trusted.trim(), &servers.toplevel];
        here.run("nix", &words).map_err(|error| format!("{error:#}"))
    };
    fetch(Server::Cache, "/mnt/signed").unwrap();
    assert!(dir.join("signed").join(&servers.toplevel[1..]).join("init").is_file());
    let refused = fetch(Server::Unsigned, "/mnt/unsigned").unwrap_err();
    assert!(refused.contains("lacks a signature by a trusted key"), "{refused}");
    cache::remove(&dir).unwrap();
}

#[test]
fn a_word_of_the_shell_is_one_word() {
    assert_eq!(quoted("a'b c"), r"'a'\''b c'");
}
