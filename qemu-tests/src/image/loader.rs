//! Texts of the boot loaders: systemd-boot's entries (UAPI boot loader specification, type 1) and GRUB's menu for
//! machines with a BIOS. Both show the same two entries and load the same files.

use crate::cache::Key;

/// Both consoles; the kernel's self tests of its algorithms cost 0.7 s of a boot and test nothing we change; a stick is looked at as
/// soon as it is there, and not a second later: whether the disks are quiet is our own affair. The root file system may hold a deploy key,
/// and as a ramfs it is never swapped, which a tmpfs is.
pub const COMMAND_LINE: &str =
    "console=tty0 console=ttyS0,115200 quiet printk.devkmsg=on usb-storage.delay_use=0 cryptomgr.notests rootfstype=ramfs";

/// In seconds: long enough to press a key, short enough for an unattended start.
const TIMEOUT: u32 = 2;

struct Entry {
    id: &'static str,
    title: &'static str,
    words: &'static str,
}

const ENTRIES: [Entry; 2] =
    [Entry { id: "10-install", title: "Install", words: "" }, Entry { id: "20-rescue", title: "Rescue shell", words: " install.shell" }];

/// Files below `/loader` for systemd-boot: path and text.
pub fn systemd_boot() -> Vec<(String, String)> {
    let mut files = vec![(
        "loader.conf".to_owned(),
        // Without a default it would take the last file name.
        format!("timeout {TIMEOUT}\ndefault {}.conf\neditor yes\nconsole-mode keep\n", ENTRIES[0].id),
    )];
    files.extend(ENTRIES.iter().map(|entry| {
        let Entry { id, title, words } = entry;
        (
            format!("entries/{id}.conf"),
            format!("title {title}\nsort-key {id}\nlinux /linux\ninitrd /initrd\noptions {COMMAND_LINE}{words}\n"),
        )
    }));
    files
}

/// Adds every text of the loaders; the identity itself is not known yet.
pub fn identify(key: &mut Key) {
    for (name, text) in systemd_boot() {
        key.add(name.as_bytes());
        key.add(text.as_bytes());
    }
    key.add(grub_early("").as_bytes());
    key.add(grub_menu().as_bytes());
}

/// Directory that only this image has: GRUB looks for it on every disk it sees.
pub fn grub_directory(disk_guid: &str) -> String {
    format!("/autoinstaller/{disk_guid}")
}

/// What GRUB's core runs first: it finds the partition of this image and no other.
pub fn grub_early(disk_guid: &str) -> String {
    let directory = grub_directory(disk_guid);
    format!("search --no-floppy --file --set=root {directory}/grub.cfg\nset prefix=($root){directory}\n")
}

/// GRUB's menu.
pub fn grub_menu() -> String {
    let mut text = format!(
        "serial --unit=0 --speed=115200\nterminal_input console serial\nterminal_output console serial\n\
         set timeout={TIMEOUT}\nset default=0\n"
    );
    for Entry { title, words, .. } in &ENTRIES {
        text += &format!("menuentry \"{title}\" {{\n linux /linux {COMMAND_LINE}{words}\n initrd /initrd\n}}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_loaders_offer_the_same_entries() {
        let entries = systemd_boot();
        assert_eq!(entries.len(), 3);
        assert_eq!(
            entries[2],
            (
                "entries/20-rescue.conf".to_owned(),
                format!(
                    "title Rescue shell\nsort-key 20-rescue\nlinux /linux\ninitrd /initrd\n\
                     options {COMMAND_LINE} install.shell\n"
                )
            )
        );
        let menu = grub_menu();
        assert!(menu.contains("menuentry \"Install\" {\n linux /linux console=tty0 "));
        assert!(menu.contains(&format!(" linux /linux {COMMAND_LINE} install.shell\n initrd /initrd\n}}\n")));
    }

    #[test]
    fn grub_looks_for_a_name_no_other_image_has() {
        assert_eq!(
            grub_early("0a0b"),
            "search --no-floppy --file --set=root /autoinstaller/0a0b/grub.cfg\n\
             set prefix=($root)/autoinstaller/0a0b\n"
        );
    }
}
