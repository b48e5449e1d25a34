//! The links below `/dev/disk` that udev would make for the target: what the owner's commands and the system's boot loader look for.

use std::fs::{File, create_dir_all, remove_file};
use std::os::unix::fs::{FileExt, symlink};

use crate::decide::{Plan, Step, Volume, by_id};
use crate::facts::{superblock, table};

/// Makes them. One that cannot be made is missed by whoever needs it, who says so.
pub fn make(plan: &Plan) {
    let disk = &plan.target;
    let partitions = plan.partitions();
    let ids = by_id(disk);
    ids.iter().for_each(|id| link("by-id", id, &disk.name));
    for (number, partition) in (1..).zip(partitions) {
        ids.iter().for_each(|id| link("by-id", &format!("{id}-part{number}"), &partition.name));
        link("by-partlabel", &partition.label, &partition.name);
    }
    for (number, id) in partition_ids(plan) {
        link("by-partuuid", &id, &disk.partition(number));
    }
    let formatted = plan.steps.iter().filter_map(|step| if let Step::Format(volumes) = step { Some(volumes) } else { None }).flatten();
    let formatted = formatted.map(|formatting| formatting.volume.clone());
    let containers = plan.container().map(|container| Volume::Partition(container.partition.clone()));
    for volume in formatted.chain(containers) {
        superblock_of(&volume);
    }
}

/// Number and PARTUUID of the partitions, from the disk itself.
fn partition_ids(plan: &Plan) -> Vec<(u32, String)> {
    let Ok(device) = File::open(plan.target.node()) else { return Vec::new() };
    let read = |at: u64, length: usize| {
        let mut bytes = vec![0; length];
        device.read_exact_at(&mut bytes, at).ok().map(|()| bytes)
    };
    let table = table::read(&read, plan.target.bytes, plan.target.sector);
    table.partitions().iter().map(|partition| (partition.number, partition.id.to_string())).collect()
}

fn superblock_of(volume: &Volume) {
    let mut bytes = vec![0; superblock::REACH];
    if File::open(volume.node()).and_then(|device| device.read_exact_at(&mut bytes, 0)).is_err() {
        return;
    }
    let Some(hint) = superblock::hint(&bytes) else { return };
    let target = match volume {
        Volume::Partition(name) => name.clone(),
        Volume::Mapping(name) => format!("mapper/{name}"),
    };
    if !hint.label.is_empty() {
        link("by-label", &hint.label, &target);
    }
    if let Some(uuid) = superblock::uuid(hint.kind, &bytes) {
        link("by-uuid", &uuid, &target);
    }
}

fn link(kind: &str, name: &str, target: &str) {
    let directory = format!("/dev/disk/{kind}");
    let path = format!("{directory}/{name}");
    let made = create_dir_all(&directory).and_then(|()| {
        // Of an installation that failed before.
        remove_file(&path).unwrap_or_default();
        symlink(format!("../../{target}"), &path)
    });
    if let Err(error) = made {
        log::debug!("making {path}: {error}");
    }
}
