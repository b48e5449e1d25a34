//! A person who is not at the machine: logs in over ssh with a key of their own, and sees and answers the installer's console there.
//!
//! The emulator forwards one port of this machine's loopback to the guest's ssh server. It accepts a connection whether anybody listens
//! in the guest or not, so that only what comes back tells.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::emulator::Emulator;
use super::serial;
use crate::command::{self, tool};

/// Nobody is asked anything, and no other key is tried.
const OPTIONS: &str = "BatchMode=yes IdentitiesOnly=yes IdentityAgent=none ConnectTimeout=30 PasswordAuthentication=no";
/// How long an answer is waited for, in seconds.
const PATIENCE: u64 = 60;

/// What a session has said, in the directory of the scenario.
pub fn log(session: usize) -> String {
    format!("session{session}.log")
}

/// What is done over ssh.
#[derive(Debug, Clone, Copy)]
pub enum Ssh {
    /// A session begins, which shows the console.
    LogIn,
    /// A session begins, which runs this command instead.
    Begin(&'static str),
    /// The number that the session shows is typed there, as soon as it shows one.
    Unlock,
    /// The text appears in the session, after the text expected there before.
    Expect(&'static str, u64),
    /// The session has ended.
    LoggedOut(u64),
    /// The fingerprint of the host key that the client was shown was said on the serial console.
    SameKey,
    /// A command is run in a session of its own, and its output has the text.
    Run(&'static str, &'static str),
    /// A file with this text is copied to the path.
    Copy(&'static str, &'static str),
    /// Somebody with another key is refused.
    Refused,
    /// Nobody listens.
    Nobody,
}

impl Ssh {
    /// In seconds.
    pub fn deadline(&self) -> u64 {
        match self {
            Ssh::Expect(_, seconds) | Ssh::LoggedOut(seconds) => *seconds,
            Ssh::SameKey => 0,
            _ => PATIENCE,
        }
    }
}

impl std::fmt::Display for Ssh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ssh::LogIn => f.write_str("logging in over ssh"),
            Ssh::Unlock => f.write_str("typing the number that is shown over ssh"),
            Ssh::Begin(command) => write!(f, "beginning `{command}` over ssh"),
            Ssh::Expect(text, seconds) => write!(f, "expecting `{text}` over ssh within {seconds} s"),
            Ssh::LoggedOut(seconds) => write!(f, "expecting the end of the ssh session within {seconds} s"),
            Ssh::SameKey => f.write_str("comparing host keys"),
            Ssh::Run(command, text) => write!(f, "running `{command}` over ssh for `{text}`"),
            Ssh::Copy(_, path) => write!(f, "copying a file over ssh to {path}"),
            Ssh::Refused => f.write_str("logging in over ssh with another key"),
            Ssh::Nobody => f.write_str("connecting where no ssh server may be"),
        }
    }
}

/// A port of this machine that is free now.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("looking for a free port")?;
    Ok(listener.local_addr().context("looking for a free port")?.port())
}

/// Makes the keys of a scenario: the person's, a stranger's, and one that may be the machine's.
pub fn make_keys(dir: &Path) -> Result<()> {
    for name in ["person", "stranger", "host"] {
        let mut command = tool("ssh-keygen");
        command::run("making an ssh key", command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(dir.join(name)))?;
    }
    Ok(())
}

/// A text of a row with keys in place of their names: a public one as a word without blanks, and the machine's, private.
pub fn fill(dir: &Path, text: &str) -> Result<String> {
    let read = |name: &str| fs::read_to_string(dir.join(name)).with_context(|| format!("reading the key {name}"));
    if text.contains("{personKey}") {
        let line = read("person.pub")?;
        return Ok(text.replace("{personKey}", line.split(' ').nth(1).unwrap_or_default()));
    }
    if text.contains("{hostKey}") { Ok(text.replace("{hostKey}", &read("host")?)) } else { Ok(text.to_owned()) }
}

/// Makes the machine's key one that the person knows already, and takes no other.
pub fn know(dir: &Path) -> Result<()> {
    let key = fs::read_to_string(dir.join("host.pub")).context("reading the key of the machine")?;
    fs::write(dir.join("known_hosts"), format!("installer {key}")).context("writing known_hosts")
}

/// The person.
pub struct Person {
    dir: PathBuf,
    port: u16,
    /// All stay until the installer ends them, or the run.
    sessions: Vec<(Emulator, UnixStream)>,
}

impl Person {
    /// Somebody whose keys are in the directory, in front of this port.
    pub fn new(dir: &Path, port: u16) -> Result<Person> {
        let dir = std::path::absolute(dir).with_context(|| format!("resolving {}", dir.display()))?;
        Ok(Person { dir, port, sessions: Vec::new() })
    }

    /// Starts a session that shows the console, or runs a command; what it says is reported, and its end as `None`.
    pub fn log_in(&mut self, words: Option<&str>, report: impl FnMut(Option<Vec<u8>>) + Send + 'static) -> Result<()> {
        let (ours, theirs) = UnixStream::pair().context("making the streams of a session")?;
        let input = theirs.try_clone().context("making the streams of a session")?;
        let errors = File::options().create(true).append(true).open(self.dir.join("ssh.stderr")).context("making ssh.stderr")?;
        let session = {
            // The command owns the session's ends; they must be closed here, or its end is never seen.
            let mut command = tool("setpriv");
            command.args(["--pdeathsig", "KILL", "--", "ssh", "-tt", "-p"]).arg(self.port.to_string());
            self.options(&mut command, "person");
            command.arg("root@127.0.0.1").args(words).stdin(OwnedFd::from(input)).stdout(OwnedFd::from(theirs)).stderr(errors);
            Emulator::start(&mut command).context("starting ssh")?
        };
        serial::listen(ours.try_clone().context("sharing a session")?, &self.dir.join(log(self.count() + 1)), report)?;
        self.sessions.push((session, ours));
        Ok(())
    }

    /// How many sessions there were.
    pub fn count(&self) -> usize {
        self.sessions.len()
    }

    /// Types in the last session.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        let (_, stream) = self.sessions.last_mut().context("typing over ssh: nobody has logged in")?;
        stream.write_all(bytes).context("typing over ssh")
    }

    /// Everything that is done at once.
    pub fn does(&self, what: &Ssh) -> Result<()> {
        match *what {
            Ssh::Run(words, text) => {
                let said = self
                    .run(self.tool("ssh", "-p", "person").args(["root@127.0.0.1", words]), "running a command over ssh")?
                    .checked(words)?;
                let lines = said.lines();
                ensure!(lines.iter().any(|line| line.contains(text)), "running `{words}` over ssh: it said `{}`", lines.join(" | "));
            }
            Ssh::Copy(text, path) => {
                let file = self.dir.join("copied");
                fs::write(&file, text).context("writing the file to copy")?;
                let mut scp = self.tool("scp", "-P", "person");
                self.run(scp.arg(&file).arg(format!("root@127.0.0.1:{path}")), "copying over ssh")?.checked("copying over ssh")?;
            }
            Ssh::Refused => {
                let said = self.run(self.tool("ssh", "-p", "stranger").args(["root@127.0.0.1", "true"]), "logging in")?;
                ensure!(said.failure.is_some(), "logging in with a key that may not: it was let in");
                let refused = said.lines().iter().any(|line| line.contains("Permission denied (publickey)"));
                ensure!(refused, "logging in with a key that may not: ssh says `{}`", said.lines().join(" | "));
            }
            Ssh::Nobody => nobody(self.port)?,
            Ssh::LogIn | Ssh::Begin(_) | Ssh::Unlock | Ssh::Expect(..) | Ssh::LoggedOut(_) | Ssh::SameKey => {}
        }
        Ok(())
    }

    /// The host key that the client was shown and has accepted.
    pub fn fingerprint(&self) -> Result<String> {
        let mut command = tool("ssh-keygen");
        let said = command::listen("reading the host key", command.args(["-l", "-f"]).arg(self.dir.join("known_hosts")))?
            .checked("reading the host key")?;
        let lines = said.lines();
        let word = lines.iter().flat_map(|line| line.split(' ')).find(|word| word.starts_with("SHA256:"));
        word.map(str::to_owned).context("reading the host key: it has no fingerprint")
    }

    fn run(&self, command: &mut Command, subject: &str) -> Result<command::Said> {
        command::listen(subject, command)
    }

    /// A program of ssh, ended if it takes too long, with the option that its port has.
    fn tool(&self, program: &str, port: &str, key: &str) -> Command {
        let mut command = tool("timeout");
        command.arg(PATIENCE.to_string()).arg(program).arg(port).arg(self.port.to_string());
        self.options(&mut command, key);
        command
    }

    fn options(&self, command: &mut Command, key: &str) {
        let known = self.dir.join("known_hosts");
        command.args(["-F", "/dev/null", "-i"]).arg(self.dir.join(key)).args(OPTIONS.split(' ').flat_map(|option| ["-o", option]));
        command.arg("-o").arg(format!("UserKnownHostsFile={}", known.display())).args(["-o", "HostKeyAlias=installer"]);
        command.args(["-o", if known.exists() { "StrictHostKeyChecking=yes" } else { "StrictHostKeyChecking=accept-new" }]);
    }
}

/// Fails unless the connection is closed without a word.
fn nobody(port: u16) -> Result<()> {
    let mut stream = match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(()),
        connected => connected.context("connecting to the forwarded port")?,
    };
    stream.set_read_timeout(Some(Duration::from_secs(PATIENCE))).context("connecting to the forwarded port")?;
    let mut greeting = [0; 64];
    match stream.read(&mut greeting) {
        Ok(0) => Ok(()),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(()),
        Ok(count) => bail!("connecting where no ssh server may be: it says `{}`", String::from_utf8_lossy(&greeting[..count]).trim()),
        Err(error) => Err(error).context("connecting where no ssh server may be: it is neither closed nor does it say anything"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn a_server_is_told_from_nobody() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let guest = std::thread::spawn(move || {
            drop(listener.accept().unwrap());
            listener.accept().unwrap().0.write_all(b"SSH-2.0-x\r\n").unwrap();
        });
        nobody(port).unwrap();
        assert_eq!(nobody(port).unwrap_err().to_string(), "connecting where no ssh server may be: it says `SSH-2.0-x`");
        guest.join().unwrap();
        nobody(port).unwrap();
    }

    #[test]
    fn keys_stand_in_for_their_names() {
        let dir = scratch("login");
        make_keys(&dir).unwrap();
        let word = fill(&dir, "install.ssh.authorizedKeys={personKey}").unwrap();
        assert!(word.starts_with("install.ssh.authorizedKeys=AAAAC3NzaC1lZDI1NTE5") && !word.contains(' '), "{word}");
        assert!(fill(&dir, "{hostKey}").unwrap().starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"));
        assert_eq!(fill(&dir, "install.swap.size=1G").unwrap(), "install.swap.size=1G");
        know(&dir).unwrap();
        assert!(Person::new(&dir, 1).unwrap().fingerprint().unwrap().starts_with("SHA256:"));
    }
}
