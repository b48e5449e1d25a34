//! What a refusal of the kernel is about, where a module is missing: its own answer, `No such device`, says nothing to anybody.

use std::fmt::Display;
use std::fs::read_to_string;

use super::load::Loader;
use super::tables::normal;
use super::words;

/// What a FAT file system is mounted with: its names are written in one character set and read in another, and kernels differ in the second.
pub const VFAT: &[&str] = &["vfat", "nls_cp437", "nls_ascii", "nls_iso8859_1"];

/// The cause of a failure of what these modules do: the first that is not there, or else what the kernel said.
pub fn cause(modules: &[&str], error: impl Display) -> String {
    lacking(modules).unwrap_or_else(|| error.to_string())
}

/// A sentence about the first of these modules that is not there, if any is missing.
pub fn lacking(modules: &[&str]) -> Option<String> {
    let module = modules.iter().find(|module| !is_there(module))?;
    Some(missing(&read_to_string("/proc/cmdline").unwrap_or_default(), module))
}

/// Whether a module is in the kernel, or built into it.
fn is_there(module: &str) -> bool {
    let builtin = read_to_string("/lib/modules/builtin").unwrap_or_default();
    builtin.lines().any(|name| normal(name) == module) || Loader::new().is_ok_and(|mut loader| loader.load_for(module).is_there)
}

fn missing(command_line: &str, module: &str) -> String {
    let why = match words::unwanted(command_line, module) {
        true => "which the kernel command line forbids",
        false => "which is not on this medium or cannot be loaded",
    };
    format!("it takes the kernel's module {module}, {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_module_is_named_and_who_forbids_it() {
        assert_eq!(
            missing("quiet modprobe.blacklist=loop", "loop"),
            "it takes the kernel's module loop, which the kernel command line forbids"
        );
        assert_eq!(missing("quiet", "loop"), "it takes the kernel's module loop, which is not on this medium or cannot be loaded");
    }

    #[test]
    fn where_nothing_is_missing_the_kernel_s_word_counts() {
        assert_eq!(cause(&[], "No space left on device"), "No space left on device");
    }
}
