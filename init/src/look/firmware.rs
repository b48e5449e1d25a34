//! How the machine was booted: what we install boots by UEFI alone.

use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::settings::Settings;

/// Refuses a machine that was not booted by UEFI, unless a person insists.
///
/// # Errors
/// Booted by legacy BIOS without `install.force-uefi`.
pub fn require_uefi(settings: &Settings) -> Result<()> {
    if Path::new("/sys/firmware/efi").exists() {
        return Ok(());
    }
    let cause = "this machine was booted by legacy BIOS, and the installed system boots by UEFI only";
    if settings.force_uefi {
        log::warn!("warning: {cause}; install.force-uefi says to go on");
        return Ok(());
    }
    Err(Error::new(Kind::Firmware, "looking at the firmware", cause))
}
