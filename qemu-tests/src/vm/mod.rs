//! Virtual machines that boot the image and prove, disk by disk, what it did.
//!
//! Modules in reading order: what a scenario says, how it is run, what is read from the disks afterwards.

mod outcome;
mod row;
pub mod scenario;
pub mod scenarios;
mod step;

pub mod jobs;
pub mod one;

mod foreign;
mod hand;
mod look;
mod page;
mod power_loss;
mod script;
mod session;
mod silence;
mod transcript;

pub mod accel;
pub mod command;
pub mod emulator;
mod keys;
mod login;
mod machine;
mod qmp;
mod serial;
mod switch;
mod text_mode;

mod bad;
mod dirty;
pub mod disk;
pub mod gpt_map;
pub mod medium;
mod names;
mod nic;
mod observer;
mod remains;
pub mod sparse;
mod tpm;
mod variables;

pub mod after;
pub mod oracle;
