//! Carries out a confirmed plan, step by step, each under the line that the person has read.

use std::fs::{copy, create_dir_all};

use super::ask::Confirmed;
use super::mounts::{Mounted, ROOT};
use super::stage2::Stage2;
use super::{format, guard, partition, read_back, store, wipe};
use crate::decide::{Plan, Step};
use crate::error::{Doing, Error, Kind, Result};
use crate::medium::Medium;
use crate::pid1::{journal, truth};

/// A disk that was read back and found to hold the system.
#[derive(Debug)]
pub struct Installed {
    /// The host.
    pub host: String,
    /// Kernel name of the disk.
    pub disk: String,
}

/// Does what the plan says.
///
/// # Errors
/// The first step that fails; nothing after it is tried.
pub fn carry_out(confirmed: Box<Confirmed>) -> Result<Installed> {
    let Confirmed { plan, medium, .. } = *confirmed;
    guard::protect_others(&plan.target)?;
    let mut work = Work { claim: Some(guard::claim(&plan.target)?), plan: &plan, medium: &medium, mounted: None, stage2: None };
    truth::erasing(&plan.target.name);
    for (number, step) in (1..).zip(&plan.steps) {
        log::info!("step {number}/{} {step}", plan.steps.len());
        work.step(step)?;
    }
    truth::installed(&plan.target.name);
    Ok(Installed { host: plan.host.clone(), disk: plan.target.name.clone() })
}

/// What one step leaves for the next.
struct Work<'a> {
    plan: &'a Plan,
    medium: &'a Medium,
    /// The whole disk, open for us alone until its partitions are used.
    claim: Option<std::fs::File>,
    mounted: Option<Mounted>,
    stage2: Option<Stage2>,
}

impl Work<'_> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Wipe(disk) => wipe::signatures(self.claim()?, disk, &self.plan.layout),
            Step::Partition(partitions) => {
                partition::write(self.claim()?, &self.plan.target, partitions)?;
                self.claim = None;
                Ok(())
            }
            Step::Format(partition) => format::format(partition),
            Step::Mount { root, esp, swap } => {
                self.mounted = Some(Mounted::writable(root, esp, swap.as_deref())?);
                Ok(())
            }
            Step::Unpack => {
                let stage2 = self.stage2.insert(Stage2::mount(self.medium)?);
                store::unpack(stage2, self.medium)
            }
            Step::Register => store::register(self.stage2()?),
            Step::NixosInstall(_) => store::nixos_install(self.stage2()?, &self.plan.toplevel),
            Step::Verify => self.verify(),
        }
    }

    fn verify(&mut self) -> Result<()> {
        keep_log()?;
        let missing = out_of_order("reading the disk back");
        let mounted = self.mounted.as_mut().ok_or(missing)?;
        mounted.again_read_only()?;
        read_back::check(std::path::Path::new(ROOT), &self.plan.toplevel)?;
        mounted.unmount()
    }

    fn claim(&self) -> Result<&std::fs::File> {
        self.claim.as_ref().ok_or_else(|| out_of_order("writing the disk"))
    }

    fn stage2(&self) -> Result<&Stage2> {
        self.stage2.as_ref().ok_or_else(|| out_of_order("using stage-2"))
    }
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
