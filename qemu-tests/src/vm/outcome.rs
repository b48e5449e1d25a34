//! The vocabulary of what must be true of disks, stick, firmware and servers once a machine is off. Must never run anything.

use super::variables::Vars;
use crate::servers::Server;

/// What must be true of the disks once the machine is off. A disk that no row names must be unchanged, always.
#[derive(Debug, Clone, Copy)]
pub enum After {
    /// The disk carries a complete installation.
    TargetInstalled(usize),
    /// The disk was written to, but need not be complete.
    DiskWritten(usize),
    /// Every byte of the disk is what it was.
    DiskUnchanged(usize),
    /// There is no loader where firmware looks on the first partition of the disk, the ESP, and it finds nothing to boot.
    NotBootable(usize),
    /// A file on the kit partition of the stick contains the text; `{guid}` in either is the medium's.
    KitHas(&'static str, &'static str),
    /// There is no such file on the kit partition of the stick.
    KitLacks(&'static str),
    /// The installed root file system, checked right before, has a file or directory with `MODE UID:GID` and text; `{kit NAME}` is
    /// the text of that file of the kit.
    RootHas(&'static str, &'static str, &'static str),
    /// A server was asked for something: its log contains the text.
    Served(Server, &'static str),
    /// A file on the first partition of the disk, the ESP, contains the text; `{guid}` in either is the medium's.
    EspHas(usize, &'static str, &'static str),
    /// The firmware's boot entries, in its order, are those with these descriptions and what it makes by itself.
    Entries(&'static [&'static str]),
    /// The card with this number has never sent a frame.
    NicSilent(usize),
    /// The card with this number has sent frames, which shows that the capture can see them.
    NicSpoke(usize),
    /// The disks boot without the medium, up to the marker of the installed system.
    BootsInstalled(Vars),
}
