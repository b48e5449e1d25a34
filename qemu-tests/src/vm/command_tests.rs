use super::*;
use crate::vm::nic::{Card, Net};
use crate::vm::scenario::Prefill;
use init::settings::{Settings, Source};

fn image() -> Image {
    Image {
        iso: "/i/a.iso".into(),
        kernel: "/i/linux".into(),
        initrd: "/i/initrd".into(),
        initrd_unpacked: 0,
        cmdline: "console=tty0 console=ttyS0".to_owned(),
        ovmf_code: "/fw/code,1.fd".into(),
        ovmf_vars: "/fw/vars.fd".into(),
        disk_guid: String::new(),
        commit: String::new(),
        toplevel: String::new(),
        stage2_root: "/s".into(),
        settings: Settings::read(&[Source::file("a", "targetHost=a\nprebuilt=true\nlabels.efi=E\nlabels.root=R")]).unwrap(),
        settings_text: String::new(),
        loader: "/l.efi".into(),
    }
}

fn line(boot: &Boot) -> String {
    arguments(&image(), boot, "tcg").join(" ")
}

const DISKS: &[Disk] = &[Disk { bus: Bus::Nvme, mib: 64, sector: 4096, serial: "UV0001", prefill: Prefill::Empty, bad: &[] }];
const BOOT: Boot = Boot {
    firmware: Firmware::Ovmf,
    medium: Some(Medium::UsbStick),
    bad_sector: None,
    disks: DISKS,
    nics: &[],
    tpm: None,
    date: None,
    ram_mib: 1024,
    words: &["install.disk=a,b"],
    kernel_words: &["stand-in.fail", "x"],
    consoles: Consoles::Both,
    keyboard: Keyboard::Ps2,
    survives_reset: false,
    network: &[],
    login: None,
};

#[test]
fn uefi_gets_its_words_through_smbios() {
    let line = line(&BOOT);
    assert!(line.contains("type=11,value=install.disk=a,,b"));
    assert!(line.contains("type=11,value=io.systemd.boot.kernel-cmdline-extra=stand-in.fail x"));
    assert!(line.contains("file=/fw/code,,1.fd"));
    assert!(line.contains("nvme-ns,bus=nvme0,nsid=1,drive=disk0,logical_block_size=4096,"));
    assert!(line.contains("-no-reboot") && !line.contains("-kernel") && !line.contains("bootindex"));
}

#[test]
fn a_network_of_servers_reaches_them_alone() {
    let network = ["guestfwd=tcp:10.0.2.100:22-cmd:/a,b/ssh.sh".to_owned()];
    let nics = [Nic { card: Card::Virtio, net: Net::Servers, unplugged: false }];
    let line = line(&Boot { network: &network, nics: &nics, ..BOOT });
    assert!(line.contains("-netdev user,restrict=on,guestfwd=tcp:10.0.2.100:22-cmd:/a,,b/ssh.sh,id=net0 "), "{line}");
}

#[test]
fn who_may_log_in_has_a_port_for_it() {
    let nics = [Nic { card: Card::Virtio, net: Net::Login, unplugged: false }];
    let line = line(&Boot { nics: &nics, login: Some(2222), ..BOOT });
    assert!(line.contains("-netdev user,hostfwd=tcp:127.0.0.1:2222-:22,id=net0 "), "{line}");
}

#[test]
fn a_direct_boot_has_a_command_line_and_the_stick() {
    let line = line(&Boot { firmware: Firmware::Direct, ..BOOT });
    assert!(
        line.contains("-kernel /i/linux -initrd /i/initrd -append console=tty0 console=ttyS0 no_timer_check no-scroll stand-in.fail x")
    );
    assert!(line.contains("usb-storage,id=stick") && !line.contains("kernel-cmdline-extra"));
}

#[test]
fn a_machine_has_the_consoles_of_its_row() {
    let of = |consoles| line(&Boot { firmware: Firmware::DirectBios, consoles, ..BOOT });
    let serial = of(Consoles::Serial);
    assert!(serial.contains("-vga none") && serial.contains("-append console=ttyS0 no_timer_check"));
    let screen = of(Consoles::Screen);
    let usb = line(&Boot { keyboard: Keyboard::Usb, ..BOOT });
    assert!(usb.contains("-machine q35,i8042=off ") && usb.contains("-device usb-kbd,bus=xhci.0"));
    assert!(screen.contains("-vga std") && screen.contains("-append console=tty0 no_timer_check") && !screen.contains("pflash"));
}

#[test]
fn disks_come_late_only_on_buses_for_that() {
    let late = |bus| late(1, &Disk { bus, ..DISKS[0] });
    assert_eq!(late(Bus::NvmeLater).unwrap()["bus"], "port1");
    assert_eq!(late(Bus::UsbLater).unwrap()["id"], late_id(1));
    assert_eq!(late(Bus::Sata).unwrap_err().to_string(), "plugging disk 1 in: Sata is there from the start");
    let line = line(&Boot { disks: &[Disk { bus: Bus::NvmeLater, ..DISKS[0] }], ..BOOT });
    assert!(line.contains("-device pcie-root-port,id=port0") && !line.contains("nvme,"));
}

#[test]
fn a_recorded_disk_hears_of_flushes() {
    let line = line(&Boot { disks: &[Disk { bus: Bus::NvmeRecorded, ..DISKS[0] }], ..BOOT });
    assert!(line.contains("-drive if=none,id=disk0,discard=unmap,driver=blklogwrites,file.driver=file,") && !line.contains("unsafe"));
}

#[test]
fn bios_has_no_flash_and_a_disc_is_read_only() {
    let line = line(&Boot { firmware: Firmware::SeaBios, medium: Some(Medium::Cdrom), kernel_words: &[], survives_reset: true, ..BOOT });
    assert!(!line.contains("pflash") && !line.contains("-no-reboot"));
    assert!(line.contains("media=cdrom,readonly=on,format=raw"));
}
