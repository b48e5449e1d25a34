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
pub fn disk_guid(parts: &Parts, pieces: &[Piece], images: &[Raw], closure: Option<&Closure>) -> Result<String> {
    let mut key = Key::new("medium 2");
    medium::identify(&mut key, parts)?;
    for piece in pieces {
        key.add(&piece.bytes);
    }
    key.add(medium_file("", parts.built, images, closure).as_bytes());
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

/// Text of /etc/autoinstaller/medium. Without a closure it names no system: that is built where it is installed.
pub fn medium_file(guid: &str, built: u64, images: &[Raw], closure: Option<&Closure>) -> String {
    let mut text = format!("diskGuid={guid}\nbuilt={built}\n");
    for Raw { name, size, sha256 } in images {
        text += &format!("{name}.size={size}\n{name}.sha256={sha256}\n");
    }
    if let Some(closure) = closure {
        text += &format!("closure.content={}\ntoplevel={}\n", closure.content, closure.toplevel);
        text += &closure.commit.as_ref().map(|commit| format!("closure.commit={commit}\n")).unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_guid_is_lower_case_and_of_the_hash_version() {
        assert_eq!(guid([0xff; 32]), "ffffffff-ffff-8fff-bfff-ffffffffffff");
    }

    fn raw(name: &'static str, size: u64) -> Raw {
        Raw { name, size, sha256: "ab".repeat(32) }
    }

    fn closure(toplevel: &str, content: u64) -> Closure {
        Closure { toplevel: toplevel.to_owned(), paths: Vec::new(), registration: String::new(), content, commit: None }
    }

    #[test]
    fn whatever_is_on_the_medium_is_in_the_guid() {
        let place = std::env::temp_dir().join(format!("identity-test-{}", std::process::id()));
        let at = |name: &str| place.join(name);
        fs::create_dir_all(at("grub")).unwrap();
        let files = ["kernel", "loader", "grub/boot_hybrid.img", "grub/linux.mod"];
        files.iter().for_each(|name| fs::write(at(name), name).unwrap());
        let parts = Parts {
            kernel: at("kernel"),
            loader: at("loader"),
            grub: at("grub"),
            kernel_config: at(""),
            modules: at(""),
            programs: at(""),
            built: 1,
            stage2: at(""),
            stand_ins: None,
            stage2_store: Vec::new(),
        };
        let made = |bytes: &[u8], size, toplevel, content| {
            let pieces = [Piece { name: "test", unpacked: 1, list: String::new(), bytes: bytes.to_vec() }];
            disk_guid(&parts, &pieces, &[raw("stage2", size)], Some(&closure(toplevel, content))).unwrap()
        };
        let first = made(b"a", 1, "/x", 1);
        assert_eq!(first, made(b"a", 1, "/x", 1));
        let others = [made(b"b", 1, "/x", 1), made(b"a", 2, "/x", 1), made(b"a", 1, "/y", 1), made(b"a", 1, "/x", 2)];
        assert!(!others.contains(&first));
        for name in files {
            fs::write(at(name), "other").unwrap();
            assert_ne!(made(b"a", 1, "/x", 1), first, "{name}");
            fs::write(at(name), name).unwrap();
        }
        assert_eq!(first, made(b"a", 1, "/x", 1));
        fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn the_medium_file_is_what_init_reads() {
        let closure = Closure { commit: Some("ab".repeat(20)), ..closure("/nix/store/x", 11) };
        let disk_guid = guid([7; 32]);
        let text = medium_file(&disk_guid, 13, &[raw("stage2", 5), raw("closure", 7)], Some(&closure));
        let manifest = init::medium::Manifest::parse(&text).unwrap();
        let found = manifest.closure.as_ref().unwrap();
        assert_eq!((&manifest.disk_guid, manifest.stage2.bytes, found.image.bytes), (&disk_guid, 5, 7));
        assert_eq!((manifest.stage2.sha256, found.content), ([0xab; 32], 11));
        assert_eq!((manifest.carried().toplevel, manifest.carried().commit), (Some("/nix/store/x"), closure.commit.as_deref()));
        assert_eq!(manifest.built, 13);
    }
}
