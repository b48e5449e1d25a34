//! The firmware's boot entry for the new system, written by us and last of all: what NixOS's own loader step would write leads nowhere until
//! the disk is bootable, and if the firmware refuses it that step fails. Here that is a warning, since the removable path is there by then.
//!
//! The entry is the one that `bootctl install` would make, so that a later one finds it and adds no second.

use std::fs::{File, OpenOptions, read, read_dir, remove_file};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::decide::{Disk, Publication};
use crate::error::{Doing, Error, Kind, Result};
use crate::facts::guid::{self, Guid};
use crate::facts::load_option::{boot_order, entry_for, load_option, order_of};
use crate::facts::table::{self, Partition};
use crate::look;

/// Where the kernel shows the firmware's variables.
const VARIABLES: &str = "/sys/firmware/efi/efivars";
/// What the firmware's menu calls it.
const DESCRIPTION: &str = "Linux Boot Manager";

/// Gives the firmware an entry that it tries first, and takes back those that led to what was on the disk before. `device` is the disk, whose
/// ESP has the loader at this path below its root, and `before` what it was.
///
/// # Errors
/// The firmware has no variables, or no room for one, or does not keep it. What was there before is there then, but for the stale entries.
pub fn write(device: &File, before: &Disk, publication: &Publication, loader: &str) -> Result<()> {
    let doing = || format!("giving the firmware an entry for {}", publication.disk);
    let esp = esp(device, before).ok_or_else(|| Error::new(Kind::Disk, doing(), "its ESP cannot be found"))?;
    let old: Vec<Guid> = before.table.partitions().iter().map(|partition| partition.id).collect();
    let number = Variables(Path::new(VARIABLES)).put(&publication.stale, &old, &esp, loader).doing(Kind::Firmware, doing)?;
    log::info!("the firmware starts Boot{number:04X} \"{DESCRIPTION}\" first: {loader} on {}", before.partition(esp.number));
    Ok(())
}

/// As it is on the disk now.
fn esp(device: &File, disk: &Disk) -> Option<Partition> {
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        device.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    table::read(&read, disk.bytes, disk.sector).partitions().iter().find(|partition| partition.kind == guid::ESP).cloned()
}

/// A directory of firmware variables: a file for each, four bytes of attributes first.
struct Variables<'a>(&'a Path);

impl Variables<'_> {
    /// Returns the number of the new entry.
    fn put(&self, stale: &[u16], old: &[Guid], esp: &Partition, loader: &str) -> io::Result<u16> {
        if !read_dir(self.0).is_ok_and(|mut files| files.next().is_some()) {
            return Err(io::Error::other("this machine shows no EFI variables"));
        }
        // Whatever becomes of the new one: these lead nowhere, and their room may be what it needs.
        let gone: Vec<u16> = stale.iter().copied().filter(|number| self.remove(*number, old)).collect();
        let number = self.free().ok_or_else(|| io::Error::other("it has no number left"));
        let entry = entry_for(DESCRIPTION, esp, loader);
        let written = number.and_then(|number| self.store(&name(number), &entry).map(|()| number));
        let ordered = self.put_first(written.as_ref().ok().copied(), &gone);
        if let (Ok(number), Err(_)) = (&written, &ordered) {
            // Nobody would ever start it.
            remove_file(self.path(&name(*number))).unwrap_or_default();
        }
        written.and_then(|number| ordered.map(|()| number))
    }

    /// Removes an entry that leads to one of these partitions; another may have its number by now. Says whether it is gone.
    fn remove(&self, number: u16, old: &[Guid]) -> bool {
        let path = self.path(&name(number));
        let leads = read(&path).ok().and_then(|file| load_option(&file)?.partition).is_some_and(|id| old.contains(&id));
        leads && remove_file(&path).inspect_err(|error| log::warn!("removing Boot{number:04X} from the firmware: {error}")).is_ok()
    }

    /// The lowest number that nobody has.
    fn free(&self) -> Option<u16> {
        (0..=u16::MAX).find(|number| !self.path(&name(*number)).exists())
    }

    fn put_first(&self, new: Option<u16>, gone: &[u16]) -> io::Result<()> {
        let before = match read(self.path("BootOrder")) {
            Ok(file) => boot_order(&file),
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let rest = before.iter().copied().filter(|number| Some(*number) != new && !gone.contains(number));
        let order: Vec<u16> = new.into_iter().chain(rest).collect();
        if order == before { Ok(()) } else { self.store("BootOrder", &order_of(&order)) }
    }

    /// In one write, which efivarfs takes for the whole variable, and read back: not every firmware keeps what it is given.
    fn store(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        let written = file.write(bytes)?;
        drop(file);
        if written == bytes.len() && read(&path)? == bytes { Ok(()) } else { Err(io::Error::other("it does not keep it")) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}-{}", look::GLOBAL_VARIABLES))
    }
}

fn name(number: u16) -> String {
    format!("Boot{number:04X}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{create_dir_all, remove_dir_all};

    fn partition(id: u8) -> Partition {
        Partition { number: 1, kind: guid::ESP, id: Guid([id; 16]), first: 2048, last: 4095, name: String::new() }
    }

    #[test]
    fn the_new_entry_is_first_and_the_stale_ones_are_gone_and_no_others() {
        let root = std::env::temp_dir().join(format!("variables-{}", std::process::id()));
        create_dir_all(&root).unwrap();
        let variables = Variables(&root);
        let loader = "\\EFI\\systemd\\systemd-bootx64.efi";
        let none = variables.put(&[], &[], &partition(9), loader).unwrap_err();
        for (number, id) in [(0, 1), (1, 5), (3, 5), (4, 6)] {
            variables.store(&name(number), &entry_for("x", &partition(id), "\\x")).unwrap();
        }
        variables.store("BootOrder", &order_of(&[4, 3, 1, 0])).unwrap();
        // Boot0000 has come into a stale one's number meanwhile.
        let number = variables.put(&[3, 0, 7], &[Guid([5; 16])], &partition(9), loader).unwrap();
        let order = boot_order(&read(variables.path("BootOrder")).unwrap());
        let entry = load_option(&read(variables.path("Boot0002")).unwrap()).unwrap();
        let gone = !variables.path("Boot0003").exists();
        // Once more, and the first is replaced and not joined.
        let again = variables.put(&[2], &[Guid([9; 16])], &partition(8), loader).unwrap();
        let order_again = boot_order(&read(variables.path("BootOrder")).unwrap());
        remove_dir_all(&root).unwrap();
        assert_eq!(none.to_string(), "this machine shows no EFI variables");
        assert_eq!((number, order.as_slice(), gone), (2, &[2, 4, 1, 0][..], true));
        assert_eq!((entry.description.as_str(), entry.partition), (DESCRIPTION, Some(Guid([9; 16]))));
        assert_eq!((again, order_again.as_slice()), (2, &[2, 4, 1, 0][..]));
    }

    #[test]
    fn what_cannot_be_written_is_an_error_and_numbers_are_kept_apart() {
        let root = std::env::temp_dir().join(format!("variables-full-{}", std::process::id()));
        create_dir_all(&root).unwrap();
        let variables = Variables(&root);
        variables.store("Boot0003", &entry_for("x", &partition(5), "\\x")).unwrap();
        variables.store("BootOrder", &order_of(&[3, 1])).unwrap();
        // A device that takes nothing, in the place of the new entry.
        std::os::unix::fs::symlink("/dev/full", variables.path("Boot0000")).unwrap();
        let taken = variables.free();
        let refused = variables.store("Boot0000", &[1]).unwrap_err();
        variables.put_first(Some(7), &[3]).unwrap();
        let order = boot_order(&read(variables.path("BootOrder")).unwrap());
        remove_dir_all(&root).unwrap();
        assert_eq!((taken, refused.kind(), order.as_slice()), (Some(1), ErrorKind::StorageFull, &[7, 1][..]));
    }
}
