//! `ip=`, in the words of the kernel (Documentation/admin-guide/nfs/nfsroot.rst):
//! `ip=CLIENT:SERVER:GATEWAY:NETMASK:HOSTNAME:DEVICE:AUTOCONF:DNS0:DNS1`, or one word for all of it.
//!
//! Server and hostname say nothing to an installer and are left alone.

use core::net::Ipv4Addr;
use std::str::FromStr;

/// How a machine gets its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ip {
    /// By asking for one, on this link or on every one.
    Dhcp(Option<String>),
    /// It is given, for this link or for the first one that has a carrier.
    Static(Address, Option<String>),
}

/// An address and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Our own.
    pub client: Ipv4Addr,
    /// Length of the network's part.
    pub prefix: u32,
    /// The way out, if there is one.
    pub gateway: Option<Ipv4Addr>,
    /// Who knows names.
    pub dns: Vec<Ipv4Addr>,
}

impl FromStr for Ip {
    type Err = String;

    fn from_str(text: &str) -> Result<Ip, String> {
        let fields: Vec<&str> = text.split(':').collect();
        let field = |index: usize| fields.get(index).copied().unwrap_or_default();
        if text.contains('[') {
            return Err(format!("{text}: an IPv6 address cannot be given: routers announce those"));
        }
        if matches!(fields[..], ["dhcp" | "on" | "any" | "both"]) {
            return Ok(Ip::Dhcp(None));
        }
        let device = Some(field(5)).filter(|name| !name.is_empty()).map(link_name).transpose()?;
        match (field(0), field(6)) {
            ("", "dhcp" | "on" | "any" | "both" | "") if fields.len() > 1 => Ok(Ip::Dhcp(device)),
            (client, "" | "off" | "none" | "static") if fields.len() > 3 => {
                let known = |index: usize| Some(field(index)).filter(|text| !text.is_empty()).map(address).transpose();
                let dns = [known(7)?, known(8)?].into_iter().flatten().collect();
                Ok(Ip::Static(Address { client: address(client)?, prefix: prefix(field(3))?, gateway: known(2)?, dns }, device))
            }
            _ => Err(format!("{text} is neither dhcp nor ADDRESS::GATEWAY:NETMASK::LINK:none:DNS")),
        }
    }
}

fn address(text: &str) -> Result<Ipv4Addr, String> {
    text.parse().map_err(|_| format!("{text:?} is not an IPv4 address"))
}

/// 255.255.255.0, or 24.
fn prefix(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is not a netmask");
    // A number would be taken with a sign.
    if let (false, Ok(length)) = (text.starts_with('+'), text.parse::<u32>()) {
        return Some(length).filter(|length| (1..=32).contains(length)).ok_or_else(wrong);
    }
    let mask = text.parse::<Ipv4Addr>().map_err(|_| wrong())?.to_bits();
    let length = mask.leading_ones();
    Some(length).filter(|length| *length > 0 && mask.count_ones() == *length).ok_or_else(wrong)
}

/// As the kernel allows them, dev_valid_name() of net/core/dev.c; it becomes a part of paths and arguments.
fn link_name(text: &str) -> Result<String, String> {
    let good = text.len() < 16
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !text.starts_with(['.', '-']);
    if good { Ok(text.into()) } else { Err(format!("{text:?} is not the name of a link")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(gateway: Option<&str>, prefix: u32, dns: &[&str], device: Option<&str>) -> Result<Ip, String> {
        let address = |text: &str| text.parse().unwrap();
        let dns = dns.iter().map(|text| address(text)).collect();
        let address = Address { client: address("10.0.2.9"), prefix, gateway: gateway.map(address), dns };
        Ok(Ip::Static(address, device.map(Into::into)))
    }

    #[test]
    fn the_kernel_s_words_are_understood() {
        for word in ["dhcp", "on", "any", "both", "::::::dhcp", "::::::on:10.0.0.1", ":::::"] {
            assert_eq!(word.parse(), Ok(Ip::Dhcp(None)), "{word}");
        }
        assert_eq!(":::::eth0:dhcp".parse(), Ok(Ip::Dhcp(Some("eth0".into()))));
        let whole = "10.0.2.9:10.0.2.1:10.0.2.2:255.255.255.0:host:eth1:none:10.0.2.3:10.0.2.4:10.0.2.5";
        assert_eq!(whole.parse(), given(Some("10.0.2.2"), 24, &["10.0.2.3", "10.0.2.4"], Some("eth1")));
        assert_eq!("10.0.2.9::10.0.2.2:255.255.255.255".parse(), given(Some("10.0.2.2"), 32, &[], None));
        assert_eq!("10.0.2.9:::20:::off".parse(), given(None, 20, &[], None));
    }

    #[test]
    fn what_is_not_understood_is_quoted() {
        let form = "is neither dhcp nor ADDRESS::GATEWAY:NETMASK::LINK:none:DNS";
        for (text, message) in [
            ("off", format!("off {form}")),
            ("none", format!("none {form}")),
            ("", format!(" {form}")),
            ("10.0.2.9", format!("10.0.2.9 {form}")),
            ("::::::off", "\"\" is not an IPv4 address".into()),
            ("10.0.2.9:::24::eth0:dhcp", format!("10.0.2.9:::24::eth0:dhcp {form}")),
            ("10.0.2::10.0.2.2:24", "\"10.0.2\" is not an IPv4 address".into()),
            ("10.0.2.9::gate:24", "\"gate\" is not an IPv4 address".into()),
            ("10.0.2.9::10.0.2.2:255.0.255.0", "\"255.0.255.0\" is not a netmask".into()),
            ("10.0.2.9::10.0.2.2:", "\"\" is not a netmask".into()),
            ("10.0.2.9::10.0.2.2:33", "\"33\" is not a netmask".into()),
            ("10.0.2.9::10.0.2.2:+24", "\"+24\" is not a netmask".into()),
            ("10.0.2.9::10.0.2.2:24::../x", "\"../x\" is not the name of a link".into()),
            ("[fe80::1]:::64", "[fe80::1]:::64: an IPv6 address cannot be given: routers announce those".into()),
        ] {
            assert_eq!(text.parse::<Ip>(), Err(message), "{text}");
        }
    }
}
