//! The places the settings come from, weakest first: the file in the initrd, the firmware's OEM strings, the kernel command line.

use std::fs::{read, read_dir, read_to_string};
use std::path::PathBuf;

use crate::error::{Doing, Kind, Result};
use crate::settings::{Settings, Source};

/// The settings file that the image was built with.
const FILE: &str = "/etc/autoinstaller/settings";

/// Reads all sources.
///
/// # Errors
/// The settings file cannot be read, or a source says something that is not understood.
pub fn settings() -> Result<Settings> {
    let file = read_to_string(FILE).doing(Kind::Settings, || format!("reading {FILE}"))?;
    let command_line = read_to_string("/proc/cmdline").doing(Kind::Settings, || "reading /proc/cmdline".into())?;
    Settings::read(&[Source::file("the settings file", &file), Source::smbios(&oem_strings()), Source::command_line(&command_line)])
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

/// The strings behind the formatted area of a table (SMBIOS 3.7, section 6.1.3): its length is byte 1, each string ends with a zero.
fn strings(raw: &[u8]) -> Vec<String> {
    let formatted = raw.get(1).copied().map_or(raw.len(), usize::from);
    let area = raw.get(formatted..).unwrap_or_default();
    area.split(|byte| *byte == 0).filter(|s| !s.is_empty()).map(|s| String::from_utf8_lossy(s).into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::strings;

    #[test]
    fn oem_strings_are_behind_the_formatted_area() {
        assert_eq!(strings(b"\x0b\x05\x00\x0b\x02install.dry-run\0install.disk=sda\0\0"), ["install.dry-run", "install.disk=sda"]);
    }

    #[test]
    fn damaged_tables_say_nothing() {
        for raw in [&b""[..], b"\x0b", b"\x0b\xff\x00", b"\x0b\x05\x00\x0b\x02\0\0"] {
            assert!(strings(raw).is_empty(), "{raw:?}");
        }
    }
}
