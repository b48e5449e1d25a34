//! `cargo xtask run HOST`: installs a host in a virtual machine with its console on this terminal, then boots the disk.
//!
//! For people: nothing is checked, and the disk stays until the next run.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::command::ended;
use crate::image::Image;
use crate::vm::command::Boot;
use crate::vm::emulator::qemu;
use crate::vm::medium::{Kit, MediumCopy};
use crate::vm::scenario::{Bus, Consoles, Disk, Fault, Firmware, Keyboard, Medium, Prefill};
use crate::vm::{accel, after, command, disk};
use crate::vm_test::work_dir;
use crate::{cache, iso, prerequisites};

const DISKS: &[Disk] = &[Disk { bus: Bus::Nvme, mib: 16 * 1024, sector: 512, serial: "UV0001", prefill: Prefill::Empty, bad: &[] }];

/// Both boots, one after the other.
pub fn run(words: &[String]) -> Result<ExitCode> {
    let (host, overlay) = match words {
        [host] => (host, None),
        [host, option, directory] if option == "--stage2-overlay" => (host, Some(Path::new(directory))),
        _ => bail!("reading the command line: `run HOST [--stage2-overlay DIR]`"),
    };
    prerequisites::ensure(&[prerequisites::ISO, prerequisites::MACHINE])?;
    let image = iso::of_host(host, overlay, None, &iso::More::default())?;
    let dir = work_dir()?.join(format!("run-{host}"));
    cache::remove(&dir)?;
    fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    for (index, row) in DISKS.iter().enumerate() {
        disk::create(row, &dir.join(disk::file_name(index)), &image.iso)?;
    }
    after::copy_vars(&image, &dir, &[], false)?;
    MediumCopy::make(&image.iso, &dir, Medium::UsbStick, Fault::None, Kit::MayChange, &[])?;
    println!("Installing {host}; the disk is {}. Ctrl-A X ends the machine.", dir.join(disk::file_name(0)).display());
    boot(&image, Some(Medium::UsbStick), &dir)?;
    println!("Booting the installed disk.");
    boot(&image, None, &dir)?;
    Ok(ExitCode::SUCCESS)
}

fn boot(image: &Image, medium: Option<Medium>, dir: &Path) -> Result<()> {
    let boot = Boot {
        firmware: Firmware::Ovmf,
        medium,
        bad_sector: None,
        disks: DISKS,
        nics: &[],
        tpm: None,
        date: None,
        ram_mib: 1024,
        words: &[],
        kernel_words: &[],
        consoles: Consoles::Both,
        keyboard: Keyboard::Ps2,
        survives_reset: false,
        network: &[],
        login: None,
    };
    let status = qemu()
        .args(command::arguments(image, &boot, accel::accel(&image.kernel)))
        .args(["-serial", "mon:stdio"])
        .current_dir(dir)
        .status()
        .context("starting qemu-system-x86_64")?;
    if !status.success() {
        bail!("running the machine: qemu-system-x86_64 {}", ended(status));
    }
    Ok(())
}
