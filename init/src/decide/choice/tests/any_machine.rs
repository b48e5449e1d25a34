//! What must hold on any machine, however odd.

use super::*;

/// Marsaglia's xorshift, seeded: a failure can be repeated.
fn random(state: &mut u64, bound: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % bound
}

#[test]
fn for_any_machine_the_protected_are_safe_and_the_order_of_disks_does_not_matter() {
    let mut state = 0x1234_5678_9abc_def1;
    for _ in 0..3000 {
        let mut roll = |bound| random(&mut state, bound);
        let count = 1 + roll(6);
        let mut disks: Vec<Disk> = (0..count)
            .map(|n| {
                let plain = disk(&format!("sd{}", char::from(b'a' + n as u8)), [0, 2, 16, 16, 32, 4000][roll(6) as usize]);
                let transport = [Transport::Nvme, Transport::Ata, Transport::Usb][roll(3) as usize];
                let odd = Disk {
                    ours: roll(5) == 0,
                    removable: roll(5) == 0,
                    read_only: roll(8) == 0,
                    optical: roll(9) == 0,
                    transport,
                    ..plain
                };
                if roll(2) == 0 { with_table(odd, roll(4) as u8, roll(2) == 0, roll(4) as u32) } else { odd }
            })
            .collect();
        let entries: Vec<_> = (0..roll(4)).map(|n| entry(n as u16, Some(part(roll(4) as u8, roll(2) as u8)))).collect();
        let command_line = if roll(3) == 0 { format!("install.disk=sd{}", char::from(b'a' + roll(6) as u8)) } else { String::new() };
        let name = |disks: &[Disk]| match outcome(disks, &entries, &command_line) {
            Ok(Outcome::Target(choice)) => {
                let target = &choice.target;
                assert!(!target.ours && !target.read_only && !target.optical && target.bytes > 0, "{target:?}");
                assert!(choice.rule == Rule::Named || !(target.removable || target.transport == Transport::Usb), "{target:?}");
                Some(target.name.clone())
            }
            _ => None,
        };
        let first = name(&disks);
        disks.reverse();
        assert_eq!(name(&disks), first);
    }
}
