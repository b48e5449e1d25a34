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
    /// When the image is said to be made, in seconds since 1970: a clock that stands earlier is wrong.
    pub built: u64,
    /// Tree that holds busybox and the mkfs programs with their libraries, and `loadkeys` with keyboard layouts.
    pub programs: PathBuf,
    /// systemd-boot's EFI binary.
    pub loader: PathBuf,
    /// Directory of GRUB's i386-pc modules.
    pub grub: PathBuf,
    /// Root of stage-2.
    pub stage2: PathBuf,
    /// Laid over its `usr/bin`: what stands in for the NixOS tools where the root does not have them.
    pub stand_ins: Option<PathBuf>,
    /// Store paths that the root refers to, for its own `/nix/store`.
    pub stage2_store: Vec<PathBuf>,
}
