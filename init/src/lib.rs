//! The installer: PID 1 of the medium. Read it in the order of the modules.
//!
//! *Look* reads settings, firmware and disks; *decide* chooses and plans without touching anything; *online* has ready what the plan needs
//! from outside; *act* asks, and carries the confirmed plan out. The act boundaries are folders: `decide`, `facts` and `settings` import neither `sys` nor the effects of `std`.

pub mod settings;

pub mod look;

pub mod decide;

pub mod online;

pub mod act;

pub mod medium;

pub mod facts;

pub mod drivers;

pub mod pid1;

pub mod role;

pub mod error;

pub mod sys;
