//! The layout of the keyboards. The kernel has one for all of its screens; a serial terminal translates keys by itself.

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use log::Level;

use super::children::{self, Job};
use crate::error::{Doing, Error, Kind, Result};

/// Layouts in the form that busybox loads, a file each.
const LAYOUTS: &str = "/etc/autoinstaller/keymaps";
/// A few hundred system calls.
const DEADLINE: Duration = Duration::from_secs(30);

/// What to call the layout in force.
pub fn layout(wanted: Option<&str>) -> &str {
    // The kernel's own (drivers/tty/vt/defkeymap.map).
    wanted.unwrap_or("us")
}

/// Loads a layout. A passphrase typed in another than the person thinks could never be typed again, so a failure is an error.
///
/// # Errors
/// The layout is not on board, or the kernel refuses it.
pub fn load(wanted: Option<&str>) -> Result<()> {
    let Some(name) = wanted.filter(|_| Path::new("/dev/tty0").exists()) else { return Ok(()) };
    let doing = || format!("loading the keyboard layout {name}");
    let path = Path::new(LAYOUTS).join(name);
    if !path.exists() {
        return Err(Error::new(Kind::Settings, doing(), "keymap names a layout that is not on this medium"));
    }
    let mut command = Command::new("/bin/busybox");
    command.arg("loadkmap").env_clear().stdin(File::open(&path).doing(Kind::System, doing)?);
    children::run(
        command,
        Job {
            program: "loadkmap",
            doing: &doing(),
            kind: Kind::System,
            deadline: DEADLINE,
            output: Level::Debug,
            so_far: children::UNKNOWN,
        },
    )?;
    log::info!("the keyboard layout is {name}");
    Ok(())
}
