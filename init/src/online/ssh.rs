//! The ssh server: with keys in the settings, and only then, who has one of them can log in from here on. OpenSSH's own server in
//! stage-2, which has been compared with its digest; nothing but a public key lets anybody in, and nobody but root.
//!
//! Whoever logs in is root of stage-2, and so of the machine. What is refused (forwarding, a second session in a connection) is
//! refused because nothing here needs it.

use std::fs::{copy, create_dir_all, write};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use log::Level;
use rustix::process::Pid;

use super::Ground;
use crate::act::{self, Stage2};
use crate::error::{Doing, Error, Kind, Result};
use crate::medium::Kit;
use crate::pid1::children::{Job, UNKNOWN};
use crate::pid1::survivors;
use crate::pid1::viewers::{self, Invitation};

/// A host key that somebody has put on the kit partition, for the installed system: who knows that knows this machine already.
const ON_KIT: &str = "ssh/host/ssh_host_ed25519_key";
/// What every session runs, in stage-2: this binary in its role.
const SESSION: &str = "usr/bin/installer-session";
/// Directory of the server's files.
const PLACE: &str = "etc/ssh/server";
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
/// How many of the server's lines the log gets: strangers may knock for days.
const LINES: usize = 1000;

/// Starts it, and says how to log in.
///
/// # Errors
/// The server is not on the medium, does not take its settings or a host key of the kit, or cannot listen.
pub fn start(ground: &mut Ground) -> Result<()> {
    let address = ground.network.address().map(|address| address.to_string()).unwrap_or_default();
    // It goes on as long as the machine, whatever was tried again since; the network may have another address for it.
    if let Some(Invitation { address: before, fingerprint }) = viewers::invitation() {
        if before != address {
            invite(Invitation { address, fingerprint });
        }
        return Ok(());
    }
    let (stage2, doing) = (ground.stage2, || "starting the ssh server".to_string());
    if !stage2.has("sshd") {
        return Err(Error::new(Kind::Medium, doing(), "sshd is not on this medium"));
    }
    let (directory, inside) = stage2.file(PLACE);
    create_dir_all(&directory).doing(Kind::System, doing)?;
    let (session, command) = stage2.file(SESSION);
    copy("/proc/self/exe", &session).doing(Kind::System, || format!("copying this program to {session}"))?;
    let keys = authorized(&ground.settings.ssh_keys, &command);
    for (name, text) in [("authorized_keys", keys.as_str()), ("settings", SETTINGS)] {
        let path = format!("{directory}/{name}");
        write(&path, text).doing(Kind::System, || format!("writing {path}"))?;
    }
    let fingerprint = host_key(stage2, ground.kit, &directory, &inside)?;
    let settings = format!("{inside}/settings");
    run(stage2, "sshd", &["-t", "-f", &settings], "checking the ssh server's settings")?;
    act::share()?;
    viewers::wait()?;
    listen(stage2, &settings)?;
    invite(Invitation { address, fingerprint });
    Ok(())
}

fn invite(invitation: Invitation) {
    log::info!("this console can be read and answered from elsewhere: {invitation}");
    viewers::invite(invitation);
}

/// Lines for the server: each key runs one command, and may have a terminal for it.
fn authorized(keys: &[String], command: &str) -> String {
    let role = viewers::ROLE;
    keys.iter().map(|key| format!("restrict,pty,command=\"{command} {role}\" {key}\n")).collect()
}

/// Puts the key of the kit in place, or makes one that is gone with this run; returns its fingerprint.
fn host_key(stage2: &Stage2, kit: &Kit, directory: &str, inside: &str) -> Result<String> {
    let (path, key) = (format!("{directory}/host_key"), format!("{inside}/host_key"));
    match kit.content(ON_KIT) {
        Some(content) => act::place_key(Path::new(&path), content).doing(Kind::System, || format!("placing {path}"))?,
        // It may be there from an earlier try.
        None if Path::new(&path).exists() => {}
        None => {
            run(stage2, "ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "installer", "-f", &key], "making a host key").map(drop)?
        }
    }
    let doing = if kit.content(ON_KIT).is_some() { "reading the host key of the kit partition" } else { "reading the host key" };
    // The public half: of a key with a passphrase, or of what is none, there is nothing to be had.
    let said = run(stage2, "ssh-keygen", &["-y", "-P", "", "-f", &key], doing)?;
    let public = said.last().cloned().unwrap_or_default();
    write(format!("{path}.pub"), public + "\n").doing(Kind::System, || format!("writing {path}.pub"))?;
    let said = run(stage2, "ssh-keygen", &["-l", "-E", "sha256", "-f", &format!("{key}.pub")], doing)?;
    let fingerprint = said.iter().flat_map(|line| line.split(' ')).find(|word| word.starts_with("SHA256:"));
    fingerprint.map(String::from).ok_or_else(|| Error::new(Kind::System, doing, "it has no fingerprint"))
}

/// Runs a program of stage-2 and returns what it said.
fn run(stage2: &Stage2, program: &str, arguments: &[&str], doing: &str) -> Result<Vec<String>> {
    let kind = if doing.ends_with("kit partition") { Kind::Kit } else { Kind::System };
    let (ran, said) = stage2.heard(arguments, &[], Job { program, doing, kind, deadline: DEADLINE, output: Level::Debug, so_far: UNKNOWN });
    ran.map(|()| said)
}

/// Returns when the server listens. It goes on as long as the machine, and its lines go to the log.
fn listen(stage2: &Stage2, settings: &str) -> Result<()> {
    let doing = || "starting the ssh server".to_string();
    let mut command = stage2.command("sshd", &["-D", "-e", "-f", settings]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = command.spawn().doing(Kind::System, doing)?;
    let mut lines = server.stderr.take().into_iter().flat_map(|output| BufReader::new(output).split(b'\n')).flatten();
    let mut last = String::from("it ended at once");
    for line in lines.by_ref() {
        last = shown(&line);
        log::debug!("| {last}");
        if last.starts_with("Server listening on") {
            survivors::spare(Pid::from_child(&server));
            std::thread::spawn(move || lines.enumerate().for_each(|(number, line)| note(number, &shown(&line))));
            return Ok(());
        }
    }
    Err(Error::new(Kind::System, doing(), last))
}

/// A line of the server in the log. Never on the consoles: it would tear questions apart.
fn note(number: usize, line: &str) {
    match number {
        0..LINES => log::debug!("| {line}"),
        LINES => log::debug!("the ssh server says more than the log takes"),
        // It must be read all the same, or the server would stand still.
        _ => {}
    }
}

/// Strangers have a say in these lines.
fn shown(line: &[u8]) -> String {
    String::from_utf8_lossy(line).replace(char::is_control, "?").trim_end_matches('?').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_have_a_session_and_a_terminal_and_no_more() {
        let keys = ["ssh-ed25519 AAAA".to_string(), "ssh-rsa BBBB".to_string()];
        assert_eq!(
            authorized(&keys, "/usr/bin/installer-session"),
            "restrict,pty,command=\"/usr/bin/installer-session session\" ssh-ed25519 AAAA\n\
             restrict,pty,command=\"/usr/bin/installer-session session\" ssh-rsa BBBB\n"
        );
    }

    #[test]
    fn lines_of_the_server_command_no_terminal() {
        assert_eq!(shown(b"Invalid user \x1b[2J from 10.0.2.2\r"), "Invalid user ?[2J from 10.0.2.2");
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
