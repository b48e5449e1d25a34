//! Makes the pieces of a medium: modules, initrd, stage-2 image, partitions. Knows nothing of hosts and flakes.

pub mod cpio;
pub mod init_binary;
pub mod initrd;
pub mod kernel_config;
pub mod kernel_tree;
pub mod libraries;
pub mod loader;
pub mod medium;
pub mod modules;
pub mod partitions;
pub mod slim;
pub mod stage2;
