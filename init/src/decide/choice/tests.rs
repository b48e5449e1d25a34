use super::*;
use crate::decide::Transport;
use crate::settings::Source;

const GIB: u64 = 1 << 30;

fn settings(command_line: &str) -> Settings {
    let file = Source::file("settings", "targetHost=h\nprebuilt=true\nlabels.efi=E\nlabels.root=R\n");
    Settings::read(&[file, Source::command_line(command_line)]).unwrap()
}

fn disk(name: &str, gib: u64) -> Disk {
    Disk { name: name.into(), bytes: gib * GIB, sector: 512, serial: format!("S-{name}"), transport: Transport::Nvme, ..Disk::default() }
}

fn stick() -> Disk {
    Disk { ours: true, transport: Transport::Usb, ..disk("sda", 64) }
}

fn pick(disks: &[Disk], command_line: &str) -> Result<Choice> {
    choose(disks, &settings(command_line), GIB)
}

fn why(disks: &[Disk], command_line: &str) -> (String, Vec<String>) {
    let error = pick(disks, command_line).unwrap_err();
    (error.to_string(), error.details)
}

#[test]
fn the_only_candidate_wins_and_the_others_are_explained() {
    let choice = pick(&[stick(), disk("nvme0n1", 16)], "").unwrap();
    assert_eq!((choice.target.name.as_str(), choice.rule), ("nvme0n1", Rule::Only));
    assert_eq!(choice.others, ["sda (unknown model, serial S-sda, 64.0 GiB, usb): it carries the installer's own medium"]);
}

#[test]
fn two_candidates_are_a_refusal() {
    let (error, details) = why(&[stick(), disk("nvme0n1", 16), disk("nvme1n1", 32)], "");
    assert_eq!(error, "choosing the disk: more than one disk could be the target");
    assert_eq!(details[1], "nvme0n1 (unknown model, serial S-nvme0n1, 16.0 GiB, nvme): it could be the target");
    assert_eq!(details.len(), 3);
}

#[test]
fn a_named_disk_wins_by_name_path_serial_or_wwn() {
    let mut second = disk("nvme1n1", 32);
    second.wwn = "eui.0123".into();
    let disks = [stick(), disk("nvme0n1", 16), second];
    for wanted in ["nvme1n1", "/dev/nvme1n1", "S-nvme1n1", "eui.0123"] {
        let choice = pick(&disks, &format!("install.disk={wanted}")).unwrap();
        assert_eq!((choice.target.name.as_str(), choice.rule), ("nvme1n1", Rule::Named), "{wanted}");
        assert_eq!(choice.others[1], "nvme0n1 (unknown model, serial S-nvme0n1, 16.0 GiB, nvme): another was named by install.disk=");
    }
}

#[test]
fn a_name_must_mean_exactly_one_disk() {
    let mut twin = disk("nvme1n1", 16);
    twin.serial = "S-nvme0n1".into();
    let disks = [disk("nvme0n1", 16), twin];
    assert_eq!(why(&disks, "install.disk=S-nvme0n1").0, "choosing the disk S-nvme0n1 of install.disk=: more than one disk answers to it");
    assert_eq!(why(&disks, "install.disk=sdz").0, "choosing the disk sdz of install.disk=: no disk has this name, serial number or WWN");
    assert_eq!(why(&disks, "install.disk=nvme0n1p1").1.len(), 2);
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
    assert_eq!(error, "choosing the disk sda of install.disk=: sda cannot be the target: it carries the installer's own medium");
}

#[test]
fn each_kind_of_disk_that_is_never_chosen_has_its_reason() {
    for (disk, reason) in [
        (Disk { optical: true, ..disk("sr0", 1) }, "it is an optical drive"),
        (disk("sdb", 0), "it has no medium in it"),
        (Disk { read_only: true, ..disk("sdb", 16) }, "it is read-only"),
        (disk("mmcblk0boot0", 16), "it is a boot or RPMB area of an eMMC"),
        (Disk { removable: true, ..disk("sdb", 16) }, "its medium is removable; only install.disk= can choose it"),
        (Disk { transport: Transport::Usb, ..disk("sdb", 16) }, "it is attached by USB; only install.disk= can choose it"),
        (Disk { sd_card: true, ..disk("mmcblk0", 16) }, "it is an SD card; only install.disk= can choose it"),
        (Disk { sector: 520, ..disk("sdb", 16) }, "its logical sectors have 520 bytes; only 512 and 4096 are supported"),
        (disk("sdb", 2), "it is too small: 2.0 GiB where 4.2 GiB are needed"),
    ] {
        let (error, details) = why(std::slice::from_ref(&disk), "");
        assert_eq!(error, "choosing the disk: no disk can be the target");
        assert_eq!(details, [format!("{disk}: {reason}")]);
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
