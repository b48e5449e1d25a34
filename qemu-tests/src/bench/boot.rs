//! `cargo xtask bench boot`: how long a machine takes from power-on to the question, in instructions. QEMU counts each as a nanosecond, so
//! that the same kernel and initrd need the same until PID 1, within a percent, on any machine and under any load; from there on disks are
//! waited for as well, and how long they take is the business of the machine below. Beside it the floor: the same kernel, and a static
//! program that prints one line; and, with the stock kernel, the initrds of Debian's own tools until they have a prompt.

mod findings;
mod initrd;
mod machine;
mod others;
mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};

use crate::kernel::Choice;
use crate::{cache, debian, iso, prerequisites};
use findings::Boot;
use report::{Report, Row};

/// Whose medium is booted.
const HOST: &str = "ultraviolet";

/// Boots medium and floor with the stock kernel and with the own one, which must have been built; prints the table and the goals.
pub fn run() -> Result<ExitCode> {
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE, prerequisites::KERNEL])?;
    let dir = cache::directory("vm")?.join("bench-boot");
    cache::remove(&dir)?;
    fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    let mut rows = vec![measure(&dir, "stock", Choice::Stock)?];
    // Nobody waits half an hour for it unasked.
    let own = measure(&dir, "own", Choice::Own);
    let own = own.map(|row| rows.push(row)).err();
    let report = Report { rows, own };
    print!("{report}");
    Ok(if report.met() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(dir: &Path, name: &'static str, kernel: Choice) -> Result<Row> {
    let image = iso::of_host(HOST, None, None, &iso::More { kernel, ..iso::More::default() })?;
    let boot = |what: &str, words: &str, place: &Path| -> Result<Boot> {
        eprintln!("booting {what} with the {name} kernel");
        let boot = Boot::read(&machine::run(&image, words, place)?).with_context(|| format!("reading what {} said", place.display()))?;
        eprintln!("{boot:?}");
        Ok(boot)
    };
    let place = |what: &str| -> Result<PathBuf> {
        let place = dir.join(format!("{name}-{what}"));
        fs::create_dir_all(&place).with_context(|| format!("making {}", place.display()))?;
        Ok(place)
    };
    let medium = place("medium")?;
    initrd::medium(&medium.join(machine::INITRD), &image.initrd)?;
    let medium = boot("the medium", "install.force-uefi", &medium)?;
    let floor = place("floor")?;
    initrd::floor(&floor.join(machine::INITRD))?;
    let floor = boot("the floor", "", &floor)?;
    let mut others = Vec::new();
    // Theirs are for the modules that Debian's kernel has.
    for other in if kernel == Choice::Stock { &others::OTHERS[..] } else { &[] } {
        let place = place(other.name)?;
        let made = other.write(&place.join(machine::INITRD), &debian::parts()?);
        others.push((other.name, made.and_then(|unpacked| Ok((loaded(boot(other.name, other.words, &place)?)?, unpacked)))));
    }
    Ok(Row {
        name,
        medium,
        floor,
        others,
        unpacked: image.initrd_unpacked,
        kernel: fs::metadata(&image.kernel).context("measuring the kernel")?.len(),
    })
}

/// A boot without drivers is none to be compared with.
fn loaded(boot: Boot) -> Result<Boot> {
    ensure!(boot.modules > 0, "reading the boot: it came to a prompt without a driver");
    Ok(boot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_without_drivers_does_not_count() {
        assert!(loaded(Boot { modules: 1, ..Boot::default() }).is_ok());
        assert_eq!(loaded(Boot::default()).unwrap_err().to_string(), "reading the boot: it came to a prompt without a driver");
    }
}
