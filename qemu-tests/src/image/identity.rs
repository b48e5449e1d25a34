//! What a medium is: the digests `init` verifies, and the GUID by which it knows its own medium. Both follow from the
//! content alone.

use std::path::Path;

use anyhow::Result;

use super::initrd::Piece;
use super::medium;
use crate::cache::{self, Key};
use crate::closure::Closure;
use crate::parts::Parts;

/// An image that lies raw in a partition.
pub struct Raw {
    /// `stage2` or `closure`.
    pub name: &'static str,
    /// In bytes; the partition may be longer.
    pub size: u64,
    /// Of exactly that many bytes, in hexadecimal.
    pub sha256: String,
}

impl Raw {
    /// Measures an image.
    pub fn of(name: &'static str, image: &Path) -> Result<Self> {
        let (size, sha256) = cache::sha256_file(image)?;
        Ok(Self { name, size, sha256 })
    }
}

/// The GUID that follows from everything on the medium but the file that names it.
pub fn disk_guid(parts: &Parts, pieces: &[Piece], images: &[Raw], closure: &Closure) -> Result<String> {
    let mut key = Key::new("medium 2");
    medium::identify(&mut key, parts)?;
    for piece in pieces {
        key.add(&piece.bytes);
    }
    key.add(medium_file("", images, closure).as_bytes());
    Ok(guid(key.bytes()))
}

/// The GUID of one partition of a medium.
pub fn partition_guid(disk_guid: &str, number: u32) -> String {
    let mut key = Key::new(disk_guid);
    key.add(&number.to_le_bytes());
    guid(key.bytes())
}

/// A GUID of the version for content hashes (RFC 9562, version 8), lower case.
fn guid(digest: [u8; 32]) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = cache::hex(&bytes);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Text of /etc/autoinstaller/medium.
pub fn medium_file(guid: &str, images: &[Raw], closure: &Closure) -> String {
    let mut text = format!("diskGuid={guid}\n");
    for Raw { name, size, sha256 } in images {
        text += &format!("{name}.size={size}\n{name}.sha256={sha256}\n");
    }
    text + &format!("closure.content={}\ntoplevel={}\n", closure.content, closure.toplevel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guid_is_lower_case_and_of_the_hash_version() {
        assert_eq!(guid([0xff; 32]), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    }

    #[test]
    fn the_medium_file_is_what_init_reads() {
        let raw = |name, size| Raw { name, size, sha256: "ab".repeat(32) };
        let closure = Closure { toplevel: "/nix/store/x".into(), paths: Vec::new(), registration: String::new(), content: 11 };
        let disk_guid = guid([7; 32]);
        let text = medium_file(&disk_guid, &[raw("stage2", 5), raw("closure", 7)], &closure);
        let manifest = init::medium::Manifest::parse(&text).unwrap();
        assert_eq!((manifest.disk_guid, manifest.stage2.bytes, manifest.closure.bytes), (disk_guid, 5, 7));
        assert_eq!((manifest.stage2.sha256, manifest.closure_content), ([0xab; 32], 11));
        assert_eq!(manifest.toplevel, "/nix/store/x");
    }
}
