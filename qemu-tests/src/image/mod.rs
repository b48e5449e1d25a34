//! Makes media: modules, initrd, stage-2 image, partitions. The only image builder there is; it knows nothing of hosts and flakes.

pub mod append;
pub mod build;
pub mod cpio;
pub mod identity;
pub mod init_binary;
pub mod initrd;
pub mod kernel_config;
pub mod kernel_tree;
pub mod keymaps;
pub mod lean;
pub mod libraries;
pub mod loader;
pub mod medium;
pub mod modules;
pub mod partitions;
pub mod sizes;
pub mod stage2;

use std::path::PathBuf;

use init::settings::Settings;

/// A finished image, and what is needed to boot it and to judge what it installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The hybrid ISO, as it would be written to a stick.
    pub iso: PathBuf,
    /// The kernel that lies on the ISO, for booting without a boot loader.
    pub kernel: PathBuf,
    /// The initrd that lies on the ISO.
    pub initrd: PathBuf,
    /// Bytes of the initrd when the kernel has unpacked it.
    pub initrd_unpacked: u64,
    /// The kernel command line of the ISO's boot entry.
    pub cmdline: String,
    /// UEFI firmware, read-only half.
    pub ovmf_code: PathBuf,
    /// UEFI firmware, template of the variable store.
    pub ovmf_vars: PathBuf,
    /// GUID of the ISO's GPT, lower case.
    pub disk_guid: String,
    /// Store path of the system that the ISO installs; empty where it carries none.
    pub toplevel: String,
    /// The commit of which it leaves a clone; empty without.
    pub commit: String,
    /// The unpacked stage-2 tree; its `nix-store` verifies installed stores.
    pub stage2_root: PathBuf,
    /// What the ISO is told to do, unless somebody says otherwise at boot.
    pub settings: Settings,
    /// The same as the ISO has it: `key=value` lines.
    pub settings_text: String,
    /// The EFI binary of the boot loader that the ISO installs.
    pub loader: PathBuf,
}
