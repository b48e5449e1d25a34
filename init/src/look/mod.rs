//! Looking: what was asked for, how the machine was booted, which disks there are. Nothing here opens a device for writing.

mod boot_entries;
mod contents;
mod controllers;
mod disks;
mod firmware;
mod memory;
mod recognise;
mod roots;
mod sources;
mod users;
mod wait;

pub use boot_entries::{GLOBAL as GLOBAL_VARIABLES, boot_entries, boot_entries_at};
pub use controllers::{cards_without_driver, without_driver, without_driver_at};
pub use disks::{disks, disks_at};
pub use firmware::require_uefi;
pub use memory::require_memory;
pub use recognise::recognise;
pub use roots::Roots;
pub use sources::settings;
pub use users::users;
pub use wait::{again, machine, medium_once};
