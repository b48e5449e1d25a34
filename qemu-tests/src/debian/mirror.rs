//! Finds the Debian mirror a machine uses, from its own apt, so that no address is written down here.

use anyhow::{Result, bail};
use rustix::process::geteuid;

use crate::command;

/// Names the mirror where the machine's own sources have no Debian archive.
const VARIABLE: &str = "AUTOINSTALLER_DEBIAN_MIRROR";
/// Releases by the names a sources file may give them. Updates and security archives have a suffix.
const SUITES: [&str; 11] =
    ["bullseye", "bookworm", "trixie", "forky", "duke", "sid", "oldoldstable", "oldstable", "stable", "testing", "unstable"];

/// The machine's own Debian mirror, or the one the environment names.
pub fn find() -> Result<String> {
    if let Some(mirror) = std::env::var_os(VARIABLE) {
        return Ok(mirror.to_string_lossy().into_owned());
    }
    let mut found = targets()?;
    // apt names only what it has lists of, and a fresh container has none.
    if found.is_empty() && geteuid().is_root() {
        command::run("refreshing this machine's lists of packages", command::tool("apt-get").arg("update"))?;
        found = targets()?;
    }
    if found.is_empty() {
        bail!("looking for a Debian mirror: this machine's apt has no lists of packages; run: sudo apt-get update");
    }
    match debian_mirror(&found) {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!("looking for a Debian mirror: this machine's apt knows none; set {VARIABLE} to the address of one"),
    }
}

/// What the machine's apt has lists of: lines of `release address`.
fn targets() -> Result<String> {
    let mut command = command::tool("apt-get");
    command.args(["indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]);
    command::text("looking for a Debian mirror", &mut command)
}

/// The first main archive among lines of `release address`.
fn debian_mirror(targets: &str) -> Option<&str> {
    targets
        .lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(release, address)| SUITES.contains(release) && !address.contains("security"))
        .map(|(_, address)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_main_archive_is_the_mirror() {
        let targets = "jammy http://a.example/ubuntu/\n\
                       bookworm-security http://b.example/debian-security/\n\
                       bookworm http://c.example/debian-security/\n\
                       bookworm-updates http://d.example/debian/\n\
                       bookworm http://e.example/debian/\n";
        assert_eq!(debian_mirror(targets), Some("http://e.example/debian/"));
        assert_eq!(debian_mirror("jammy http://a.example/ubuntu/\n"), None);
    }
}
