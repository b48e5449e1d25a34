//! The firmware's boot entries, from efivarfs. A machine without them, or with damaged ones, has that many fewer.

use std::fs::read;
use std::io::ErrorKind;

use super::Roots;
use crate::facts::bytes::utf16;
use crate::facts::load_option::{LoadOption, boot_order, load_option};

/// efivarfs, below sysfs.
const VARIABLES: &str = "firmware/efi/efivars";

/// Namespace of the variables that UEFI itself defines (UEFI 2.10, section 3.3).
pub const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// Namespace of the variables that boot loaders set (Boot Loader Interface).
const LOADER: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// PARTUUID of the partition that the boot loader of this boot lies on, lower case; absent on a CD, and with BIOS.
pub fn booted_from(roots: Roots) -> Option<String> {
    let variable = read(roots.sysfs(&format!("{VARIABLES}/LoaderDevicePartUUID-{LOADER}"))).ok()?;
    Some(utf16(variable.get(4..)?).0.to_ascii_lowercase())
}

/// Number and content of the entries, in the order in which the firmware tries them; without content for one that cannot be read.
pub fn boot_entries() -> Vec<(u16, Option<LoadOption>)> {
    boot_entries_at(Roots::MACHINE)
}

/// As [`boot_entries`], for the machine with these roots.
pub fn boot_entries_at(roots: Roots) -> Vec<(u16, Option<LoadOption>)> {
    let variable = |name: &str| read(roots.sysfs(&format!("{VARIABLES}/{name}-{GLOBAL}")));
    let order = match variable("BootOrder") {
        Ok(bytes) => boot_order(&bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            log::warn!("reading BootOrder: {error}: the firmware's boot entries are not known");
            Vec::new()
        }
    };
    order.into_iter().map(|number| (number, variable(&format!("Boot{number:04X}")).ok().as_deref().and_then(load_option))).collect()
}
