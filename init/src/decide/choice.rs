//! Which disk will be erased. Pure, and never a guess: anything but exactly one answer is a refusal that lists every disk.

use super::layout::TooSmall;
use super::{Disk, Layout, Transport, human};
use crate::error::{Error, Kind, Result};
use crate::settings::Settings;

/// The rule that singled the target out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `install.disk=` names it.
    Named,
    /// There is no other candidate.
    Only,
}

/// The target and the reason for every disk that is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The disk that will be erased.
    pub target: Disk,
    /// Its division.
    pub layout: Layout,
    /// Why this one.
    pub rule: Rule,
    /// The others: a sentence each.
    pub others: Vec<String>,
}

/// Why a disk cannot be the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Never {
    Ours,
    Optical,
    Empty,
    ReadOnly,
    BootArea,
    Removable,
    Usb,
    SdCard,
    SectorSize(u64),
    TooSmall { bytes: u64, needed: u64 },
}

impl Never {
    fn reason(self) -> String {
        match self {
            Never::Ours => "it carries the installer's own medium".into(),
            Never::Optical => "it is an optical drive".into(),
            Never::Empty => "it has no medium in it".into(),
            Never::ReadOnly => "it is read-only".into(),
            Never::BootArea => "it is a boot or RPMB area of an eMMC".into(),
            Never::Removable => "its medium is removable; only install.disk= can choose it".into(),
            Never::Usb => "it is attached by USB; only install.disk= can choose it".into(),
            Never::SdCard => "it is an SD card; only install.disk= can choose it".into(),
            Never::SectorSize(bytes) => format!("its logical sectors have {bytes} bytes; only 512 and 4096 are supported"),
            Never::TooSmall { bytes, needed } => format!("it is too small: {} where {} are needed", human(bytes), human(needed)),
        }
    }
}

/// Chooses the target. `content` is what its root file system will have to hold, in bytes.
///
/// # Errors
/// When no disk, or more than one, could be it. The details list every disk with its reason.
pub fn choose(disks: &[Disk], settings: &Settings, content: u64) -> Result<Choice> {
    let judged: Vec<(&Disk, std::result::Result<Layout, Never>)> =
        disks.iter().map(|disk| (disk, judge(disk, settings, content))).collect();
    match &settings.disk {
        Some(wanted) => named(&judged, wanted),
        None => only(&judged),
    }
}

fn judge(disk: &Disk, settings: &Settings, content: u64) -> std::result::Result<Layout, Never> {
    let named = settings.disk.as_deref().is_some_and(|wanted| is(disk, wanted));
    let boot_area = disk.name.strip_prefix("mmcblk").is_some_and(|rest| rest.contains("boot") || rest.contains("rpmb"));
    let never = [
        (disk.ours, Never::Ours),
        (disk.optical, Never::Optical),
        (disk.bytes == 0, Never::Empty),
        (disk.read_only, Never::ReadOnly),
        (boot_area, Never::BootArea),
        (!matches!(disk.sector, 512 | 4096), Never::SectorSize(disk.sector)),
        (disk.removable && !named, Never::Removable),
        (disk.transport == Transport::Usb && !named, Never::Usb),
        (disk.sd_card && !named, Never::SdCard),
    ];
    if let Some((_, never)) = never.into_iter().find(|(applies, _)| *applies) {
        return Err(never);
    }
    Layout::of(disk.bytes, disk.sector, settings.swap, content).map_err(|TooSmall { needed }| Never::TooSmall { bytes: disk.bytes, needed })
}

type Judged<'a> = (&'a Disk, std::result::Result<Layout, Never>);

fn named(judged: &[Judged], wanted: &str) -> Result<Choice> {
    let doing = format!("choosing the disk {wanted} of install.disk=");
    let mut matching = judged.iter().filter(|(disk, _)| is(disk, wanted));
    match (matching.next(), matching.next()) {
        (Some((disk, Ok(layout))), None) => Ok(chosen(judged, disk, *layout, Rule::Named)),
        (Some((disk, Err(never))), None) => Err(refusal(doing, format!("{} cannot be the target: {}", disk.name, never.reason()), judged)),
        (Some(_), Some(_)) => Err(refusal(doing, "more than one disk answers to it", judged)),
        (None, _) => Err(refusal(doing, "no disk has this name, serial number or WWN", judged)),
    }
}

fn only(judged: &[Judged]) -> Result<Choice> {
    let mut candidates = judged.iter().filter_map(|(disk, verdict)| verdict.ok().map(|layout| (disk, layout)));
    match (candidates.next(), candidates.next()) {
        (Some((disk, layout)), None) => Ok(chosen(judged, disk, layout, Rule::Only)),
        (None, _) => Err(refusal("choosing the disk", "no disk can be the target", judged)),
        (Some(_), Some(_)) => Err(refusal("choosing the disk", "more than one disk could be the target", judged)),
    }
}

fn chosen(judged: &[Judged], target: &Disk, layout: Layout, rule: Rule) -> Choice {
    let others = judged.iter().filter(|(disk, _)| disk.name != target.name);
    let others = others.map(|(disk, verdict)| sentence(disk, verdict, "another was named by install.disk=")).collect();
    Choice { target: target.clone(), layout, rule, others }
}

fn refusal(doing: impl Into<String>, cause: impl Into<String>, judged: &[Judged]) -> Error {
    let mut error = Error::new(Kind::Choice, doing, cause.into());
    error.details = judged.iter().map(|(disk, verdict)| sentence(disk, verdict, "it could be the target")).collect();
    if error.details.is_empty() {
        error.details.push("the kernel shows no disk at all: check the cables, and that the firmware's RAID or VMD mode is off".into());
    }
    error
}

fn sentence(disk: &Disk, verdict: &std::result::Result<Layout, Never>, candidate: &str) -> String {
    let reason = match verdict {
        Ok(_) => candidate.into(),
        Err(never) => never.reason(),
    };
    format!("{disk}: {reason}")
}

/// Whether a person means this disk: kernel name, device path, serial number or WWN, to the letter.
fn is(disk: &Disk, wanted: &str) -> bool {
    let name = wanted.strip_prefix("/dev/").unwrap_or(wanted);
    name == disk.name || [&disk.serial, &disk.wwn].iter().any(|id| !id.is_empty() && *id == wanted)
}

#[cfg(test)]
mod tests;
