use super::*;
use crate::decide::Transport;
use crate::facts::guid::{self, Guid};
use crate::facts::table::{Gpt, Partition, Table};
use crate::settings::Source;

pub(super) const GIB: u64 = 1 << 30;

fn settings(command_line: &str) -> Settings {
    let file = Source::file("settings", "targetHost=h\nprebuilt=true\nlabels.efi=E\nlabels.root=R\n");
    Settings::read(&[file, Source::command_line(command_line)]).unwrap()
}

pub(super) fn disk(name: &str, gib: u64) -> Disk {
    Disk { name: name.into(), bytes: gib * GIB, sector: 512, serial: format!("S-{name}"), transport: Transport::Nvme, ..Disk::default() }
}

fn stick() -> Disk {
    Disk { ours: true, transport: Transport::Usb, ..disk("sda", 64) }
}

pub(super) fn outcome(disks: &[Disk], entries: &[(u16, Option<LoadOption>)], command_line: &str) -> Result<Outcome> {
    choose(Facts { disks, entries, driverless: &[], content: GIB }, &settings(command_line), None)
}

fn pick(disks: &[Disk], command_line: &str) -> Result<Choice> {
    match outcome(disks, &[], command_line)? {
        Outcome::Target(choice) => Ok(*choice),
        Outcome::Open(why) => Err(why.refusal()),
    }
}

fn why(disks: &[Disk], command_line: &str) -> (String, Vec<String>) {
    let error = pick(disks, command_line).unwrap_err();
    (error.to_string(), error.details.clone())
}

/// A disk with a GPT: an ESP when asked for, and other partitions; their GUIDs start with the first byte.
pub(super) fn with_table(disk: Disk, id: u8, esp: bool, others: u32) -> Disk {
    let first = u32::from(!esp);
    let partitions: Vec<Partition> = (first..=others)
        .map(|number| Partition {
            number: number + 1,
            kind: if number == 0 { guid::ESP } else { Guid([1; 16]) },
            id: part(id, number as u8),
            ..Partition::default()
        })
        .collect();
    let names = partitions.iter().map(|p| disk.partition(p.number)).collect();
    Disk { table: Table::Gpt(Gpt { disk: Guid([id; 16]), partitions, whole: true }), partitions: names, ..disk }
}

pub(super) fn part(id: u8, number: u8) -> Guid {
    let mut bytes = [id; 16];
    bytes[15] = number;
    Guid(bytes)
}

pub(super) fn entry(number: u16, partition: Option<Guid>) -> (u16, Option<LoadOption>) {
    (number, Some(LoadOption { description: format!("entry {number}"), active: true, partition }))
}

#[test]
fn the_only_candidate_wins_and_the_others_are_explained() {
    let choice = pick(&[stick(), disk("nvme0n1", 16)], "").unwrap();
    assert_eq!((choice.target.name.as_str(), choice.rule), ("nvme0n1", Rule::Only));
    assert_eq!(
        choice.others.iter().map(Loser::to_string).collect::<Vec<_>>(),
        ["sda (unknown model, serial S-sda, 64.0 GiB, usb): nothing recognised; it carries the installer's own medium"]
    );
}

#[test]
fn equal_disks_are_a_tie_with_a_reason_for_each() {
    let disks = [stick(), disk("nvme0n1", 16), disk("nvme1n1", 16)];
    let Outcome::Open(why) = outcome(&disks, &[entry(1, None)], "").unwrap() else { panic!("no tie") };
    let error = why.refusal();
    assert_eq!(error.to_string(), "choosing the disk: more than one disk could be the target");
    assert_eq!(error.details.len(), 4);
    assert_eq!(error.details[3], "Boot0001 \"entry 1\" is passed over: it names no partition of a GPT");
    assert_eq!(error.details[1], "nvme0n1 (unknown model, serial S-nvme0n1, 16.0 GiB, nvme): nothing recognised; it could be the target");
}

#[test]
fn the_rules_in_their_order() {
    let small = || disk("nvme0n1", 16);
    let large = || disk("sdb", 4000);
    let esp_on_small = [with_table(small(), 5, true, 1), with_table(large(), 6, false, 3)];
    for (disks, entries, winner, rule) in [
        // The firmware boots the small one: neither its size nor the partitions of the other count.
        (esp_on_small.to_vec(), vec![entry(3, Some(part(5, 0)))], "nvme0n1", Rule::BootEntry(3, "entry 3".into())),
        // The order is the firmware's.
        (esp_on_small.to_vec(), vec![entry(9, Some(part(6, 1))), entry(3, Some(part(5, 0)))], "sdb", Rule::BootEntry(9, "entry 9".into())),
        (esp_on_small.to_vec(), vec![], "nvme0n1", Rule::Esp),
        (vec![with_table(small(), 5, true, 4), with_table(large(), 6, true, 1)], vec![], "nvme0n1", Rule::Partitions),
        (vec![with_table(small(), 5, false, 4), with_table(large(), 6, false, 1)], vec![], "nvme0n1", Rule::Partitions),
        (vec![small(), large()], vec![], "sdb", Rule::Largest),
        // A tie is broken among the tied alone: the third disk is larger, but has no ESP.
        (vec![with_table(small(), 5, true, 1), with_table(disk("sdc", 20), 7, true, 1), large()], vec![], "sdc", Rule::Largest),
    ] {
        let Outcome::Target(choice) = outcome(&disks, &entries, "").unwrap() else { panic!("{rule:?}") };
        assert_eq!((choice.target.name.as_str(), &choice.rule), (winner, &rule));
    }
}

#[test]
fn entries_that_lead_nowhere_are_passed_over_and_say_why() {
    let clone = |name: &str| with_table(disk(name, 16), 8, true, 1);
    let ours = with_table(stick(), 4, true, 0);
    let disks = [ours, with_table(disk("nvme0n1", 16), 5, true, 1), with_table(disk("sdb", 32), 6, true, 1), clone("sdc"), clone("sdd")];
    let mut inactive = entry(1, Some(part(5, 0)));
    inactive.1.as_mut().unwrap().active = false;
    let entries = [
        (0, None),
        inactive,
        entry(2, None),
        entry(3, Some(part(99, 0))),
        entry(4, Some(part(4, 0))),
        entry(5, Some(part(8, 0))),
        entry(6, Some(part(6, 0))),
        entry(7, Some(part(5, 0))),
    ];
    let Outcome::Target(choice) = outcome(&disks, &entries, "").unwrap() else { panic!("a tie") };
    assert_eq!((choice.target.name.as_str(), choice.rule), ("sdb", Rule::BootEntry(6, "entry 6".into())));
    let gone = part(99, 0);
    assert_eq!(
        choice.skipped,
        [
            "Boot0000 is passed over: it cannot be read".to_string(),
            "Boot0001 \"entry 1\" is passed over: it is not active".into(),
            "Boot0002 \"entry 2\" is passed over: it names no partition of a GPT".into(),
            format!("Boot0003 \"entry 3\" is passed over: no disk has its partition {gone}"),
            "Boot0004 \"entry 4\" is passed over: sda cannot be the target".into(),
            format!("Boot0005 \"entry 5\" is passed over: several disks have its partition {}", part(8, 0)),
        ]
    );
}

#[test]
fn a_named_disk_wins_by_name_path_by_id_serial_or_wwn() {
    let mut second = disk("nvme1n1", 32);
    second.wwn = "eui.0123".into();
    second.model = "Good Disk".into();
    let disks = [stick(), disk("nvme0n1", 64), second];
    for wanted in ["nvme1n1", "/dev/nvme1n1", "S-nvme1n1", "eui.0123", "nvme-eui.0123", "/dev/disk/by-id/nvme-Good_Disk_S-nvme1n1"] {
        let choice = pick(&disks, &format!("install.disk={wanted}")).unwrap();
        assert_eq!((choice.target.name.as_str(), choice.rule), ("nvme1n1", Rule::Named), "{wanted}");
        assert_eq!(
            choice.others[1].to_string(),
            "nvme0n1 (unknown model, serial S-nvme0n1, 64.0 GiB, nvme): nothing recognised; it could be, but nvme1n1 is taken"
        );
    }
}

#[test]
fn what_a_person_types_goes_before_everything() {
    let disks = [disk("nvme0n1", 16), disk("sdb", 32)];
    let facts = Facts { disks: &disks, entries: &[], driverless: &[], content: GIB };
    let Outcome::Target(choice) = choose(facts, &settings("install.disk=sdb"), Some("nvme0n1")).unwrap() else { panic!("a tie") };
    assert_eq!((choice.target.name.as_str(), choice.rule), ("nvme0n1", Rule::Typed));
}

#[test]
fn a_name_must_mean_exactly_one_disk() {
    let mut twin = disk("nvme1n1", 16);
    twin.serial = "S-nvme0n1".into();
    let disks = [disk("nvme0n1", 16), twin];
    assert_eq!(why(&disks, "install.disk=S-nvme0n1").0, "choosing the disk S-nvme0n1: more than one disk answers to it");
    let (unknown, compared) = why(&disks, "install.disk=sdz");
    assert_eq!(unknown, "choosing the disk: sdz is no disk's name, path, by-id name, serial number or WWN");
    assert_eq!(compared.len(), 2);
}

#[test]
fn a_disk_that_may_still_come_is_awaited_and_a_partition_is_not() {
    let disks = [with_table(disk("nvme0n1", 16), 5, true, 1)];
    let Outcome::Open(why) = outcome(&disks, &[], "install.disk=sdz").unwrap() else { panic!("a target") };
    assert!(why.awaited);
    let error = outcome(&disks, &[], "install.disk=/dev/nvme0n1p1").unwrap_err().to_string();
    assert_eq!(error, "choosing the disk /dev/nvme0n1p1: it is a partition of nvme0n1: name the whole disk");
}

#[test]
fn an_empty_serial_answers_to_nothing() {
    let mut nameless = disk("sdb", 16);
    nameless.serial.clear();
    assert!(pick(&[nameless], "install.disk=/dev/").is_err());
}

#[test]
fn our_own_medium_is_never_the_target_not_even_by_name() {
    let (error, _) = why(&[stick()], "install.disk=sda");
    assert_eq!(error, "choosing the disk sda: sda cannot be the target: it carries the installer's own medium");
}

#[test]
fn each_kind_of_disk_that_is_never_chosen_has_its_reason() {
    for (disk, reason) in [
        (Disk { optical: true, ..disk("sr0", 1) }, "it is an optical drive"),
        (Disk { removable: true, ..disk("sdb", 0) }, "it has no medium in it"),
        (disk("sdb", 0), "the kernel gives it no size, as it does where it cannot use the length of the sectors"),
        (Disk { read_only: true, ..disk("sdb", 16) }, "it is read-only"),
        (disk("mmcblk0boot0", 16), "it is a boot or RPMB area of an eMMC"),
        (Disk { removable: true, ..disk("sdb", 16) }, "its medium is removable; it must be named"),
        (Disk { transport: Transport::Usb, ..disk("sdb", 16) }, "it is attached by USB; it must be named"),
        (Disk { sd_card: true, ..disk("mmcblk0", 16) }, "it is an SD card; it must be named"),
        (Disk { sector: 520, ..disk("sdb", 16) }, "its logical sectors have 520 bytes; only 512 and 4096 are supported"),
        (disk("sdb", 2), "it is too small: 2.0 GiB where 4.2 GiB are needed"),
        // What reads alike in binary units is told apart by its bytes.
        (Disk { bytes: 4_565_499_392, ..disk("sdb", 4) }, "it is too small: 4565499392 bytes where 4565499904 are needed"),
    ] {
        let (error, details) = why(std::slice::from_ref(&disk), "");
        assert_eq!(error, "choosing the disk: no disk can be the target");
        assert_eq!(details, [format!("{disk}: nothing recognised; {reason}")]);
    }
}

#[test]
fn external_disks_can_be_named() {
    for external in [
        Disk { removable: true, ..disk("sdb", 16) },
        Disk { transport: Transport::Usb, ..disk("sdb", 16) },
        Disk { sd_card: true, ..disk("sdb", 16) },
    ] {
        assert_eq!(pick(&[external], "install.disk=sdb").unwrap().target.name, "sdb");
    }
}

#[test]
fn a_backup_disk_on_usb_does_not_stand_in_for_a_hidden_internal_disk() {
    let backup = Disk { transport: Transport::Usb, ..disk("sdb", 4000) };
    assert!(pick(&[stick(), backup], "").is_err());
}

#[test]
fn no_disk_at_all_has_advice() {
    let (error, details) = why(&[], "");
    assert_eq!(error, "choosing the disk: no disk can be the target");
    assert_eq!(details, ["the kernel shows no disk at all: check the cables, and that the firmware's RAID or VMD mode is off"]);
}

#[test]
fn an_unreadable_disk_stops_the_rules_but_not_a_person() {
    let broken = Disk { table: Table::Unreadable, ..disk("nvme0n1", 16) };
    let disks = [broken, disk("sdb", 4000)];
    let (error, details) = why(&disks, "");
    assert_eq!(error, "choosing the disk: a disk cannot be read, and the rules could mistake another for it");
    assert_eq!(details[0], "nvme0n1 (unknown model, serial S-nvme0n1, 16.0 GiB, nvme): it cannot be read; it must be named");
    assert_eq!(pick(&disks, "install.disk=sdb").unwrap().target.name, "sdb");
    assert_eq!(pick(&disks, "install.disk=nvme0n1").unwrap().target.name, "nvme0n1");
}

#[test]
fn controllers_that_may_hide_disks_are_named_when_there_is_none() {
    let driverless = ["no driver for the storage controller 8086:282a".to_string()];
    let facts = Facts { disks: &[stick()], entries: &[], driverless: &driverless, content: GIB };
    let Outcome::Open(why) = choose(facts, &settings(""), None).unwrap() else { panic!("a target") };
    assert_eq!(why.refusal().details[1], driverless[0]);
}
