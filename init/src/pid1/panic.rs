//! A panic of PID 1 would be a panic of the kernel, and its message would be gone with the machine. So it is shown, and the machine holds.

use super::{console, power, truth};

/// Installs the hook. It runs before `panic = "abort"` takes effect and never lets it.
pub fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let pages = [
            format!("\nautoinstaller: failed: the installer itself: {info}\n"),
            format!("autoinstaller: disk: {}\n", truth::sentence()),
            "autoinstaller: switch the machine off by hand and keep this text for a report\n".into(),
        ];
        pages.iter().for_each(|page| console::print_in_panic(page));
        if std::process::id() == 1 {
            power::hold();
        }
    }));
}
