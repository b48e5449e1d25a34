//! Doing: the only part that writes. It carries out a confirmed plan, on the one disk that the plan names, and decides nothing.

mod ask;
#[cfg(feature = "bench")]
pub mod bench;
mod boot_files;
mod bundle;
mod deploy_keys;
mod efi_program;
mod extra_mounts;
mod firmware_entry;
mod flake;
mod format;
mod guard;
mod hand_over;
mod hold;
mod holders;
mod hooks;
mod links;
mod luks;
mod mapping;
mod memory;
mod mounts;
mod partition;
mod passphrase;
mod place;
mod progress;
mod publish;
mod read_back;
mod recovery_key;
mod room;
mod shown;
mod stage2;
mod standing;
mod steps;
mod store;
mod strides;
mod wipe;

pub use ask::{Answer, Confirmed, Talk, agree};
pub use deploy_keys::{lay as lay_deploy_keys, place as place_key};
pub use guard::unprotect;
pub use mounts::{release, share};
pub use stage2::{GUEST, ROLE, Stage2, WITHOUT_FIRMWARE, enter, enter_as_guest, leave as leave_stage2, visit as visit_stage2};
pub use steps::{Installed, carry_out};
