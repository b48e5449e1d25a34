//! The decisions, all pure: which disk, how it will be divided, what will be done. Nothing here reads or writes a device.

mod by_id;
mod choice;
mod disk;
mod layout;
mod page;
mod plan;
mod rules;
mod step;
mod transport;
mod units;
mod verdict;
mod virtual_media;
mod volume;

pub use by_id::{Ids, names as by_id};
pub use choice::{Choice, Facts, Loser, Outcome, Undecided, choose, is_name};
pub use disk::{Disk, Disks, MAX_DISKS};
pub use layout::{Geometry, Layout, Region, Wanted};
pub use page::{Page, numbered};
pub use plan::{Carried, Plan};
pub use rules::Rule;
pub use step::{Publication, Step};
pub use transport::Transport;
pub use units::human;
pub use volume::{Container, FileSystem, Formatting, Partition, Swap, Use, Volume};
