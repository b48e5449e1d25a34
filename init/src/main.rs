//! PID 1 of the installer medium. This file is the installation: look, be ready, decide, ask, do.

use init::act::{Answer, Installed, Talk};
use init::decide::Facts;
use init::drivers::{self, Drivers};
use init::error::Result;
use init::medium::{Kit, Verification};
use init::pid1::{self, End, phase};
use init::{act, look, online, role};

fn main() -> ! {
    role::other_than_pid1();
    pid1::finish(pid1::start().and_then(|()| installation()))
}

fn installation() -> Result<End> {
    // Look. Nothing is opened for writing, but by the host's own boot commands if they do. The medium first: whatever is refused from here
    // on is logged there.
    phase::begin("looking", "looking at this machine");
    let mut drivers = Drivers::start()?;
    drivers::boot_commands();
    let (mut disks, mut medium) = look::machine(&mut drivers)?;
    let kit = Kit::read(&medium)?;
    let settings = look::settings(&kit)?;
    phase::panic_at(settings.panic_at.as_deref());
    pid1::keyboard::load(settings.keymap.as_deref())?;
    if settings.shell {
        return Ok(End::Shell);
    }
    look::require_uefi(&settings)?;
    look::require_memory(&settings)?;
    let entries = look::boot_entries();

    // Be ready. What the plan needs from outside, if anything, is there before the question is asked.
    phase::begin("preparing", "getting ready for the question");
    let verification = Verification::start(&medium);
    let stage2 = online::preflight(&settings, &medium, &kit, &verification, &mut drivers)?;

    // Decide and ask. The same facts give the same plan, and nothing is written before a person and the medium's digests agree to it.
    phase::begin("asking", "asking for consent");
    let mut talk = Talk::default();
    let confirmed = loop {
        let driverless = look::without_driver();
        let facts = Facts { disks: &disks, entries: &entries, driverless: &driverless, content: medium.manifest.content() };
        match act::agree(facts, &settings, &medium, &verification, &mut drivers, &mut talk)? {
            Answer::Yes(confirmed) => break confirmed,
            Answer::No => return Ok(End::Declined),
            Answer::Shown => return Ok(End::DryRun),
            Answer::Changed => (disks, medium) = look::again(&mut drivers, &medium)?,
        }
    };

    // Do. One disk, the plan's, is erased; all others refuse writes from here on.
    let Installed { host, disk } = act::carry_out(confirmed, &disks, &kit, stage2)?;
    log::info!("installed {host} on {disk}");
    Ok(if settings.power_off { End::PowerOff } else { End::Reboot })
}
