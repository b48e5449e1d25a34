//! Carries out a confirmed plan, step by step, each under the line that the person has read.

use std::fs::{File, copy, create_dir_all};
use std::path::Path;

use super::ask::Confirmed;
use super::mounts::{BOOT, Mounted, ROOT};
use super::partition::Rehearsal;
use super::passphrase::Keys;
use super::stage2::Stage2;
use super::{
    bundle, deploy_keys, firmware_entry, flake, format, guard, hand_over, hold, holders, hooks, links, luks, mapping, partition, place,
    read_back, room, standing, store, wipe,
};
use crate::decide::{Disk, FileSystem, Formatting, Plan, Publication, Step, Swap, Volume};
use crate::error::{Doing, Error, Kind, Result};
use crate::look;
use crate::medium::{Kit, Loop, Medium};
use crate::pid1::{aloud, journal, phase, screen, survivors, truth};
use crate::settings::kit::Item;

/// A disk that was read back and found to hold the system.
#[derive(Debug)]
pub struct Installed {
    /// The host.
    pub host: String,
    /// Kernel name of the disk.
    pub disk: String,
}

/// Does what the plan says. `shown` are the disks the plan was made for, `kit` has the contents that it names, `stage2` is there
/// already if it was needed before.
///
/// # Errors
/// The first thing that fails and cannot be repeated on the disk as it is; nothing after it is tried.
pub fn carry_out(confirmed: Box<Confirmed>, shown: &[Disk], kit: &Kit, stage2: Option<Stage2>) -> Result<Installed> {
    let Confirmed { plan, medium, in_advance, keys, .. } = *confirmed;
    let mut work = Work::prepare(&plan, &medium, in_advance, keys, shown, kit, stage2)?;
    if in_advance {
        // Before the first write: whatever happens from here on, this consent does not erase the disk a second time. From a medium that
        // cannot be written the note on the new ESP has to do, as soon as there is one.
        standing::note_on_kit(&medium, &plan.target);
    }
    truth::erasing(&plan.target.name);
    for (number, step) in (1..).zip(&plan.steps) {
        let of = plan.steps.len();
        phase::begin(&number.to_string(), &format!("step {number}/{of} {step}"));
        while let Err(error) = work.step(step) {
            // What a failed step left running must not go on writing behind the failure screen.
            survivors::end();
            work.until_repeated(step, error)?;
            log::info!("step {number}/{of} once more: {step}");
        }
    }
    Ok(Installed { host: plan.host.clone(), disk: plan.target.name.clone() })
}

/// What the steps work with, and what one leaves for the next.
pub(super) struct Work<'a> {
    plan: &'a Plan,
    medium: &'a Medium,
    /// The consent is good once, which is to be noted.
    in_advance: bool,
    /// What lies on the kit partition, and in the image beside it.
    kit: &'a Kit,
    /// Of the container; overwritten as soon as it is made.
    keys: Option<Keys>,
    /// The whole disk, open for us alone until its partitions are used.
    claim: Option<File>,
    /// The whole disk, open to the end: while it is, no other disk can be given its name.
    pin: File,
    table: Rehearsal,
    closure: Option<Loop>,
    stage2: Option<Stage2>,
    mounted: Option<Mounted>,
}

impl<'a> Work<'a> {
    /// Everything that can fail without a write is done here, before the first one.
    pub(super) fn prepare(
        plan: &'a Plan,
        medium: &'a Medium,
        in_advance: bool,
        keys: Option<Keys>,
        shown: &[Disk],
        kit: &'a Kit,
        stage2: Option<Stage2>,
    ) -> Result<Work<'a>> {
        if matches!(plan.steps.last(), Some(Step::ClearKit(_))) && !medium.is_writable() {
            return Err(Error::new(Kind::Kit, "preparing to remove the private keys from the stick", "it cannot be written"));
        }
        let table = partition::rehearse(&plan.target, plan.partitions())?;
        if plan.online.is_none() && plan.toplevel.is_none() {
            return Err(Error::new(Kind::Settings, "preparing the installation", "prebuilt=true, but no system is on this medium"));
        }
        let closure = medium.manifest.closure.as_ref().map(|closure| Loop::of(medium, &closure.image)).transpose()?;
        let stage2 = stage2.map_or_else(|| Stage2::mount(medium), Ok)?;
        format::require(plan, &stage2)?;
        if let (Some(keys), Some(container)) = (&keys, plan.container()) {
            mapping::require_encryption()?;
            luks::rehearse(&stage2, container, &keys.passphrase)?;
        }
        let disks = look::disks()?;
        guard::same_disks(shown, &disks)?;
        guard::protect_others(&plan.target, &disks)?;
        let pin = File::open(plan.target.node()).doing(Kind::Disk, || format!("opening {}", plan.target.name))?;
        aloud("letting go of the disk", || holders::let_go(&plan.target))?;
        let claim = Some(guard::claim(&plan.target)?);
        Ok(Work { plan, medium, in_advance, kit, keys, claim, pin, table, closure, stage2: Some(stage2), mounted: None })
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Wipe(disk) => {
                aloud("wiping old signatures", || wipe::loaders(self.claim()?, disk))?;
                wipe::discard(self.claim()?, disk);
                aloud("checking the room of the disk", || room::check(self.claim()?, disk))?;
                aloud("wiping old signatures", || wipe::signatures(self.claim()?, disk, &self.plan.layout))
            }
            Step::Partition(partitions) => {
                partition::write(self.claim()?, &self.table, &self.plan.target, partitions)?;
                self.claim = None;
                Ok(())
            }
            Step::Encrypt(container) => {
                let keys = self.keys.take().ok_or_else(|| out_of_order("encrypting"))?;
                luks::encrypt(self.stage2()?, container, &keys.passphrase)?;
                self.keys = keys.recovery.is_some().then_some(keys);
                Ok(())
            }
            Step::RecoveryKey(container) => match self.keys.take() {
                Some(Keys { passphrase, recovery: Some(key) }) => luks::add_key(self.stage2()?, container, &passphrase, &key),
                _ => Err(out_of_order("adding the recovery key")),
            },
            Step::Format(volumes) => format::format(volumes, self.stage2()?),
            Step::LeaveSwap(_) => Ok(()),
            Step::Mount { root, esp, swap } => {
                let swap = swap.as_ref().map(|swap| self.swap_space(swap)).transpose()?;
                self.mounted = Some(Mounted::writable(root, esp, swap)?);
                links::make(self.plan);
                if self.in_advance { standing::note_on_disk(Path::new(BOOT), self.medium, &self.plan.target) } else { Ok(()) }
            }
            Step::Directories(paths) => hooks::create(paths),
            Step::PostMount(scripts) => hooks::run(self.stage2()?, scripts),
            Step::Place(items) => place::place(Path::new(ROOT), items, self.kit),
            Step::Unpack => store::unpack(self.stage2()?, self.closure.as_ref().ok_or_else(|| out_of_order("unpacking"))?),
            Step::Register => store::register(self.stage2()?),
            Step::Clone { .. } => {
                let unattended = self.plan.online.as_ref().is_some_and(|online| online.unattended);
                flake::get(self.stage2()?, &self.plan.repository, unattended, &self.plan.host)
            }
            Step::CloneCarried { .. } => {
                // Nobody has needed them before, and their user will.
                deploy_keys::lay(self.stage2()?, self.kit)?;
                bundle::leave(self.stage2()?, &self.plan.repository)
            }
            Step::NixosInstall { host, .. } => match (&self.plan.online, &self.plan.toplevel) {
                (Some(online), _) => flake::install(self.stage2()?, &self.plan.repository.clone, online, host),
                (None, Some(toplevel)) => store::nixos_install(self.stage2()?, toplevel),
                (None, None) => Err(out_of_order("running nixos-install")),
            },
            Step::HandOver { .. } => {
                // The system is as good without it.
                let handed = hand_over::to_user(Path::new(ROOT), self.stage2()?, &self.plan.repository);
                handed.unwrap_or_else(|error| log::warn!("{error}: the rest is not handed over"));
                Ok(())
            }
            Step::Hold => {
                hold::until_done();
                Ok(())
            }
            Step::Verify => self.verify(),
            Step::Publish(publication) => self.publish(publication),
            Step::ClearKit(key_file) => place::clear(self.medium, self.kit, key_file.as_deref()),
        }
    }

    /// Returns when a person wants the failed step once more.
    ///
    /// # Errors
    /// Only starting over helps.
    fn until_repeated(&self, step: &Step, error: Error) -> Result<()> {
        if !step.is_repeatable() || !self.medium.still_there() {
            return Err(error);
        }
        // Who knows whether a disk that hangs lets us come to the screen.
        log::error!("{error}");
        self.kept_everything().map_err(|lost| lost.found_by(&error))?;
        screen::until_retry(&error);
        if self.medium.still_there() { Ok(()) } else { Err(Error::new(Kind::Medium, "going on", "the stick was pulled")) }
    }

    /// Swap space for the installation.
    fn swap_space(&self, swap: &Swap) -> Result<Volume> {
        match swap {
            Swap::Area(volume) => Ok(volume.clone()),
            Swap::RandomKey(partition) => {
                let volume = luks::swap_with_random_key(self.stage2()?, partition)?;
                let area = Formatting { volume: volume.clone(), label: "installation".into(), what: FileSystem::Swap };
                format::format(&[area], self.stage2()?)?;
                Ok(volume)
            }
        }
    }

    fn verify(&mut self) -> Result<()> {
        keep_log()?;
        survivors::end_writers();
        self.stage2 = None;
        let mounted = self.mounted.as_mut().ok_or_else(|| out_of_order("reading the disk back"))?;
        aloud("writing everything to the disk", || mounted.again_read_only())?;
        aloud("reading the disk back", || compare(self.plan, self.kit))?;
        aloud("closing the disk", || mounted.close())?;
        self.flush()
    }

    /// The last write to the disk: from here on, and not before, a machine that loses its power boots the system.
    fn publish(&mut self, publication: &Publication) -> Result<()> {
        let mounted = self.mounted.take().ok_or_else(|| out_of_order("making the disk bootable"))?;
        truth::unverified();
        let loader = aloud("making the disk bootable", || mounted.publish())?;
        self.flush()?;
        truth::installed();
        if publication.entry {
            let written = firmware_entry::write(&self.pin, &self.plan.target, publication, &loader);
            written.unwrap_or_else(|error| {
                log::warn!("{error}: if the machine does not start {} by itself, choose it in the firmware's boot menu", publication.disk)
            });
        }
        Ok(())
    }

    /// Refuses to go on on a disk that has lost something: it would only be found out later. A disk that is no longer in use has been read
    /// back.
    fn kept_everything(&self) -> Result<()> {
        let Some(mounted) = &self.mounted else { return Ok(()) };
        aloud("writing everything to the disk", || mounted.write_back())?;
        self.flush()
    }

    fn flush(&self) -> Result<()> {
        let doing = format!("flushing {}", self.plan.target.name);
        aloud(&doing, || self.pin.sync_all()).doing(Kind::Disk, || doing.clone())
    }

    fn claim(&self) -> Result<&File> {
        self.claim.as_ref().ok_or_else(|| out_of_order("writing the disk"))
    }

    fn stage2(&self) -> Result<&Stage2> {
        self.stage2.as_ref().ok_or_else(|| out_of_order("using stage-2"))
    }
}

/// What is mounted below `/mnt` by now is what the plan wants there.
fn compare(plan: &Plan, kit: &Kit) -> Result<()> {
    let root = Path::new(ROOT);
    let toplevel = match (&plan.online, &plan.toplevel) {
        (None, Some(toplevel)) => toplevel.clone(),
        _ => read_back::installed(root)?,
    };
    read_back::check(root, &toplevel)?;
    plan.clone_path().map_or(Ok(()), flake::check)?;
    place::check(root, placed(plan), kit)
}

/// What was to be placed.
fn placed(plan: &Plan) -> &[Item] {
    let items = plan.steps.iter().find_map(|step| if let Step::Place(items) = step { Some(items) } else { None });
    items.map(Vec::as_slice).unwrap_or_default()
}

fn out_of_order(doing: &str) -> Error {
    Error::new(Kind::System, doing, "the steps of the plan are out of order")
}

/// The log of the installation stays on the installed system.
fn keep_log() -> Result<()> {
    let directory = format!("{ROOT}/var/log");
    create_dir_all(&directory).doing(Kind::Install, || format!("creating {directory}"))?;
    let target = format!("{directory}/autoinstaller.log");
    copy(journal::PATH, &target).doing(Kind::Install, || format!("writing {target}"))?;
    Ok(())
}
