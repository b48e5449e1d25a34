//! What an image is made of, wherever the parts come from: Debian's archive here, store paths in a Nix build.

use std::path::PathBuf;

/// Paths of the parts.
pub struct Parts {
    /// Compressed kernel with an EFI stub.
    pub kernel: PathBuf,
    /// The configuration that kernel was built with.
    pub kernel_config: PathBuf,
    /// Its module directory with depmod's tables.
    pub modules: PathBuf,
    /// Tree that holds busybox and the mkfs programs with their libraries, and `loadkeys` with keyboard layouts.
    pub programs: PathBuf,
    /// systemd-boot's EFI binary.
    pub loader: PathBuf,
    /// Directory of GRUB's i386-pc modules.
    pub grub: PathBuf,
    /// Root of stage-2.
    pub stage2: PathBuf,
    /// UEFI firmware for virtual machines: code and the empty variable store.
    pub ovmf_code: PathBuf,
    /// See `ovmf_code`.
    pub ovmf_vars: PathBuf,
}
