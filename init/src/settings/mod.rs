//! What the installation was asked to do: the settings file in the initrd, the kit's, SMBIOS strings and the kernel command line.
//!
//! One vocabulary: a key is the option path of the Nix module, on the command line with `install.` before it. A later source wins.
//! Pure: it is given texts and never reads a file. Nothing here may guess: an unknown key, a bad value or a repeated key is an error.

mod draft;
mod grammar;
mod ip;
mod keys;
pub mod kit;
mod label;
mod luks;
mod nearest;
mod network;
mod online;
mod repository;
mod root_fs;
mod size;
mod ssh;

pub use grammar::{Source, SourceKind};
pub use ip::{Address, Ip};
pub use keys::of_files as keys;
pub use luks::{Luks, Pbkdf};
pub use network::Network;
pub use online::Online;
pub use repository::Repository;
pub use root_fs::RootFs;
pub use size::Size;

use crate::error::Result;

/// Everything a person can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the host that is installed.
    pub target_host: String,
    /// Whether the closure is on the medium.
    pub prebuilt: bool,
    /// Where the system comes from otherwise, and what a clone is left of in any case.
    pub repository: Repository,
    /// Who is believed while the system is built; `None` where it is on the medium.
    pub online: Option<Online>,
    /// The labels the installed system looks its file systems up by.
    pub labels: Labels,
    /// Size of the ESP in bytes.
    pub esp: u64,
    /// Kind of the root file system.
    pub root_fs: RootFs,
    /// Encryption of the root file system, `None` without.
    pub luks: Option<Luks>,
    /// Size of the swap partition, `None` without one.
    pub swap: Option<Size>,
    /// Layout of the keyboards, by the name its file has; `None` for the kernel's own.
    pub keymap: Option<String>,
    /// Directories to create on the new root, as the installed system sees them.
    pub mount_dirs: Vec<String>,
    /// Scripts to run when the new file systems are mounted: files of the initrd, since a script has lines.
    pub post_mount: Vec<String>,
    /// What the image and the kit partition put on the new root: names and places, no content.
    pub kit: Vec<kit::Item>,
    /// Why nothing of the kit partition counts, if it cannot be read.
    pub kit_unread: Option<String>,
    /// Nothing is installed without the age key of the host.
    pub require_age_key: bool,
    /// Remove private keys from the stick at the end.
    pub wipe_kit: bool,
    /// Whether and how to be online.
    pub network: Network,
    /// Who may log in while it is installed, `TYPE KEY` each; without any there is no ssh server.
    pub ssh_keys: Vec<String>,
    /// Wait for a person before the disk is read back and the machine ends.
    pub hold: bool,
    /// Give the firmware a boot entry for the new system.
    pub firmware_entry: bool,
    /// Power off at the end, otherwise reboot.
    pub power_off: bool,
    /// `install.disk=`: the target named by a person.
    pub disk: Option<String>,
    /// `install.confirm=`: serial number of the one disk that may be erased without a question, once.
    pub confirm: Option<String>,
    /// `install.debug.panic=`: where this program panics on purpose, to show what becomes of that.
    pub panic_at: Option<String>,
    /// Show the plan and stop.
    pub dry_run: bool,
    /// Open a shell instead of installing.
    pub shell: bool,
    /// Never ask: refuse instead.
    pub unattended: bool,
    /// Install although the machine was not booted by UEFI.
    pub force_uefi: bool,
}

/// File system labels, each also the partition's name in the GPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The ESP, at most 11 characters.
    pub efi: String,
    /// The partition that holds the encrypted root file system; empty without encryption.
    pub luks: String,
    /// The root file system, as long as its kind allows.
    pub root: String,
    /// The swap partition, at most 15 bytes; empty without one.
    pub swap: String,
}

impl Settings {
    /// Reads the sources in the order given, the later one winning.
    ///
    /// # Errors
    /// The first word that is not a known key with a good value, with its source; or a combination that makes no sense.
    pub fn read(sources: &[Source]) -> Result<Settings> {
        let mut draft = draft::Draft::default();
        for source in sources {
            let entries = grammar::entries(source, keys::is_list)?;
            draft.forget_lists(&entries);
            entries.iter().try_for_each(|entry| draft.set(source, entry))?;
        }
        draft.finish()
    }
}

impl Settings {
    /// Reads one source by itself, for whoever writes one.
    ///
    /// # Errors
    /// As [`Settings::read`], but for combinations.
    pub fn check(source: &Source) -> Result<()> {
        let mut draft = draft::Draft::default();
        grammar::entries(source, keys::is_list)?.iter().try_for_each(|entry| draft.set(source, entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "targetHost=ultraviolet\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\n\
                        labels.swap=UV-SWAP\nswap.enable=true\nswap.size=2G\n";

    fn read(file: &str, command_line: &str) -> std::result::Result<Settings, String> {
        Settings::read(&[Source::file("settings", file), Source::command_line(command_line)]).map_err(|e| e.to_string())
    }

    #[test]
    fn file_and_command_line_are_one_vocabulary_and_the_later_wins() {
        let settings = read(FILE, "quiet console=ttyS0 install.disk=nvme0n1 install.swap.size=512M install.dry-run").unwrap();
        assert_eq!(settings.target_host, "ultraviolet");
        assert_eq!(settings.disk.as_deref(), Some("nvme0n1"));
        assert_eq!(settings.swap, Some(Size::Bytes(512 << 20)));
        assert!(settings.dry_run && settings.power_off && settings.firmware_entry && settings.prebuilt);
    }

    #[test]
    fn a_list_grows_within_a_source_and_is_replaced_by_the_next() {
        let file = format!("{FILE}extraMountDirs=/persist\nextraMountDirs=/mnt/var/data/\n");
        assert_eq!(read(&file, "").unwrap().mount_dirs, ["/persist", "/var/data"]);
        assert_eq!(read(&file, "install.extraMountDirs=/other").unwrap().mount_dirs, ["/other"]);
    }

    #[test]
    fn who_may_log_in_can_reach_the_machine() {
        const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIHKzjdtUvM6gi0z0ShNGxRUINHRYWV3mAO6S3WAiFgFZ";
        let settings = read(FILE, "").unwrap();
        assert!(!settings.network.enable && !settings.hold && settings.ssh_keys.is_empty());
        let settings = read(&format!("{FILE}ssh.authorizedKeys=ssh-ed25519 {KEY} me\nwaitBeforePowerOff=true\n"), "").unwrap();
        assert!(settings.network.enable && settings.network.optional && settings.hold);
        assert_eq!(settings.ssh_keys, [format!("ssh-ed25519 {KEY}")]);
        assert_eq!(read(FILE, &format!("install.ssh.authorizedKeys={KEY}")).unwrap().ssh_keys, settings.ssh_keys);
        assert!(!read(FILE, &format!("install.network.enable install.ssh.authorizedKeys={KEY}")).unwrap().network.optional);
        let nobody = read(&format!("{FILE}ssh.authorizedKeys={KEY}\n"), "install.ssh.authorizedKeys=").unwrap();
        assert!(!nobody.network.enable && nobody.ssh_keys.is_empty());
    }

    #[test]
    fn a_clone_is_left_of_a_repository_wherever_the_system_comes_from() {
        let settings = read(FILE, "REPO_REMOTE=git@example.com:me/x install.targetUser=me").unwrap();
        assert_eq!((settings.repository.remote.as_str(), settings.repository.key_to_user), ("git@example.com:me/x", true));
        assert_eq!((settings.repository.clone.as_str(), settings.online), ("/mnt/nix-config", None));
        let settings = read(FILE, "install.prebuilt=false install.repo=git@example.com:me/x install.unattended").unwrap();
        assert_eq!((settings.repository.key_to_user, settings.online.unwrap().unattended), (false, true));
    }

    #[test]
    fn the_older_tool_s_word_still_names_the_disk() {
        assert_eq!(read(FILE, "INSTALL_DISK=/dev/nvme0n1").unwrap().disk.as_deref(), Some("/dev/nvme0n1"));
        let twice = read(FILE, "INSTALL_DISK=sda install.disk=sdb").unwrap_err();
        assert_eq!(twice, "reading install.disk of the kernel command line: disk is given twice");
    }

    #[test]
    fn every_refusal_names_its_source() {
        for (file, command_line, message) in [
            ("labels.eif=X", "", "reading line 1 of settings: labels.eif is not a setting; the nearest is labels.efi"),
            (FILE, "install.dryrun", "reading install.dryrun of the kernel command line: dryrun is not a setting; the nearest is dry-run"),
            (
                FILE,
                "install.debug.panic=now",
                "reading install.debug.panic of the kernel command line: now is neither preparing nor asking nor the number of a step",
            ),
            (FILE, "install.powerOff=maybe", "reading install.powerOff of the kernel command line: maybe is neither true nor false"),
            (
                FILE,
                "install.powerOff=true install.powerOff=false",
                "reading install.powerOff of the kernel command line: powerOff is given twice",
            ),
            ("disk=sda", "", "reading line 1 of settings: disk can only be given at boot, as install.disk= on the kernel command line"),
            ("targetHost", "", "reading line 1 of settings: targetHost needs a value"),
            ("swap.size=lots", "", "reading line 1 of settings: swap.size: lots is not a size: use 8G, 512M, 8GiB or a number of sectors"),
            ("targetHost=../x", "", "reading line 1 of settings: targetHost: ../x is not a host name: use letters, digits and -"),
            ("keymap=../de", "", "reading line 1 of settings: keymap: \"../de\" is not the name of a file: use letters, digits, . _ and -"),
            (
                "luks.mapperName=a/b",
                "install.luks.mapperName=x",
                "reading line 1 of settings: luks.mapperName: \"a/b\" cannot be the name of a mapping: use at most 127 letters, digits, _ + and -, which cannot come first",
            ),
            (
                "",
                "install.luks.pbkdf.memory=16",
                "reading install.luks.pbkdf.memory of the kernel command line: 16 is not a number from 32 to 4096",
            ),
            ("esp.size=100M", "", "reading line 1 of settings: esp.size: 100M is too small for FAT32 on every disk: use at least 260M"),
            ("extraMountDirs=persist", "", "reading line 1 of settings: extraMountDirs: persist is not an absolute path without . and .."),
            ("extraMountDirs=/a/../b", "", "reading line 1 of settings: extraMountDirs: /a/../b is not an absolute path without . and .."),
            (
                FILE,
                "quiet ip=10.0.2.9::10.0.2.2:banana",
                "reading install.network.ip of the kernel command line: \"banana\" is not a netmask",
            ),
            (FILE, "ip=dhcp install.network.ip=dhcp", "reading install.network.ip of the kernel command line: network.ip is given twice"),
            (
                "",
                "install.wait-network=soon",
                "reading install.wait-network of the kernel command line: soon is not a number of seconds from 1 to 86400",
            ),
            (
                "ssh.authorizedKeys=no-pty ssh-ed25519 AAAA",
                "",
                "reading line 1 of settings: ssh.authorizedKeys: this is no public key: a line of an authorized_keys file without options, TYPE KEY",
            ),
            ("rootFs=zfs", "", "reading line 1 of settings: rootFs: zfs is not a root file system: use ext4, btrfs, xfs or f2fs"),
            (
                "labels.efi=UV-ESP-TOO-LONG",
                "",
                "reading line 1 of settings: labels.efi: UV-ESP-TOO-LONG has 15 characters, a vfat label has at most 11",
            ),
        ] {
            assert_eq!(read(file, command_line).unwrap_err(), message);
        }
    }

    #[test]
    fn combinations_are_checked() {
        let with = |more: &str| format!("targetHost=a\nprebuilt=true\nlabels.efi=E\nlabels.root=R\n{more}");
        for (file, message) in [
            ("", "reading the settings: targetHost is missing"),
            ("targetHost=a\nprebuilt=true\nlabels.efi=E", "reading the settings: labels.root is missing"),
            (
                "targetHost=a\nlabels.efi=E\nlabels.root=R",
                "reading the settings: prebuilt=false needs repoRemote: the system is built from a flake",
            ),
            (
                "targetHost=a\nprebuilt=true\nlabels.efi=E\nlabels.root=R\nswap.enable=true",
                "reading the settings: swap.enable needs labels.swap",
            ),
            ("targetHost=a\nprebuilt=true\nlabels.efi=X\nlabels.root=X", "reading the settings: the label X is given twice"),
            (&with("luks.enable=true"), "reading the settings: luks.enable needs labels.luks"),
            (&with("labels.luks=R"), "reading the settings: the label R is given twice"),
            (
                &with("luks.enable=true\nlabels.luks=L\nluks.keyFile=k\nluks.recoveryKey=true"),
                "reading the settings: luks.recoveryKey is shown to whoever types the passphrase, and with luks.keyFile nobody does",
            ),
            (
                "targetHost=a\nprebuilt=true\nlabels.efi=E\nlabels.root=THIRTEEN-LONG\nrootFs=xfs",
                "reading the settings: labels.root: THIRTEEN-LONG has 13 characters, a xfs label has at most 12",
            ),
        ] {
            assert_eq!(read(file, "").unwrap_err(), message);
        }
    }

    #[test]
    fn encryption_has_defaults_and_needs_somebody_who_knows_the_passphrase() {
        let file = format!("{FILE}luks.enable=true\nlabels.luks=UV-LUKS\n");
        let luks = Luks { mapper_name: "cryptroot".into(), pbkdf: Pbkdf::default(), key_file: None, recovery_key: false };
        assert_eq!(read(&file, "").unwrap().luks, Some(luks));
        assert_eq!(
            read(&file, "install.unattended").unwrap_err(),
            "reading the settings: luks.enable with install.unattended needs luks.keyFile: nobody is there to type a passphrase"
        );
        let luks = read(&file, "install.unattended install.luks.keyFile=key install.luks.pbkdf.memory=64").unwrap().luks.unwrap();
        assert_eq!((luks.key_file.as_deref(), luks.pbkdf.memory, luks.pbkdf.iterations), (Some("key"), Some(64), 4));
    }
}
