//! PID 1 of the installer medium. This file is the installation: look, decide, ask, do.

use init::act::{Answer, Installed};
use init::decide::{self, Plan};
use init::drivers::Loader;
use init::error::Result;
use init::medium::Verification;
use init::pid1::{self, End};
use init::{act, look, role};

fn main() -> ! {
    role::other_than_pid1();
    pid1::start();
    pid1::finish(installation())
}

fn installation() -> Result<End> {
    // Look. Nothing is opened for writing. The medium first: whatever is refused from here on is logged there.
    log::info!("looking at this machine");
    let (disks, medium) = look::machine(&mut Loader::start()?)?;
    let settings = look::settings()?;
    if settings.shell {
        return Ok(End::Shell);
    }
    look::require_uefi(&settings)?;

    // Decide. Nothing is read either: the same facts give the same plan.
    let choice = decide::choose(&disks, &settings, medium.manifest.closure_content)?;
    let plan = Plan::new(&settings, choice, &medium.manifest.toplevel);

    // Ask. The medium is verified while the person reads; nothing is written before both agree.
    let verification = Verification::start(&medium);
    act::show(&plan);
    if settings.dry_run {
        verification.result()?;
        return Ok(End::DryRun);
    }
    let Answer::Yes(confirmed) = act::consent(plan, medium, &verification)? else {
        return Ok(End::Declined);
    };

    // Do. One disk, the plan's, is erased; all others refuse writes from here on.
    let Installed { host, disk } = act::carry_out(confirmed, &disks)?;
    log::info!("installed {host} on {disk}");
    Ok(if settings.power_off { End::PowerOff } else { End::Reboot })
}
