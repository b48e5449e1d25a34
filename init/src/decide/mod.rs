//! The decisions, all pure: which disk, how it will be divided, what will be done. Nothing here reads or writes a device.

mod by_id;
mod choice;
mod disk;
mod layout;
mod page;
mod plan;
mod rules;
mod units;
mod verdict;

pub use choice::{Choice, Facts, Loser, Outcome, Undecided, choose, is_name};
pub use disk::{Disk, Disks, MAX_DISKS, Transport};
pub use layout::{Layout, Region};
pub use page::Page;
pub use plan::{Partition, Plan, Step, Use};
pub use rules::Rule;
pub use units::human;
