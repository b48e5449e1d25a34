//! Every `unsafe` of the project: one safe function per request that rustix has no wrapper for.
//!
//! Each names the C request and its header. None of them retries, logs or decides.
#![allow(unsafe_code)]

pub mod block;
pub mod device_mapper;
pub mod link;
pub mod loop_device;
#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
mod messages;
pub mod namespace;
pub mod process;
pub mod signals;
// musl answers without all that.
#[cfg(all(not(test), target_env = "gnu"))]
mod stack;
pub mod swap;
#[cfg(all(target_env = "gnu", target_feature = "crt-static", panic = "abort"))]
mod unwind;
