//! What must hold for every row, so that none passes by saying nothing.

use std::collections::BTreeSet;

use super::*;
use crate::vm::scenario::Console::Keyboard;
use crate::vm::scenario::{After, Consoles, Fault, Firmware, Medium, SD_SERIAL, Vars, flat};

fn of(row: &Scenario, wanted: fn(&After) -> Option<usize>) -> Vec<usize> {
    row.after.iter().filter_map(wanted).collect()
}

#[test]
fn names_are_unique_and_file_names() {
    let rows = all();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    for name in names {
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{name}");
    }
}

#[test]
fn the_manual_says_how_many_there_are() {
    let manual = include_str!("../../../../README.md");
    assert!(manual.contains(&format!("names the {} scenarios.", all().len())), "{}", all().len());
}

#[test]
fn every_row_says_in_one_sentence_what_it_proves() {
    for row in all() {
        assert!(row.proves.ends_with('.') && row.proves.matches(". ").count() == 0, "{}: {}", row.name, row.proves);
    }
}

#[test]
fn at_most_half_install_on_a_disk_without_a_past_and_a_fifth_refuse_or_fail() {
    let rows = all();
    let installs = |row: &Scenario| row.after.iter().any(|after| matches!(after, After::TargetInstalled(_)));
    let dirty = |row: &Scenario| row.disks.iter().any(|disk| matches!(disk.prefill, Prefill::Dirty(_)));
    // What is left when the power fails is a past.
    let cut = |row: &Scenario| flat(row.script).iter().any(|step| matches!(step, Step::LosePower(..)));
    let easy = rows.iter().filter(|row| installs(row) && !dirty(row) && !cut(row)).count();
    assert!(easy * 2 <= rows.len(), "{easy} of {}", rows.len());
    // The rest shows a plan to which somebody says no.
    let refused = rows.iter().filter(|row| row.fails() && !installs(row)).count();
    assert!(refused * 5 >= rows.len(), "{refused} of {}", rows.len());
}

#[test]
fn every_row_says_of_every_disk_once_what_becomes_of_it() {
    for row in all() {
        let mut named = of(row, |after| match after {
            After::TargetInstalled(i) | After::DiskWritten(i) | After::DiskUnchanged(i) => Some(*i),
            _ => None,
        });
        named.sort_unstable();
        let expected: Vec<usize> = (0..row.disks.len()).collect();
        assert_eq!(named, expected, "{}", row.name);
        assert!(!row.disks.is_empty(), "{}", row.name);
    }
}

#[test]
fn what_installs_also_boots_and_what_does_not_never_says_installed() {
    for row in all() {
        let installs = row.after.iter().any(|after| matches!(after, After::TargetInstalled(_)));
        let boots = row.after.iter().any(|after| matches!(after, After::BootsInstalled(_))) || row.survives_reset();
        let silent = flat(row.script).iter().any(|step| matches!(step, Forbid(INSTALLED)));
        assert_eq!(installs, boots, "{}", row.name);
        assert_ne!(installs, silent, "{}", row.name);
    }
}

#[test]
fn what_is_said_to_be_not_bootable_is_booted() {
    for row in all() {
        let written = of(row, |after| if let After::DiskWritten(i) = after { Some(*i) } else { None });
        let tried = of(row, |after| if let After::NotBootable(i) = after { Some(*i) } else { None });
        let said = flat(row.script).iter().any(|step| matches!(step, Expect(text, _) if text.ends_with("is not bootable")));
        assert_eq!(written, tried, "{}", row.name);
        // It may be tried again in the same run, to success.
        let installs = row.after.iter().any(|after| matches!(after, After::TargetInstalled(_)));
        assert!(if said { installs || !tried.is_empty() } else { tried.is_empty() }, "{}", row.name);
    }
}

/// An empty disk looks unchanged to whoever writes zeros.
#[test]
fn a_disk_that_must_not_change_has_something_on_it() {
    for row in all() {
        for disk in of(row, |after| if let After::DiskUnchanged(i) = after { Some(*i) } else { None }) {
            assert!(!matches!(row.disks[disk].prefill, Prefill::Empty), "{}: disk {disk}", row.name);
        }
    }
}

#[test]
fn every_row_either_forbids_a_failure_or_comes_to_its_screen() {
    for row in all() {
        let steps = flat(row.script);
        let forbids = steps.iter().any(|step| matches!(step, Forbid(FAILED)));
        // What is not ready before the question is on the same screen, and no failure yet.
        let fails = row.fails() && !steps.iter().any(|step| matches!(step, Expect(text, _) if text.starts_with("not ready: ")));
        assert!(if forbids { !fails } else { row.fails() }, "{}", row.name);
        assert!(matches!(flat(row.script).last(), Some(ExpectPowerOff(_))), "{}: the machine is still on", row.name);
    }
}

#[test]
fn rows_ask_only_for_what_their_machine_can_do() {
    for row in all() {
        assert!(row.firmware != Firmware::SeaBios || row.kernel_words.is_empty(), "{}: BIOS has no way for kernel words", row.name);
        assert!(row.words.iter().all(|word| word.starts_with("install.")), "{}", row.name);
        assert!(row.kernel_words.iter().all(|word| !word.starts_with("install.")), "{}", row.name);
        let any_sector = [Bus::Nvme, Bus::Virtio, Bus::VirtioScsi, Bus::Usb, Bus::Uas];
        assert!(row.disks.iter().all(|disk| any_sector.contains(&disk.bus) || disk.sector == 512), "{}", row.name);
        assert!(!row.is_observed() || row.firmware.is_direct(), "{}: a loader takes the initrd of the medium", row.name);
        assert!(row.disks.iter().all(|disk| disk.sector == 512 || !matches!(disk.prefill, Prefill::Dirty(_))), "{}", row.name);
        let cards: Vec<&Disk> = row.disks.iter().filter(|disk| disk.bus == Bus::Sd).collect();
        assert!(cards.len() < 2 && cards.iter().all(|card| card.mib.is_power_of_two() && card.serial == SD_SERIAL), "{}", row.name);
        let left = row.after.iter().any(|after| matches!(after, After::BootsInstalled(Vars::Left)));
        assert!(!left || row.firmware.is_uefi(), "{}: BIOS leaves no variables", row.name);
        let kit = row.after.iter().any(|after| matches!(after, After::KitHas(..) | After::KitLacks(_)));
        assert!((!kit && row.kit.is_empty()) || row.medium == Medium::UsbStick, "{}: a disc cannot be written", row.name);
        let pulled = flat(row.script).iter().any(|step| matches!(step, Step::Unplug));
        assert!(!pulled || row.medium == Medium::UsbStick, "{}: only a stick can be pulled", row.name);
        assert!(!row.script.is_empty() && row.bound() < 3600, "{}", row.name);
        if let Fault::FlipByte(name, _) = row.fault {
            assert!(name.starts_with("AI-"), "{}", row.name);
        }
    }
}

#[test]
fn steps_ask_only_for_what_their_machine_can_do() {
    for row in all() {
        assert!(row.consoles == Consoles::Both || row.firmware.is_direct(), "{}: its loader sets the consoles", row.name);
        let mut there: Vec<bool> = row.disks.iter().map(|disk| !matches!(disk.bus, Bus::NvmeLater | Bus::UsbLater)).collect();
        for step in flat(row.script) {
            match step {
                Expect(..) | Step::ExpectAll(..) | Type(Serial, _) | Step::Send(_) => {
                    assert_ne!(row.consoles, Consoles::Screen, "{}", row.name)
                }
                Type(Keyboard, _) => assert_ne!(row.consoles, Consoles::Serial, "{}", row.name),
                Step::ExpectScreen(..) | Step::WriteDown(..) | Step::ExpectErased(_) => {
                    assert_eq!(row.firmware, Firmware::DirectBios, "{}: no text mode", row.name)
                }
                Step::Plug(disk) => assert!(!std::mem::replace(&mut there[disk], true), "{}: disk {disk} is there", row.name),
                Step::Pull(disk) => assert!(std::mem::replace(&mut there[disk], false), "{}: disk {disk} is not there", row.name),
                _ => {}
            }
        }
    }
}

#[test]
fn a_recovery_key_is_written_down_wherever_one_is_made() {
    for row in all() {
        let written_down = flat(row.script).iter().any(|step| matches!(step, Step::WriteDown(..)));
        let made = row.words.contains(&"install.luks.recoveryKey");
        assert_eq!(written_down, made, "{}", row.name);
    }
}

/// But where that is what the row is about.
#[test]
fn who_installs_an_encrypted_host_says_what_is_typed() {
    for row in all() {
        let installs = row.after.iter().any(|after| matches!(after, After::TargetInstalled(_)));
        assert_eq!(row.passphrase.is_some(), installs && row.host == "stygianlibrary", "{}", row.name);
    }
}

#[test]
fn who_builds_its_own_system_says_what_it_reaches() {
    for row in all() {
        assert_eq!(row.servers.is_empty(), row.host != "vermissian", "{}", row.name);
    }
}

#[test]
fn what_is_left_of_a_repository_is_looked_for() {
    for row in all() {
        let installs = row.after.iter().any(|after| matches!(after, After::TargetInstalled(_)));
        let found = row
            .finds
            .iter()
            .flat_map(|step| flat(&[*step]))
            .any(|step| matches!(step, Expect(text, _) if text.contains("CLONE") || text.contains("{commit}")));
        assert!(!row.repository || !installs || found, "{}", row.name);
    }
}

#[test]
fn serials_differ_within_a_machine() {
    for row in all().into_iter().filter(|row| row.name != "confirm-shared-serial") {
        let serials: BTreeSet<&str> = row.disks.iter().map(|disk| disk.serial).collect();
        assert_eq!(serials.len(), row.disks.len(), "{}", row.name);
    }
}

#[test]
fn no_step_waits_for_the_beginning_of_the_next_one() {
    for row in all() {
        let texts: Vec<&str> =
            flat(row.script).iter().filter_map(|step| if let Expect(text, _) = step { Some(*text) } else { None }).collect();
        for pair in texts.windows(2).filter(|pair| pair[0] != pair[1]) {
            assert!(!pair[1].starts_with(pair[0]), "{}: `{}` takes the line of `{}`", row.name, pair[0], pair[1]);
        }
    }
}
