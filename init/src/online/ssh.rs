//! The ssh server: with keys in the settings, and only then, who has one of them can log in from here on. OpenSSH's own server in
//! stage-2, which has been compared with its digest; nothing but a public key lets anybody in, and nobody but root.
//!
//! Whoever logs in is root of stage-2, and so of the machine. What is refused (forwarding, a second session in a connection) is
//! refused because nothing here needs it.

use core::net::Ipv4Addr;
use std::fs::{copy, create_dir_all, write};
use std::path::Path;
use std::time::Duration;

use log::Level;

use super::Ground;
use crate::act::{self, Stage2};
use crate::error::{Doing, Error, Kind, Result};
use crate::medium::Kit;
use crate::pid1::children::{self, Job, UNKNOWN};
use crate::pid1::survivors;
use crate::pid1::viewers::{self, Invitation};

/// A host key that somebody has put on the kit partition, for the installed system: who knows that knows this machine already.
const ON_KIT: &str = "ssh/host/ssh_host_ed25519_key";
/// What every session runs, in stage-2: this binary in its role.
const SESSION: &str = "/usr/bin/installer-session";
/// Where the server's files are in stage-2.
const PLACE: &str = "/etc/ssh/server";
const KEYS: &str = "/etc/ssh/server/authorized_keys";
const HOST_KEY: &str = "/etc/ssh/server/host_key";
const CONFIGURATION: &str = "/etc/ssh/server/settings";
const SETTINGS: &str = "\
HostKey /etc/ssh/server/host_key
AuthorizedKeysFile /etc/ssh/server/authorized_keys
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin forced-commands-only
AllowUsers root
UsePAM no
DisableForwarding yes
PermitTunnel no
PermitUserRC no
PermitUserEnvironment no
MaxAuthTries 4
MaxSessions 1
MaxStartups 4:30:8
LoginGraceTime 30
ClientAliveInterval 15
ClientAliveCountMax 4
PrintMotd no
PrintLastLog no
PidFile none
Subsystem sftp /usr/lib/openssh/sftp-server
";
/// For programs that only read and write a few files.
const DEADLINE: Duration = Duration::from_secs(60);

/// What all of it is for.
const DOING: &str = "starting the ssh server";

/// Starts it, and says how to log in.
///
/// # Errors
/// The server is not on the medium, does not take its settings or a host key of the kit, or cannot listen.
pub fn start(ground: &mut Ground) -> Result<()> {
    let address = ground.network.address().unwrap_or(Ipv4Addr::UNSPECIFIED);
    // It goes on as long as the machine, whatever was tried again since; the network may have another address for it.
    if let Some(Invitation { address: before, fingerprint }) = viewers::invitation() {
        if before != address {
            invite(Invitation { address, fingerprint });
        }
        return Ok(());
    }
    let stage2 = ground.stage2;
    if !stage2.has("sshd") {
        return Err(Error::new(Kind::Medium, DOING, "sshd is not on this medium"));
    }
    lay(stage2, &ground.settings.ssh_keys).doing(Kind::System, || DOING.into())?;
    let fingerprint = host_key(stage2, ground.kit)?;
    act::share()?;
    viewers::wait()?;
    let job = Job { program: "sshd", doing: DOING, kind: Kind::System, deadline: DEADLINE, output: Level::Debug, so_far: UNKNOWN };
    survivors::spare(children::background(stage2.command("sshd", &["-D", "-e", "-f", CONFIGURATION]), job, "Server listening on")?);
    invite(Invitation { address, fingerprint });
    Ok(())
}

fn invite(invitation: Invitation) {
    log::info!("this console can be read and answered from elsewhere: {invitation}");
    viewers::invite(invitation);
}

/// Puts its files in place, and this binary for its sessions. They may be there from an earlier try.
fn lay(stage2: &Stage2, keys: &[String]) -> std::io::Result<()> {
    create_dir_all(stage2.file(PLACE).0)?;
    write(stage2.file(KEYS).0, authorized(keys))?;
    write(stage2.file(CONFIGURATION).0, SETTINGS)?;
    copy("/proc/self/exe", stage2.file(SESSION).0).map(drop)
}

/// Lines for the server: each key runs one command, and may have a terminal for it.
fn authorized(keys: &[String]) -> String {
    keys.iter().map(|key| ["restrict,pty,command=\"", SESSION, " ", viewers::ROLE, "\" ", key, "\n"].concat()).collect()
}

/// Puts the key of the kit in place, or makes one that is gone with this run, and has the server try it; returns its fingerprint.
fn host_key(stage2: &Stage2, kit: &Kit) -> Result<String> {
    let path = stage2.file(HOST_KEY).0;
    let path = Path::new(&path);
    let kind = match kit.content(ON_KIT) {
        Some(content) => act::place_key(path, content).doing(Kind::System, || DOING.into()).map(|()| Kind::Kit)?,
        None if path.exists() => Kind::System,
        None => {
            run(stage2, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", HOST_KEY], Kind::System).map(|_| Kind::System)?
        }
    };
    // One with a passphrase: this program says so, and the server would only say that it has no key.
    run(stage2, "ssh-keygen", &["-y", "-P", "", "-f", HOST_KEY], kind)?;
    // The settings are always the same: what it may not like is the key.
    run(stage2, "sshd", &["-t", "-f", CONFIGURATION], kind)?;
    let said = run(stage2, "ssh-keygen", &["-l", "-E", "sha256", "-f", HOST_KEY], kind)?;
    let fingerprint = said.iter().find_map(|line| line.split(' ').find(|word| word.starts_with("SHA256:")));
    fingerprint.map(String::from).ok_or_else(|| Error::new(kind, DOING, "its host key has no fingerprint"))
}

/// Runs a program of stage-2 and returns what it said.
fn run(stage2: &Stage2, program: &str, arguments: &[&str], kind: Kind) -> Result<Vec<String>> {
    let doing = if kind == Kind::Kit { "reading the host key of the kit partition" } else { DOING };
    let (ran, said) = stage2.heard(arguments, &[], Job { program, doing, kind, deadline: DEADLINE, output: Level::Debug, so_far: UNKNOWN });
    ran.map(|()| said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_have_a_session_and_a_terminal_and_no_more() {
        let keys = ["ssh-ed25519 AAAA".to_string(), "ssh-rsa BBBB".to_string()];
        assert_eq!(
            authorized(&keys),
            "restrict,pty,command=\"/usr/bin/installer-session session\" ssh-ed25519 AAAA\n\
             restrict,pty,command=\"/usr/bin/installer-session session\" ssh-rsa BBBB\n"
        );
    }

    #[test]
    fn nobody_gets_in_without_a_key() {
        let value = |key: &str| SETTINGS.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        assert_eq!(value("AuthenticationMethods"), Some("publickey"));
        assert_eq!(value("PermitRootLogin"), Some("forced-commands-only"));
        for key in ["PasswordAuthentication", "KbdInteractiveAuthentication", "UsePAM", "PermitUserRC", "PermitTunnel"] {
            assert_eq!(value(key), Some("no"), "{key}");
        }
        assert_eq!(value("DisableForwarding"), Some("yes"));
    }
}
