//! Drivers: the modules in the initrd, loaded for the devices that are there and for whatever the kernel asks for.
//!
//! No udev: the tables were made from the kernel's own when the image was built, and devices announce themselves in sysfs.

mod attend;
mod boot_commands;
mod coldplug;
mod glob;
mod load;
mod modprobe;
pub mod needed;
pub mod nodes;
mod tables;
mod uevents;
mod words;

pub use attend::Drivers;
pub use boot_commands::boot_commands;
pub use glob::matches;
pub use modprobe::{answer, provide};
