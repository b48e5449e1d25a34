//! What bytes on a disk and in the firmware's variables mean. Pure and bounded: it is given bytes, from whoever wrote them, and must never
//! panic, allocate by their word, or read outside of them.

pub mod bytes;
pub mod crc32;
pub mod date;
pub mod guid;
pub mod load_option;
pub mod smbios;
pub mod superblock;
pub mod table;
pub mod vpd;

#[cfg(test)]
mod mutations;
