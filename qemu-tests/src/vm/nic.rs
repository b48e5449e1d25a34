//! Network cards of a machine: how QEMU attaches them, and what their captures say.
//!
//! None has a boot ROM, so that whatever is sent is sent by the firmware's own drivers or by the guest. A capture is in the classic
//! pcap format that QEMU's filter-dump writes; who sent a frame is its source address, and every card has its own.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::command::escape;

/// A network card.
#[derive(Debug, Clone, Copy)]
pub struct Nic {
    /// What the guest needs a driver for.
    pub card: Card,
    /// What it is connected to.
    pub net: Net,
    /// Its cable is out until a step puts it in.
    pub unplugged: bool,
}

/// Models of cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    /// virtio-net.
    Virtio,
    /// Intel's 82574L.
    E1000e,
    /// A USB adapter that speaks RNDIS and CDC Ethernet.
    Usb,
}

/// What is at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Net {
    /// 10.0.2.0/24 with DHCP, gateway 10.0.2.2, DNS 10.0.2.3, and this machine behind the gateway.
    User,
    /// The same addresses with DHCP, and nobody there but the row's servers: no gateway, no DNS, and not this machine.
    Servers,
    /// As the first, and this machine reaches the guest's port 22.
    Login,
    /// A hub with nobody else on it.
    Silent,
}

/// Device id of a card.
pub fn id(index: usize) -> String {
    format!("nic{index}")
}

/// What QEMU is told about a card. `servers` are the options of the network that has some, `login` the port of this machine that leads
/// to the guest's ssh server.
pub fn arguments(index: usize, nic: &Nic, servers: &[String], login: Option<u16>) -> Vec<String> {
    let backend = match nic.net {
        Net::User => "user".to_owned(),
        Net::Login => login.map_or_else(|| "user".to_owned(), |port| format!("user,hostfwd=tcp:127.0.0.1:{port}-:22")),
        Net::Servers => {
            [&["user".to_owned(), "restrict=on".to_owned()], servers].concat().iter().map(|o| escape(o)).collect::<Vec<_>>().join(",")
        }
        Net::Silent => format!("hubport,hubid={index}"),
    };
    let driver = match nic.card {
        Card::Virtio => "virtio-net-pci,romfile=",
        Card::E1000e => "e1000e,romfile=",
        Card::Usb => "usb-net,bus=xhci.0",
    };
    let mac = address(index).map(|byte| format!("{byte:02x}")).join(":");
    vec![
        "-netdev".to_owned(),
        format!("{backend},id=net{index}"),
        "-device".to_owned(),
        format!("{driver},netdev=net{index},id={},mac={mac}", id(index)),
        "-object".to_owned(),
        format!("filter-dump,id=dump{index},netdev=net{index},file={}", capture(index)),
    ]
}

/// Fails if the card has ever sent a frame.
pub fn silent(dir: &Path, card: usize) -> Result<()> {
    let count = sent(dir, card)?;
    ensure!(count == 0, "reading the capture of network card {card}: it sent {count} frames");
    Ok(())
}

/// Fails if it has not.
pub fn spoke(dir: &Path, card: usize) -> Result<()> {
    ensure!(sent(dir, card)? > 0, "reading the capture of network card {card}: it sent nothing");
    Ok(())
}

fn address(index: usize) -> [u8; 6] {
    [0x52, 0x54, 0, 0x12, 0x34, 0x50 + u8::try_from(index).unwrap_or(0xaf)]
}

fn capture(index: usize) -> String {
    format!("nic{index}.pcap")
}

fn sent(dir: &Path, card: usize) -> Result<usize> {
    let path = dir.join(capture(card));
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let frames = frames(&bytes).with_context(|| format!("reading {}", path.display()))?;
    Ok(frames.iter().filter(|frame| frame.get(6..12) == Some(&address(card)[..])).count())
}

/// The frames of a capture: a header of 24 bytes, and one of 16 before each frame, with its length in the third number.
fn frames(capture: &[u8]) -> Result<Vec<&[u8]>> {
    let Some((b"\xd4\xc3\xb2\xa1", _)) = capture.split_at_checked(4) else { bail!("it is no capture") };
    let mut rest = capture.get(24..).context("its header is cut off")?;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (header, behind) = rest.split_at_checked(16).context("a frame is cut off")?;
        let length = u32::from_le_bytes(header[8..12].try_into()?);
        let (frame, behind) = behind.split_at_checked(length as usize).context("a frame is cut off")?;
        frames.push(frame);
        rest = behind;
    }
    Ok(frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    fn written(frames: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"\xd4\xc3\xb2\xa1".to_vec();
        bytes.resize(24, 0);
        for frame in frames {
            let length = u32::try_from(frame.len()).unwrap().to_le_bytes();
            bytes.extend([[0; 4], [0; 4], length, length].concat());
            bytes.extend(*frame);
        }
        bytes
    }

    #[test]
    fn who_sent_a_frame_is_told_apart() {
        let dir = scratch("capture");
        let frame = |from: [u8; 6]| [&[0xff; 6][..], &from, &[8, 0]].concat();
        let (ours, other) = (frame(address(0)), frame([2; 6]));
        std::fs::write(dir.join("nic0.pcap"), written(&[&other, &other])).unwrap();
        silent(&dir, 0).unwrap();
        assert_eq!(spoke(&dir, 0).unwrap_err().to_string(), "reading the capture of network card 0: it sent nothing");
        std::fs::write(dir.join("nic0.pcap"), written(&[&other, &ours])).unwrap();
        spoke(&dir, 0).unwrap();
        assert_eq!(silent(&dir, 0).unwrap_err().to_string(), "reading the capture of network card 0: it sent 1 frames");
        assert!(silent(&dir, 1).is_err());
    }

    #[test]
    fn a_damaged_capture_says_nothing_about_silence() {
        let whole = written(&[&[1; 20]]);
        assert_eq!(frames(&whole).unwrap(), [&[1; 20]]);
        for length in [0, 3, 20, 30, 59] {
            assert!(frames(&whole[..length]).is_err(), "{length}");
        }
    }
}
