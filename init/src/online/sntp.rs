//! Asks for the time: SNTP, RFC 4330. No resolver and no averaging: a second is precise enough for certificates.

use core::net::{Ipv4Addr, SocketAddrV4};
use std::net::UdpSocket;
use std::time::Duration;

/// RFC 4330, section 3.
const PORT: u16 = 123;
/// A server on the other side of the world answers within half of it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of the network's own servers: a long list that nobody answers on is no reason to wait for all of it.
const MOST: usize = 4;
/// Seconds from 1900, where NTP begins, to 1970.
const EPOCHS: u64 = 2_208_988_800;
/// Of public services whose addresses do not change: time.cloudflare.com and time.google.com. Asked after the network's own servers.
const PUBLIC: [Ipv4Addr; 2] = [Ipv4Addr::new(162, 159, 200, 1), Ipv4Addr::new(216, 239, 35, 0)];

/// The servers that tell a time that is not before `built`, and the time in seconds since 1970. Each is asked when it is its turn.
pub fn told(servers: &[Ipv4Addr], built: u64) -> impl Iterator<Item = (Ipv4Addr, u64)> {
    let ask = move |server: &Ipv4Addr| Some((*server, ask(SocketAddrV4::new(*server, PORT), built)?));
    servers.iter().take(MOST).chain(&PUBLIC).filter_map(ask)
}

fn ask(server: SocketAddrV4, built: u64) -> Option<u64> {
    let socket = UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.set_read_timeout(Some(PATIENCE)).ok()?;
    // An answer of anybody else is not taken.
    socket.connect(server).ok()?;
    let mut cookie = [0; 8];
    rustix::rand::getrandom(&mut cookie, rustix::rand::GetRandomFlags::empty()).ok()?;
    let mut packet = [0; 48];
    // Version 4, a client.
    packet[0] = 0x23;
    packet.get_mut(40..)?.copy_from_slice(&cookie);
    socket.send(&packet).ok()?;
    let length = socket.recv(&mut packet).ok()?;
    time(packet.get(..length)?, cookie).filter(|time| *time >= built)
}

/// The time in an answer: from a server that is synchronised, and to this question.
fn time(answer: &[u8], cookie: [u8; 8]) -> Option<u64> {
    let (mode, stratum) = (answer.first()?, answer.get(1)?);
    if mode & 7 != 4 || mode >> 6 == 3 || !(1..16).contains(stratum) || answer.get(24..32)? != cookie {
        return None;
    }
    let seconds = u64::from(u32::from_be_bytes(answer.get(40..44)?.try_into().ok()?));
    // The counter overflows in 2036; the upper half of it is taken for the years before (RFC 4330, section 3).
    let era = if seconds & 0x8000_0000 == 0 { 1 << 32 } else { 0 };
    (seconds + era).checked_sub(EPOCHS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(mode: u8, stratum: u8, cookie: [u8; 8], seconds: u32) -> [u8; 48] {
        let mut packet = [0; 48];
        (packet[0], packet[1]) = (mode, stratum);
        packet[24..32].copy_from_slice(&cookie);
        packet[40..44].copy_from_slice(&seconds.to_be_bytes());
        packet
    }

    #[test]
    fn an_answer_is_a_time_of_a_server_that_knows_it() {
        let (cookie, seconds) = ([7; 8], 3_944_678_400);
        assert_eq!(time(&answer(0x24, 2, cookie, seconds), cookie), Some(1_735_689_600));
        // 7 February 2036, 06:28:16.
        assert_eq!(time(&answer(0x24, 2, cookie, 0), cookie), Some(2_085_978_496));
        for wrong in [
            answer(0x23, 2, cookie, seconds),
            answer(0xe4, 2, cookie, seconds),
            answer(0x24, 0, cookie, seconds),
            answer(0x24, 16, cookie, seconds),
            answer(0x24, 2, [8; 8], seconds),
        ] {
            assert_eq!(time(&wrong, cookie), None);
        }
        assert_eq!(time(&answer(0x24, 2, cookie, seconds)[..40], cookie), None);
    }

    #[test]
    fn a_server_is_asked_and_believed_from_the_time_of_the_image_on() {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = SocketAddrV4::new(Ipv4Addr::LOCALHOST, server.local_addr().unwrap().port());
        let answers = std::thread::spawn(move || {
            for _ in 0..2 {
                let mut packet = [0; 48];
                let (_, from) = server.recv_from(&mut packet).unwrap();
                let reply = answer(0x24, 1, packet[40..48].try_into().unwrap(), 3_944_678_400);
                server.send_to(&reply, from).unwrap();
            }
        });
        assert_eq!(ask(address, 1_700_000_000), Some(1_735_689_600));
        assert_eq!(ask(address, 1_800_000_000), None);
        answers.join().unwrap();
    }
}
