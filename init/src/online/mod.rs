//! Being online, before the question: the network, the clock, and whatever else an installation needs from outside.
//!
//! Only for a plan that needs it: otherwise no link is touched and no frame is sent. Nothing here writes to a disk, so that everything
//! that is refused by others is on the screen while the disk is still whole.

mod calendar;
mod clock;
mod lease;
mod links;
mod network;
mod refusal;
mod repository;
mod sntp;
mod ssh;
mod vouched;

use core::cell::Cell;
use core::net::Ipv4Addr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::act::Stage2;
use crate::drivers::Drivers;
use crate::error::{Kind, Result};
use crate::medium::{Kit, Medium, Verification};
use crate::pid1::{aloud, screen};
use crate::settings::Settings;

pub use lease::{is_event, note};

/// Between two tries where nobody is asked.
const PAUSE: Duration = Duration::from_secs(5);

/// What the checks work with.
pub struct Ground<'a> {
    /// What was asked for.
    pub settings: &'a Settings,
    /// The medium we booted from.
    pub medium: &'a Medium,
    /// What was on its kit partition: the deploy key, perhaps.
    pub kit: &'a Kit,
    /// The verified, mounted stage-2 and its programs.
    pub stage2: &'a Stage2,
    /// For devices that come late.
    pub drivers: &'a mut Drivers,
    /// What is known of the links.
    pub network: network::Network,
    /// Who may know the time: what the network said, and the way out of it.
    pub time: Vec<Ipv4Addr>,
    /// By how many seconds the clock was put forward as nobody but a time server says.
    pub ahead: Cell<u64>,
    /// When a check that waits gives up and reports why.
    pub until: Instant,
}

/// Something that must be true before the question is asked.
pub struct Check {
    /// Its subject, such as `the network`.
    pub name: &'static str,
    /// Whether anybody wants it.
    pub wanted: fn(&Settings) -> bool,
    /// Finds out, and may bring it about. It is called again after a failure, and must not rely on how far it came; what is true already
    /// costs it little.
    pub run: fn(&mut Ground) -> Result<()>,
}

/// In the order in which they rely on each other.
const CHECKS: &[Check] = &[
    Check { name: "the network", wanted: |_| true, run: network::up },
    // What the others have to say can be read and answered from elsewhere.
    Check { name: "the ssh server", wanted: |settings| !settings.ssh_keys.is_empty(), run: ssh::start },
    Check { name: "the clock", wanted: |_| true, run: clock::check },
    Check { name: "the repository", wanted: |settings| settings.online.is_some(), run: repository::check },
    Check { name: "the caches", wanted: |settings| settings.online.is_some(), run: repository::caches },
];

/// Waits for a verified stage-2 and has every check passed, if the plan needs the network; returns the stage-2 that was used.
/// A failure is shown with its remedy and can be tried again; where nobody is there it is tried until the time for it is over. A network that
/// only the ssh server wants is no reason not to install.
///
/// # Errors
/// The medium is damaged; or nobody is there, and a check did not pass in time.
pub fn preflight(
    settings: &Settings,
    medium: &Medium,
    kit: &Kit,
    verification: &Verification,
    drivers: &mut Drivers,
) -> Result<Option<Stage2>> {
    if !settings.network.enable {
        return Ok(None);
    }
    let why = if settings.network.optional { "somebody may log in" } else { "this installation needs the network" };
    log::info!("going online before the question: {why}");
    aloud("verifying stage-2", || verification.stage2())?;
    let stage2 = Stage2::mount(medium)?;
    aloud("loading network drivers", || drivers.renew())?;
    let network = network::Network::default();
    let (time, ahead, until) = (Vec::new(), Cell::new(0), Instant::now());
    let mut ground = Ground { settings, medium, kit, stage2: &stage2, drivers, network, time, ahead, until };
    pass(&mut ground)?;
    ground.network.keep();
    Ok(Some(stage2))
}

/// Has all of them passed, or does without the network where it is only for whoever may log in. After a failure it starts with the first
/// again: whatever it was, the network may be another one by now.
fn pass(ground: &mut Ground) -> Result<()> {
    let (mut failing, mut last) = ("", Instant::now());
    let settings = ground.settings;
    while let Err((check, started, error)) = CHECKS.iter().filter(|check| (check.wanted)(settings)).try_for_each(|check| {
        let started = Instant::now();
        ground.until = started + ground.settings.network.wait;
        log::info!("checking {}", check.name);
        (check.run)(ground).map_err(|error| (check.name, started, error))
    }) {
        if settings.network.optional && error.kind == Kind::Network {
            error.details.iter().for_each(|detail| log::warn!("- {detail}"));
            log::warn!("nobody can log in: {error}; the installation goes on without the network, which nothing else needs");
            return Ok(());
        }
        if !ground.settings.unattended {
            screen::until_ready(&error);
            continue;
        }
        // Each of them has the whole time.
        if failing != check {
            (failing, last) = (check, started + ground.settings.network.wait);
        }
        if Instant::now() + PAUSE > last {
            return Err(error);
        }
        log::warn!("{error}: trying again");
        sleep(PAUSE);
    }
    Ok(())
}
