//! The wired links of this machine, and how far each of them is. Wireless ones and those that no device stands behind are none.

use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::lease::{self, Lease};
use crate::error::{Doing, Kind, Result};
use crate::pid1::memory;
use crate::sys::link;

/// Where the kernel lists them.
pub const SYSFS: &str = "/sys/class/net";
/// `ARPHRD_ETHER` of linux/if_arp.h: Ethernet on a cable, on USB, or over Thunderbolt.
const ETHERNET: &str = "1";
/// Until a client that could not be started is tried again.
const AGAIN: Duration = Duration::from_secs(10);

/// A link that is switched on.
pub struct Link {
    /// As the kernel calls it.
    pub name: String,
    /// What it does, and since when.
    state: State,
    since: Instant,
    /// How often its carrier had come or gone by then.
    changes: String,
}

enum State {
    /// Nobody at the other end.
    Down,
    /// There is a carrier.
    Up,
    /// And a client that asks for an address.
    Asking(Client),
}

/// udhcpc; ends with this value.
struct Client(Child);

impl Client {
    /// Whether it still runs. Whoever waits for any child may have reaped it, and then nobody knows it any more.
    fn is_alive(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Its number may be another process' by now.
        if self.is_alive() {
            self.0.kill().unwrap_or_default();
        }
    }
}

/// Names of the wired links, in their order.
pub fn wired(sysfs: &Path) -> Vec<String> {
    let wired = |link: &PathBuf| {
        let is = |file: &str| link.join(file).exists();
        let kind = read_to_string(link.join("type")).unwrap_or_default();
        is("device") && !is("wireless") && !is("phy80211") && kind.trim() == ETHERNET
    };
    let links = read_dir(sysfs).into_iter().flatten().flatten().map(|entry| entry.path()).filter(wired);
    let mut names: Vec<String> = links.filter_map(|link| Some(link.file_name()?.to_str()?.to_string())).collect();
    names.sort();
    names
}

impl Link {
    /// Switches it on.
    ///
    /// # Errors
    /// The kernel does not.
    pub fn switch_on(name: &str) -> Result<Link> {
        link::up(name).doing(Kind::Network, || format!("switching {name} on"))?;
        Ok(Link { name: name.into(), state: State::Down, since: Instant::now(), changes: String::new() })
    }

    /// Looks at its carrier, and starts to ask for an address if that is wanted: anew where the carrier was away in the meantime, since
    /// it may lead to another network now, and where the client has died.
    pub fn look(&mut self, ask: bool) {
        let [carrier, changes] = ["carrier", "carrier_changes"].map(|file| self.attribute(file));
        let carrier = carrier.trim() == "1";
        if self.is_well(carrier, &changes, ask) {
            return;
        }
        // An old client must not write its lease where the new one does.
        self.state = State::Down;
        self.state = match carrier {
            false => State::Down,
            true if ask => match client(&self.name) {
                Ok(client) => State::Asking(client),
                Err(error) => {
                    log::warn!("asking for an address on {}: {error}", self.name);
                    State::Up
                }
            },
            true => State::Up,
        };
        (self.since, self.changes) = (Instant::now(), changes);
        log::info!("{self}");
    }

    /// Whether nothing is to be done. A client that could not be started is tried again after a while.
    fn is_well(&mut self, carrier: bool, changes: &str, ask: bool) -> bool {
        match &mut self.state {
            State::Down => !carrier,
            State::Up => carrier && (!ask || self.since.elapsed() < AGAIN),
            State::Asking(client) => carrier && client.is_alive() && changes == self.changes,
        }
    }

    fn attribute(&self, file: &str) -> String {
        read_to_string(format!("{SYSFS}/{}/{file}", self.name)).unwrap_or_default()
    }

    /// Whether somebody is at the other end.
    pub fn is_up(&self) -> bool {
        !matches!(self.state, State::Down)
    }

    /// What a server gave it since it asks; what is left of an earlier try does not count.
    pub fn lease(&self) -> Option<Lease> {
        if matches!(self.state, State::Asking(_)) { lease::of(&self.name) } else { None }
    }

    /// Lets the client go on, which keeps the lease.
    pub fn keep(self) {
        std::mem::forget(self.state);
    }
}

impl std::fmt::Display for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = match self.state {
            State::Down => "no carrier: is the cable in?",
            State::Up => "link up",
            State::Asking(_) => "link up, asking for an address",
        };
        write!(f, "{}: {state}, {} s", self.name, self.since.elapsed().as_secs())
    }
}

fn client(link: &str) -> std::io::Result<Client> {
    lease::forget(link);
    command(link).spawn().inspect(|client| memory::offer(client.id())).map(Client)
}

/// Asks again and again, every two seconds, until somebody answers; this binary takes the answer. See [`lease`].
fn command(link: &str) -> Command {
    let mut command = Command::new("/bin/busybox");
    command.args(["udhcpc", "-f", "-i", link, "-s", "/init", "-t", "5", "-T", "2", "-A", "2", "-O", "ntpsrv"]);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pid1::survivors;

    #[test]
    fn wired_links_are_ethernet_with_a_device_and_no_radio() {
        let root = std::env::temp_dir().join(format!("links-{}", std::process::id()));
        for (link, kind, files) in [
            ("lo", "772", &[][..]),
            ("eth1", "1", &["device"]),
            ("eth0", "1", &["device"]),
            ("dummy0", "1", &[]),
            ("wlan0", "1", &["device", "phy80211"]),
            ("ib0", "32", &["device"]),
        ] {
            files.iter().for_each(|file| std::fs::create_dir_all(root.join(link).join(file)).unwrap());
            std::fs::create_dir_all(root.join(link)).unwrap();
            std::fs::write(root.join(link).join("type"), format!("{kind}\n")).unwrap();
        }
        let found = wired(&root);
        std::fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, ["eth0", "eth1"]);
    }

    #[test]
    fn a_client_is_alive_until_it_ends() {
        let mut client = Client(Command::new("sleep").arg("0.2").spawn().unwrap());
        assert!(client.is_alive());
        // Somebody else may reap it meanwhile.
        std::thread::sleep(Duration::from_secs(2));
        assert!(!client.is_alive());
    }

    #[test]
    fn clients_are_known_by_their_words() {
        let command = command("eth0");
        let words = [command.get_program(), command.get_args().next().unwrap()].map(|word| format!("{}\0", word.display()));
        assert_eq!(words.concat().as_bytes(), survivors::CLIENT);
    }

    #[test]
    fn a_client_that_could_not_be_started_is_tried_again_after_a_while() {
        let up = |since| Link { name: "eth0".into(), state: State::Up, since, changes: String::new() };
        let (now, earlier) = (Instant::now(), Instant::now().checked_sub(AGAIN).unwrap());
        assert!(up(now).is_well(true, "", true) && !up(earlier).is_well(true, "", true));
        // Where nobody is to be asked there is nothing to start.
        assert!(up(earlier).is_well(true, "", false) && !up(now).is_well(false, "", false));
    }

    #[test]
    fn a_status_says_what_is_waited_for() {
        let link = |state| Link { name: "enp3s0".into(), state, since: Instant::now(), changes: String::new() }.to_string();
        assert_eq!(link(State::Down), "enp3s0: no carrier: is the cable in?, 0 s");
        assert_eq!(link(State::Up), "enp3s0: link up, 0 s");
    }
}
