//! The places the settings come from, weakest first: the file in the initrd, that of the kit partition, the firmware's OEM strings, the kernel command line.

use std::fs::{read, read_dir, read_to_string};
use std::path::{Path, PathBuf};

use crate::error::{Doing, Error, Kind, Result};
use crate::facts::smbios::strings;
use crate::medium::{Kit, SETTINGS};
use crate::settings::kit::Origin;
use crate::settings::{Settings, Source, kit};

/// The settings file that the image was built with.
const FILE: &str = "/etc/autoinstaller/settings";

/// What an older tool called `install.disk=`; people have it in their boot entries.
const OLDER: &str = "INSTALL_DISK=";

/// Scripts of the host, run in the order of their names.
const POST_MOUNT: &str = "/etc/autoinstaller/post-mount-commands";

/// Reads all sources, and takes stock of the kit.
///
/// # Errors
/// The settings file cannot be read, or a source says something that is not understood, or the kit has not what is wanted.
pub fn settings(kit: &Kit) -> Result<Settings> {
    let file = read_to_string(FILE).doing(Kind::Settings, || format!("reading {FILE}"))?;
    let command_line = read_to_string("/proc/cmdline").doing(Kind::Settings, || "reading /proc/cmdline".into())?;
    if command_line.split_ascii_whitespace().any(|word| word.starts_with(OLDER)) {
        log::info!("{OLDER} is understood as install.disk=, which is its name now");
    }
    let settings = Settings::read(&[
        Source::file("the settings file", &file),
        Source::file("settings of the kit partition", kit.text(Origin::Kit, SETTINGS)?),
        Source::smbios(&oem_strings()),
        Source::command_line(&command_line),
    ])?;
    if let Some(why) = kit.unread() {
        kit::require_read(why, &settings)?;
    }
    let kit_unread = kit.unread().map(String::from);
    let (names, age_key) = (kit.names(), kit::age_key(&settings.target_host));
    if settings.require_age_key && !names.contains(&age_key.as_str()) {
        return Err(Error::new(
            Kind::Kit,
            format!("looking for {age_key} on the kit partition"),
            "there is none, and requireAgeKey is set",
        ));
    }
    let of = |origin| kit::inventory(origin, &names, kit.text(origin, kit::MANIFEST)?, &settings.target_host);
    let kit = kit::together(of(Origin::Image)?, of(Origin::Kit)?)?;
    kit::require_apart(&kit, &settings.repository)?;
    Ok(Settings { kit, kit_unread, post_mount: scripts(Path::new(POST_MOUNT))?, ..settings })
}

/// The files of a directory, which need not exist.
fn scripts(directory: &Path) -> Result<Vec<String>> {
    let mut paths: Vec<PathBuf> = read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| read_to_string(path).doing(Kind::Settings, || format!("reading {}", path.display()))).collect()
}

/// OEM strings of all type 11 tables that are ours, a line each. A firmware without them is not an error.
fn oem_strings() -> String {
    let Ok(entries) = read_dir("/sys/firmware/dmi/entries") else { return String::new() };
    let mut tables: Vec<PathBuf> =
        entries.flatten().filter(|e| e.file_name().to_string_lossy().starts_with("11-")).map(|e| e.path()).collect();
    tables.sort();
    let strings = tables.iter().filter_map(|table| read(table.join("raw")).ok()).flat_map(|raw| strings(&raw));
    strings.filter(|s| s.starts_with("install.")).map(|s| s + "\n").collect()
}
