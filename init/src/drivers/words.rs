//! What the kernel command line says about modules. The kernel itself hears only what concerns the modules built into it: the rest is
//! for whoever loads them. Documentation/admin-guide/kernel-parameters.rst. Pure.

use super::tables::normal;

/// Lists of modules that are not to be loaded, the kernel's own word and modprobe's.
const UNWANTED: [&str; 2] = ["module_blacklist=", "modprobe.blacklist="];

/// Whether a module is not to be loaded.
pub fn unwanted(command_line: &str, module: &str) -> bool {
    let lists = words(command_line).into_iter().filter_map(|word| UNWANTED.iter().find_map(|name| word.strip_prefix(name)));
    lists.flat_map(|list| list.split(',')).any(|name| normal(name) == module)
}

/// The parameters of a module, as the kernel wants to be given them with it: of `MODULE.NAME=VALUE` what is behind the first dot.
pub fn parameters(command_line: &str, module: &str) -> String {
    let of_it = |word: &&str| word.split_once('.').is_some_and(|(name, _)| normal(name) == module);
    let parameters: Vec<&str> = words(command_line).into_iter().filter(of_it).filter_map(|word| Some(word.split_once('.')?.1)).collect();
    parameters.join(" ")
}

/// The words before ` -- `; white space between quotation marks does not end one.
fn words(command_line: &str) -> Vec<&str> {
    let mut quoted = false;
    let ends = |c: char| {
        quoted ^= c == '"';
        c.is_ascii_whitespace() && !quoted
    };
    command_line.split(ends).take_while(|word| *word != "--").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_of_unwanted_modules_count_and_dashes_are_underscores() {
        let line = "quiet module_blacklist=nvme,usb-storage modprobe.blacklist=e1000e\n";
        let found = ["nvme", "usb_storage", "e1000e", "nvm", "ahci"].map(|module| unwanted(line, module));
        assert_eq!(found, [true, true, true, false, false]);
    }

    #[test]
    fn a_module_gets_its_own_parameters_in_their_order() {
        let line = "root=/dev/a.b usb-storage.delay_use=0 usb_storage.quirks=1:2:u loop.x usbcore.a=\"b c\" usbcore.d=e -- usbcore.f=g\n";
        assert_eq!(parameters(line, "usb_storage"), "delay_use=0 quirks=1:2:u");
        assert_eq!(parameters(line, "loop"), "x");
        assert_eq!(parameters(line, "usbcore"), "a=\"b c\" d=e");
        assert_eq!(parameters(line, "nvme"), "");
    }
}
