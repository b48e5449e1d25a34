//! Looking: what was asked for, how the machine was booted, which disks there are. Nothing here opens a device for writing.

mod boot_entries;
mod contents;
mod controllers;
mod disks;
mod firmware;
mod sources;
mod users;
mod wait;

pub use boot_entries::boot_entries;
pub use controllers::without_driver;
pub use disks::disks;
pub use firmware::require_uefi;
pub use sources::settings;
pub use users::users;
pub use wait::{again, machine};
