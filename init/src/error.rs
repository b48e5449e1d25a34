//! One error type for the whole installation: what was being done, to what, and why it failed.
//!
//! There is no catch-all and no conversion from `io::Error`: an error without a subject is worth nothing on the screen of a machine
//! that does not boot any more. The [`Kind`] decides what the person is advised to do.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// The class of a failure; it selects the advice on the failure screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key or value of the settings, whatever its source.
    Settings,
    /// The stick itself: not found, damaged, or not what the initrd expects.
    Medium,
    /// What somebody has put on the kit partition.
    Kit,
    /// The machine was booted in a way that cannot lead to a bootable system.
    Firmware,
    /// No disk, or no single disk, could be chosen.
    Choice,
    /// The chosen disk failed or changed while it was being prepared.
    Disk,
    /// Unpacking, registering or `nixos-install` failed on the prepared disk.
    Install,
    /// The disk was read back and does not hold what was installed.
    Verify,
    /// No link, no address, or no answer from outside.
    Network,
    /// The repository cannot be had: a server or a key says no.
    Repository,
    /// The clock is wrong, and nobody tells the time; or a certificate is too old.
    Clock,
    /// The kernel refused something the installer cannot do without.
    System,
    /// A fault of the installer itself.
    Panic,
    /// The machine has too little memory.
    Memory,
}

impl Kind {
    /// The code by which manuals and forums know this class, and its name. A code never changes and is never given to another class.
    pub fn code(self) -> (&'static str, &'static str) {
        match self {
            Kind::Settings => ("AI-01", "settings"),
            Kind::Medium => ("AI-02", "the stick"),
            Kind::Kit => ("AI-03", "the kit"),
            Kind::Firmware => ("AI-04", "firmware"),
            Kind::Choice => ("AI-05", "choice of the disk"),
            Kind::Disk => ("AI-06", "the disk"),
            Kind::Install => ("AI-07", "installation"),
            Kind::Verify => ("AI-08", "reading back"),
            Kind::Network => ("AI-09", "network"),
            Kind::Repository => ("AI-10", "repository"),
            Kind::Clock => ("AI-11", "clock"),
            Kind::System => ("AI-12", "kernel"),
            Kind::Panic => ("AI-13", "the installer"),
            Kind::Memory => ("AI-14", "memory"),
        }
    }

    /// What a person can do about it, most promising first.
    pub fn remedies(self) -> &'static [&'static str] {
        match self {
            Kind::Settings => &[
                "correct the word on the kernel command line: press e in the boot menu",
                "or correct the host's installer.nix, build the image again and write it to the stick",
            ],
            Kind::Medium => &["write the image to the stick again and compare it with the file", "use another stick"],
            Kind::Kit => &["correct what is on the kit partition of the stick (AI-KIT), on any computer, and boot again"],
            Kind::Firmware => &[
                "boot the stick by UEFI: choose its UEFI entry in the firmware's boot menu",
                "to install all the same, add install.force-uefi to the kernel command line",
            ],
            Kind::Choice => &[
                "name the disk: add install.disk=<name or serial> to the kernel command line (press e in the boot menu)",
                "or detach the disks that must not be touched, and boot again",
            ],
            Kind::Disk => &["check the disk and its cable", "boot the stick again: it starts over"],
            Kind::Install => &["read the lines above and the log", "boot the stick again: it starts over"],
            Kind::Verify => &["do not rely on this disk: boot the stick again, it starts over", "keep the log for a report"],
            Kind::Network => &[
                "check the cable and the network it leads to: wired links alone are used, and Wi-Fi is not",
                "without DHCP give an address: ip=ADDRESS::GATEWAY:NETMASK:::none:DNS on the kernel command line (press e in the boot menu)",
            ],
            Kind::Repository => &[
                "mend it on the server (add the key, make the branch) and try again",
                "or name another repository: add install.repo=URL to the kernel command line (press e in the boot menu)",
                "a server that is not known needs its line of known_hosts in the setting knownHosts",
            ],
            Kind::Clock => &[
                "set the clock in the firmware's setup, in UTC",
                "or in the shell (s), as the day is: busybox date -u -s '2030-06-01 12:00'; busybox hwclock -w -u; then try again",
                "or, if the clock is right, have the server's certificate renewed",
            ],
            Kind::Memory => &["give the machine more memory"],
            Kind::System | Kind::Panic => &["keep the log for a report", "boot the stick again: it starts over"],
        }
    }
}

/// A failure: `<doing>: <cause>`, and lines that explain it. Behind a pointer: nearly every function returns one, and moves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(Box<Failure>);

/// What an [`Error`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The class.
    pub kind: Kind,
    /// Gerund and subject, such as `formatting /dev/nvme0n1p2`.
    pub doing: String,
    /// Why it did not work.
    pub cause: String,
    /// One line each, such as the reason per disk.
    pub details: Vec<String>,
}

impl Error {
    /// An error without details.
    pub fn new(kind: Kind, doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Error(Box::new(Failure { kind, doing: doing.into(), cause: cause.to_string(), details: Vec::new() }))
    }

    /// The same failure, of something that the caller knows better.
    pub fn while_doing(mut self, doing: String) -> Self {
        self.0.doing = doing;
        self
    }

    /// The same failure, which another one has brought to light.
    pub fn found_by(self, other: &Error) -> Self {
        let lines = [other.to_string()].into_iter().chain(other.details.iter().cloned()).collect();
        self.with_details(lines)
    }

    /// The same failure, with lines that explain it.
    pub fn with_details(mut self, details: Vec<String>) -> Self {
        self.0.details = details;
        self
    }
}

impl Deref for Error {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl DerefMut for Error {
    fn deref_mut(&mut self) -> &mut Failure {
        &mut self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.cause)
    }
}

impl std::error::Error for Error {}

/// The result of anything that can fail here.
pub type Result<T> = std::result::Result<T, Error>;

/// Gives a foreign error the subject it lacks.
pub trait Doing<T> {
    /// Wraps the error with its class and what was being done.
    fn doing(self, kind: Kind, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: fmt::Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, kind: Kind, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|cause| Error::new(kind, doing(), cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_first_cause_last() {
        let failed: std::result::Result<(), &str> = Err("No space left on device");
        let error = failed.doing(Kind::Disk, || "formatting nvme0n1p2".into()).unwrap_err();
        assert_eq!(error.to_string(), "formatting nvme0n1p2: No space left on device");
    }

    #[test]
    fn what_was_found_out_comes_first_and_what_led_to_it_is_kept() {
        let step = Error::new(Kind::Install, "unpacking", "unsquashfs exited with 1").with_details(vec!["block 7".into()]);
        let error = Error::new(Kind::Disk, "writing", "Input/output error").found_by(&step);
        assert_eq!((error.kind, error.to_string().as_str()), (Kind::Disk, "writing: Input/output error"));
        assert_eq!(error.details, ["unpacking: unsquashfs exited with 1", "block 7"]);
    }

    /// In the order of their codes, of which none may ever change.
    const ALL: [Kind; 14] = [
        Kind::Settings,
        Kind::Medium,
        Kind::Kit,
        Kind::Firmware,
        Kind::Choice,
        Kind::Disk,
        Kind::Install,
        Kind::Verify,
        Kind::Network,
        Kind::Repository,
        Kind::Clock,
        Kind::System,
        Kind::Panic,
        Kind::Memory,
    ];

    #[test]
    fn every_kind_has_advice_and_a_code_that_the_manual_explains() {
        let manual = include_str!("../../README.md");
        for (number, kind) in (1..).zip(ALL) {
            let (code, class) = kind.code();
            assert!(!kind.remedies().is_empty(), "{kind:?}");
            assert_eq!(code, format!("AI-{number:02}"), "{kind:?}");
            assert!(manual.contains(&format!("| `{code}` | {class} |")), "{code}");
        }
        assert_eq!(manual.matches("| `AI-").count(), ALL.len());
    }
}
