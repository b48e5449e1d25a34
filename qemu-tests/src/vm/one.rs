//! One scenario from an empty directory to a verdict.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::after::{self, Before};
use super::command::Boot;
use super::medium::{Kit, MediumCopy};
use super::names::Names;
use super::oracle::StoreCheck;
use super::scenario::{Fault, Scenario, Step};
use super::script::{GUEST_CRASHED, play};
use super::transcript::Transcript;
use super::{disk, login, machine, observer};
use crate::cache;
use crate::image::Image;
use crate::servers::Servers;

/// How much of the console a failure shows.
const TAIL: usize = 40;

/// Why a scenario failed, with what a person needs to look further.
#[derive(Debug)]
pub struct Failure {
    phase: String,
    cause: String,
    tail: Vec<String>,
    files: Vec<PathBuf>,
}

impl Failure {
    /// A failure that has nothing to do with a console.
    pub fn new(phase: &str, error: &anyhow::Error) -> Failure {
        Failure { phase: phase.to_owned(), cause: format!("{error:#}"), tail: Vec::new(), files: Vec::new() }
    }

    /// Whether it was the guest's kernel that crashed.
    pub fn guest_crashed(&self) -> bool {
        self.cause.contains(GUEST_CRASHED)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}: {}", self.phase, self.cause)?;
        for line in &self.tail {
            writeln!(f, "  | {line}")?;
        }
        self.files.iter().try_for_each(|file| writeln!(f, "  see {}", file.display()))
    }
}

/// Runs the scenario in `dir`, which is emptied first; after a pass only the logs stay in it.
pub fn run(scenario: &Scenario, image: &Image, dir: &Path, store: &dyn StoreCheck, servers: Option<&Servers>) -> Result<(), Failure> {
    run_and_keep(scenario, image, dir, store, servers)?;
    sweep(dir).map_err(|error| Failure::new("cleaning up", &error))
}

/// The same, and everything stays.
pub fn run_and_keep(
    scenario: &Scenario,
    image: &Image,
    dir: &Path,
    store: &dyn StoreCheck,
    servers: Option<&Servers>,
) -> Result<(), Failure> {
    let before = prepare(scenario, image, dir, servers).map_err(|error| Failure::new("before the start", &error))?;
    let network = servers.map_or_else(|| Ok(Vec::new()), |servers| servers.options(scenario.servers, dir));
    let network = network.map_err(|error| Failure::new("preparing the servers", &error))?;
    let login = scenario.has_login().then(login::free_port).transpose().map_err(|error| Failure::new("before the start", &error))?;
    let names = Names::of(scenario, image);
    let words = scenario.words.iter().map(|word| login::fill(dir, &names.fill(word))).collect::<Result<Vec<String>>>();
    let words = words.map_err(|error| Failure::new("before the start", &error))?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let boot = Boot {
        network: &network,
        login,
        firmware: scenario.firmware,
        medium: Some(scenario.medium),
        bad_sector: before.medium.bad_sector(),
        disks: scenario.disks,
        nics: scenario.nics,
        tpm: scenario.tpm,
        date: scenario.date,
        ram_mib: scenario.ram_mib,
        words: &words,
        kernel_words: scenario.kernel_words,
        consoles: scenario.consoles,
        keyboard: scenario.keyboard,
        survives_reset: scenario.survives_reset(),
    };
    let Watched { tail, secrets } = watch(image, &boot, dir, "console", scenario.script, &names)?;
    after::check(scenario, image, dir, &before, &secrets, store).map_err(|mut failure| {
        // The boot of the installed disk has a console of its own to show.
        if failure.tail.is_empty() {
            failure.tail = tail;
        }
        failure.files.push(dir.join("console.log"));
        failure
    })
}

fn prepare(scenario: &Scenario, image: &Image, dir: &Path, servers: Option<&Servers>) -> Result<Before> {
    cache::remove(dir)?;
    fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    for (index, row) in scenario.disks.iter().enumerate() {
        disk::create(row, &dir.join(disk::file_name(index)), &image.iso)?;
    }
    if scenario.firmware.is_uefi() {
        after::copy_vars(image, dir, scenario.entries, matches!(scenario.fault, Fault::FullVariables))?;
    }
    if scenario.has_company() {
        observer::add(&image.initrd, &dir.join(observer::INITRD), scenario.kernel_words)?;
    }
    let kit = if scenario.may_write_kit() { Kit::MayChange } else { Kit::Fixed };
    if scenario.has_login() {
        login::make_keys(dir)?;
    }
    if scenario.is_known() {
        login::know(dir)?;
    }
    let text = |text: &str| servers.map_or_else(|| login::fill(dir, text), |servers| servers.fill(text));
    let file = |(name, content): &(&str, &str)| Ok((name.replace("{guid}", &image.disk_guid), text(content)?));
    let files = scenario.kit.iter().map(file).collect::<Result<Vec<(String, String)>>>()?;
    let texts: Vec<(String, &str)> = files.iter().map(|(name, text)| (name.clone(), text.as_str())).collect();
    let medium = MediumCopy::make(&image.iso, dir, scenario.medium, scenario.fault, kit, &texts)?;
    let built_in = servers.map(|servers| servers.fill("{deployKey}")).transpose()?;
    let secrets = files.into_iter().chain(built_in.map(|key| ("ssh/deploy/of the medium".to_owned(), key))).collect();
    Ok(Before { medium, secrets, disks: after::digests(scenario, dir)? })
}

/// What came of a machine that did as its script says.
pub struct Watched {
    /// The last lines of its console.
    tail: Vec<String>,
    /// What was written down from its screen.
    secrets: Vec<String>,
}

/// Starts a machine, plays the script, and switches the machine off. A failure carries the last lines of the console, and a picture of
/// the screen.
pub fn watch(image: &Image, boot: &Boot, dir: &Path, name: &str, script: &[Step], names: &Names) -> Result<Watched, Failure> {
    let log = format!("{name}.log");
    let mut running = machine::start(image, boot, dir, &log).map_err(|error| Failure::new("starting the machine", &error))?;
    let mut transcript = Transcript::default();
    let played = play(script, &|text| names.fill(text), &mut running, &mut transcript);
    let tail: Vec<String> = transcript.tail(TAIL).into_iter().map(str::to_owned).collect();
    let result = played.map_err(|stop| {
        let mut files = vec![dir.join(log)];
        let screen = dir.join(format!("{name}.png"));
        // A machine that is off has no screen; the cause of the failure is worth more than this.
        if running.screendump(&screen).is_ok() {
            files.push(screen);
        }
        Failure { phase: format!("{name}: {}", stop.phase), cause: stop.cause, tail: tail.clone(), files }
    });
    running.stop();
    result.map(|secrets| Watched { tail, secrets })
}

/// Removes what is big.
fn sweep(dir: &Path) -> Result<()> {
    cache::remove(&dir.join("oracle"))?;
    for file in fs::read_dir(dir)? {
        let file = file?.path();
        if file.extension().is_some_and(|ending| ["raw", "fd", "bin"].iter().any(|big| ending == *big)) {
            fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_of_the_guest_is_told_from_other_failures() {
        let failure = |cause: &str| Failure::new("console: waiting 9 s", &anyhow::anyhow!("{cause}"));
        assert!(failure("`BUG: unable to handle` appeared, which must not").guest_crashed());
        assert!(!failure("`Kernel panic` appeared, which must not").guest_crashed());
    }

    #[test]
    fn a_failure_shows_phase_console_and_files() {
        let failure = Failure {
            phase: "console: expecting `x` within 5 s".to_owned(),
            cause: "nothing of the kind in 5 s".to_owned(),
            tail: vec!["autoinstaller: looking".to_owned()],
            files: vec!["target/vm/a/console.log".into()],
        };
        assert_eq!(
            failure.to_string(),
            "  console: expecting `x` within 5 s: nothing of the kind in 5 s\n  | autoinstaller: looking\n  see target/vm/a/console.log\n"
        );
    }
}
