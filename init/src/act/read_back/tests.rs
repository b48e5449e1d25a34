use super::*;
use std::fs::{create_dir_all, remove_file, write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;

const TOP: &str = "/nix/store/aaa-nixos-system";

struct Disk(PathBuf);

impl Disk {
    /// A good disk, as `nixos-install` leaves it.
    fn new(name: &str) -> Disk {
        let root = std::env::temp_dir().join(format!("read-back-{name}-{}", std::process::id()));
        let disk = Disk(root);
        for directory in [
            "nix/store/aaa-nixos-system",
            "nix/store/bbb-linux",
            "nix/var/nix/profiles",
            "boot/EFI/BOOT",
            "boot/EFI/nixos",
            "boot/loader/entries",
        ] {
            create_dir_all(disk.0.join(directory)).unwrap();
        }
        disk.put("nix/store/bbb-linux/bzImage", "kernel");
        disk.put("nix/store/aaa-nixos-system/initrd", "initrd");
        symlink("/nix/store/bbb-linux/bzImage", disk.0.join("nix/store/aaa-nixos-system/kernel")).unwrap();
        symlink("system-1-link", disk.0.join("nix/var/nix/profiles/system")).unwrap();
        symlink(TOP, disk.0.join("nix/var/nix/profiles/system-1-link")).unwrap();
        disk.put("nix/store/aaa-nixos-system/init", "#!");
        write(disk.0.join("boot/EFI/BOOT/BOOTX64.EFI"), efi_program::tests::program()).unwrap();
        disk.put("boot/EFI/nixos/k.efi", "kernel");
        disk.put("boot/EFI/nixos/i.efi", "initrd");
        disk.put("boot/loader/loader.conf", "timeout 5\ndefault nixos-generation-*\n");
        let entry = format!("title NixOS\nlinux /EFI/nixos/k.efi\ninitrd /EFI/nixos/i.efi\noptions init={TOP}/init quiet\n");
        disk.put("boot/loader/entries/nixos-generation-1.conf", &entry);
        disk
    }

    fn put(&self, path: &str, text: &str) {
        write(self.0.join(path), text).unwrap();
    }

    fn verdict(&self) -> std::result::Result<(), String> {
        check(&self.0, TOP).map_err(|e| e.to_string().replace(&self.0.display().to_string(), ""))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn a_good_disk_passes() {
    assert_eq!(Disk::new("good").verdict(), Ok(()));
}

#[test]
fn everything_that_would_not_boot_is_found() {
    type Damage = fn(&Disk);
    let damages: [(&str, Damage, &str); 12] = [
        ("cut-loader", |d| d.put(REMOVABLE_PATH, "MZ loader"), "reading back /boot/EFI/BOOT/BOOTX64.EFI: it is not a whole EFI program"),
        (
            "two-initrds",
            |d| d.put("boot/loader/entries/nixos-generation-1.conf", "linux /k\ninitrd /i\ninitrd /j\noptions x\n"),
            "reading the disk back: the boot entry nixos-generation-1.conf has 2 lines initrd",
        ),
        (
            "longer",
            |d| d.put("boot/EFI/nixos/i.efi", "initrd and more"),
            "comparing /boot/EFI/nixos/i.efi with /nix/store/aaa-nixos-system/initrd: they differ",
        ),
        (
            "loader",
            |d| remove_file(d.0.join(REMOVABLE_PATH)).unwrap(),
            "reading back /boot/EFI/BOOT/BOOTX64.EFI: No such file or directory (os error 2)",
        ),
        ("empty-loader", |d| d.put(REMOVABLE_PATH, ""), "reading back /boot/EFI/BOOT/BOOTX64.EFI: it is not a whole EFI program"),
        (
            "kernel",
            |d| d.put("boot/EFI/nixos/k.efi", "kerne1"),
            "comparing /boot/EFI/nixos/k.efi with /nix/store/aaa-nixos-system/kernel: they differ",
        ),
        (
            "short",
            |d| d.put("boot/EFI/nixos/i.efi", "init"),
            "comparing /boot/EFI/nixos/i.efi with /nix/store/aaa-nixos-system/initrd: they differ",
        ),
        (
            "entry",
            |d| remove_file(d.0.join("boot/loader/entries/nixos-generation-1.conf")).unwrap(),
            "reading the disk back: there is no boot entry nixos-generation-*, the default of loader.conf",
        ),
        ("conf", |d| d.put("boot/loader/loader.conf", "timeout 5\n"), "reading the disk back: loader.conf names no default entry"),
        (
            "other",
            |d| d.put("boot/loader/entries/nixos-generation-1.conf", "linux /k\ninitrd /i\noptions init=/nix/store/old/init\n"),
            "reading the disk back: the boot entry nixos-generation-1.conf does not start /nix/store/aaa-nixos-system",
        ),
        (
            "no-initrd",
            |d| d.put("boot/loader/entries/nixos-generation-1.conf", "linux /k\noptions init=x\n"),
            "reading the disk back: the boot entry nixos-generation-1.conf has no initrd",
        ),
        (
            "profile",
            |d| remove_file(d.0.join("nix/var/nix/profiles/system-1-link")).unwrap(),
            "reading the disk back: /nix/var/nix/profiles/system leads to /nix/var/nix/profiles/system-1-link, which is not there",
        ),
    ];
    for (name, damage, message) in damages {
        let disk = Disk::new(name);
        damage(&disk);
        assert_eq!(disk.verdict().unwrap_err(), message, "{name}");
    }
}

#[test]
fn secrets_may_follow_the_initrd_but_not_replace_it() {
    let disk = Disk::new("secrets");
    disk.put("nix/store/aaa-nixos-system/append-initrd-secrets", "#!");
    disk.put("boot/EFI/nixos/i.efi", "initrd and secrets");
    assert_eq!(disk.verdict(), Ok(()));
    disk.put("boot/EFI/nixos/i.efi", "initrb and secrets");
    assert!(disk.verdict().is_err());
    disk.put("boot/EFI/nixos/i.efi", "init");
    assert!(disk.verdict().is_err());
}

#[test]
fn links_cannot_leave_the_disk() {
    let disk = Disk::new("links");
    symlink("../../../../../../etc/passwd", disk.0.join("escape")).unwrap();
    assert!(inside(&disk.0, "/escape").is_err());
    symlink("/loop", disk.0.join("loop")).unwrap();
    assert_eq!(inside(&disk.0, "/loop").unwrap_err(), "/loop leads through too many links");
}
