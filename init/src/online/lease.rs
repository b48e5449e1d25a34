//! What a DHCP server gave, on its way from udhcpc to PID 1.
//!
//! udhcpc runs a program at every event and hands the lease over in the environment (examples/udhcp/simple.script of busybox). That
//! program is this binary, which only writes down the addresses in it; PID 1 reads and uses them. What a server says is no text that
//! anybody runs.

use core::net::Ipv4Addr;
use std::env::var;
use std::fs::{create_dir_all, read_to_string, rename, write};

use crate::settings::Address;

/// One file per link.
const DIRECTORY: &str = "/run/leases";
/// What is taken from the environment, in the order of the lines.
const VARIABLES: [&str; 5] = ["ip", "mask", "router", "dns", "ntpsrv"];

/// What a server gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address and what goes with it.
    pub address: Address,
    /// Who knows the time.
    pub time: Vec<Ipv4Addr>,
}

/// Whether udhcpc calls: its events are the only argument.
pub fn is_event(word: &str) -> bool {
    std::process::id() != 1 && matches!(word, "bound" | "renew" | "deconfig" | "leasefail" | "nak")
}

/// The role: writes a lease down. Says whether it could.
pub fn note(event: &str) -> bool {
    if !matches!(event, "bound" | "renew") {
        return true;
    }
    let text: String = VARIABLES.iter().map(|name| var(name).unwrap_or_default() + "\n").collect();
    let Ok(link) = var("interface") else { return false };
    // Renamed when it is whole: PID 1 looks at any time.
    let (file, part) = (file(&link), format!("{DIRECTORY}/.{link}"));
    create_dir_all(DIRECTORY).and_then(|()| write(&part, text)).and_then(|()| rename(part, file)).is_ok()
}

/// Makes sure that what is found later is not from an earlier try.
pub fn forget(link: &str) {
    // It need not be there.
    std::fs::remove_file(file(link)).unwrap_or_default();
}

/// The lease of this link, as soon as there is one.
pub fn of(link: &str) -> Option<Lease> {
    parse(&read_to_string(file(link)).ok()?)
}

fn file(link: &str) -> String {
    format!("{DIRECTORY}/{link}")
}

/// Words that are no addresses are left out.
fn parse(text: &str) -> Option<Lease> {
    let mut lines = text.lines().map(|line| line.split_ascii_whitespace());
    let client = lines.next()?.next()?.parse().ok()?;
    let prefix = lines.next()?.next()?.parse().ok().filter(|prefix| *prefix <= 32)?;
    let mut addresses = || -> Vec<Ipv4Addr> { lines.next().into_iter().flatten().filter_map(|word| word.parse().ok()).collect() };
    let gateway = addresses().first().copied();
    Some(Lease { address: Address { client, prefix, gateway, dns: addresses() }, time: addresses() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_addresses_and_nothing_else() {
        let lease = parse("10.0.2.15\n24\n10.0.2.2 10.0.2.9\n10.0.2.3 $(reboot) 10.0.2.4\n\n").unwrap();
        let known = |text: &str| text.parse().unwrap();
        let dns = vec![known("10.0.2.3"), known("10.0.2.4")];
        let address = Address { client: known("10.0.2.15"), prefix: 24, gateway: Some(known("10.0.2.2")), dns };
        assert_eq!(lease, Lease { address, time: Vec::new() });
        let bare = parse("10.0.2.15\n8\n\n\n10.0.2.1\n").unwrap();
        assert_eq!((bare.address.gateway, bare.address.dns.len(), bare.time), (None, 0, vec![known("10.0.2.1")]));
        for broken in ["", "\n24\n", "10.0.2\n24\n", "10.0.2.15\n\n", "10.0.2.15\n33\n"] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }
}
