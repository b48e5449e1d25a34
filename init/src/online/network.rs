//! The check of the network: every wired link is switched on and asked at the same time, and the first good answer is used.

use core::net::Ipv4Addr;
use std::fs::{remove_file, write};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use log::Level;

use super::Ground;
use super::lease::Lease;
use super::links::{Link, SYSFS, wired};
use crate::act::Stage2;
use crate::error::{Doing, Error, Kind, Result};
use crate::look::cards_without_driver;
use crate::pid1::children::{self, Job};
use crate::settings::{Address, Ip};

/// Between two looks.
const TICK: Duration = Duration::from_millis(200);
/// Longest silence.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A network without a way out, such as that of a machine's own management controller, is used when no other link answers for so long.
const GRACE: Duration = Duration::from_secs(10);
/// For a program that only talks to the kernel.
const DEADLINE: Duration = Duration::from_secs(20);

/// The links of this machine, and which of them is used.
#[derive(Default)]
pub struct Network {
    links: Vec<Link>,
    /// The link and what the kernel was told about it.
    used: Option<(String, Lease)>,
}

impl Network {
    /// This machine's address, once it has one.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.used.as_ref().map(|(_, lease)| lease.address.client)
    }

    /// Lets the client of the link that is used go on, which keeps the lease. All others end.
    pub fn keep(self) {
        let Some((used, _)) = self.used else { return };
        self.links.into_iter().filter(|link| link.name == used).for_each(Link::keep);
    }
}

/// Brings the network up, unless it is; what has changed since is applied.
///
/// # Errors
/// No link got an address in time; or the kernel does not take it.
pub fn up(ground: &mut Ground) -> Result<()> {
    let started = Instant::now();
    let (mut heard, mut answered) = (started, None);
    let ip = ground.settings.network.ip.as_ref();
    let Network { links, used } = &mut ground.network;
    let (name, lease) = loop {
        ground.drivers.restless();
        look(links, ip);
        if used.as_ref().is_some_and(|used| unchanged(links, ip, used)) {
            return Ok(());
        }
        if let Some((name, lease)) = answer(links, ip) {
            let first = *answered.get_or_insert_with(Instant::now);
            if lease.address.gateway.is_some() || first.elapsed() > GRACE || links.iter().all(|link| link.lease().is_some()) {
                break (name, lease);
            }
        }
        if heard.elapsed() > HEARTBEAT {
            heard = Instant::now();
            status(links, started).iter().for_each(|line| log::info!("{line}"));
        }
        if Instant::now() > ground.until {
            return Err(nobody(links, started));
        }
        ground.drivers.wait(TICK);
    };
    // What a link had before leads nowhere any more, and must not come first. What routers announced by IPv6 is the kernel's.
    *used = None;
    links.iter().try_for_each(|link| self::ip(&link.name, &["-4", "address", "flush", "dev", &link.name]))?;
    configure(&name, &lease.address)?;
    let Address { client, prefix, gateway, dns } = &lease.address;
    let gateway = gateway.map_or_else(|| "none".into(), |gateway| gateway.to_string());
    log::info!("{name}: address {client}/{prefix}, gateway {gateway}, DNS {dns:?}");
    resolver(ground.stage2, &lease.address)?;
    ground.time.clone_from(&lease.time);
    ground.time.extend(lease.address.gateway);
    *used = Some((name, lease));
    Ok(())
}

/// Whether the link that is used would be used again, in the same way.
fn unchanged(links: &[Link], ip: Option<&Ip>, (name, lease): &(String, Lease)) -> bool {
    links.iter().any(|link| match ip {
        Some(Ip::Static(..)) => link.name == *name && link.is_up(),
        _ => link.name == *name && link.lease().as_ref() == Some(lease),
    })
}

/// Every wired link that may be used, with what became of it since.
fn look(links: &mut Vec<Link>, ip: Option<&Ip>) {
    let named = ip.and_then(|ip| match ip {
        Ip::Dhcp(name) | Ip::Static(_, name) => name.as_ref(),
    });
    let mut present = wired(Path::new(SYSFS));
    present.retain(|name| named.is_none_or(|named| named == name));
    links.retain(|link| present.contains(&link.name));
    for name in present {
        if links.iter().all(|link| link.name != name) {
            match Link::switch_on(&name) {
                Ok(link) => links.push(link),
                Err(error) => log::debug!("{error}"),
            }
        }
    }
    links.iter_mut().for_each(|link| link.look(!matches!(ip, Some(Ip::Static(..)))));
}

/// The link that has an address, by its name; one with a way out before one without.
fn answer(links: &[Link], ip: Option<&Ip>) -> Option<(String, Lease)> {
    if let Some(Ip::Static(address, _)) = ip {
        let link = links.iter().find(|link| link.is_up())?;
        return Some((link.name.clone(), Lease { address: address.clone(), time: Vec::new() }));
    }
    let leases = links.iter().filter_map(|link| Some((link.name.clone(), link.lease()?)));
    leases.min_by_key(|(_, lease)| lease.address.gateway.is_none())
}

fn status(links: &[Link], started: Instant) -> Vec<String> {
    match links {
        [] => vec![format!("no wired network link that may be used, {} s", started.elapsed().as_secs())],
        links => links.iter().map(Link::to_string).collect(),
    }
}

fn nobody(links: &[Link], started: Instant) -> Error {
    let cause = match links {
        [] => "this machine shows no wired link that may be used",
        links if links.iter().any(Link::is_up) => "nobody gave one",
        _ => "no link has a carrier",
    };
    let cause = format!("{cause}, in {} s", started.elapsed().as_secs());
    let details = status(links, started).into_iter().chain(cards_without_driver()).collect();
    Error::new(Kind::Network, "getting a network address", cause).with_details(details)
}

/// Gives the kernel address and route.
fn configure(link: &str, address: &Address) -> Result<()> {
    let client = format!("{}/{}", address.client, address.prefix);
    ip(link, &["address", "add", &client, "broadcast", "+", "dev", link])?;
    match address.gateway {
        // The gateway of some hosters lies outside the network.
        Some(gateway) => ip(link, &["route", "replace", "default", "via", &gateway.to_string(), "dev", link, "onlink"]),
        None => Ok(()),
    }
}

fn ip(link: &str, arguments: &[&str]) -> Result<()> {
    let doing = format!("configuring {link}");
    let mut command = Command::new("/bin/busybox");
    command.arg("ip").args(arguments).env_clear();
    children::run(
        command,
        Job { program: "ip", doing: &doing, kind: Kind::Network, deadline: DEADLINE, output: Level::Info, so_far: children::UNKNOWN },
    )
}

/// For stage-2, and for a shell in the initramfs.
fn resolver(stage2: &Stage2, address: &Address) -> Result<()> {
    let text: String = address.dns.iter().map(|server| format!("nameserver {server}\n")).collect();
    for file in [stage2.file("etc/resolv.conf").0.as_str(), "/etc/resolv.conf"] {
        // It may be a link to elsewhere, or not be there.
        remove_file(file).unwrap_or_default();
        write(file, &text).doing(Kind::System, || format!("writing {file}"))?;
    }
    Ok(())
}
