//! Decrypts what dm-crypt wrote with `aes-xts-plain64`: AES-XTS (IEEE 1619), the tweak of a sector being its number in units of
//! 512 bytes, whatever its size (linux/Documentation/admin-guide/device-mapper/dm-crypt.rst).

use std::path::Path;

use aes::Aes256;
use aes::cipher::KeyInit;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xts_mode::{Xts128, get_tweak_default};

use super::sparse;

/// Where the data of a container lies, and how it is encrypted.
#[derive(Debug, PartialEq, Eq)]
pub struct Segment {
    offset: u64,
    sector: u64,
}

impl Segment {
    /// The one segment of a LUKS2 header, given as cryptsetup prints its JSON.
    pub fn of(json: &str) -> Result<Segment> {
        let json: Value = serde_json::from_str(json)?;
        let segments = json.get("segments").and_then(Value::as_object).context("no segments")?;
        let (Some(segment), 1) = (segments.values().next(), segments.len()) else {
            bail!("{} segments instead of one", segments.len());
        };
        let text = |key: &str| segment.get(key).and_then(Value::as_str).with_context(|| format!("a segment without {key}"));
        let cipher = (text("type")?, text("encryption")?, text("iv_tweak")?, text("size")?);
        ensure!(cipher == ("crypt", "aes-xts-plain64", "0", "dynamic"), "a segment of another kind: {cipher:?}");
        let sector = segment.get("sector_size").and_then(Value::as_u64).context("a segment without sector_size")?;
        ensure!([512, 1024, 2048, 4096].contains(&sector), "sectors of {sector} bytes");
        Ok(Segment { offset: text("offset")?.parse().context("reading the offset of the segment")?, sector })
    }
}

/// Writes what the container holds, with holes where it has some. What was never written would be noise to the kernel: a file
/// system that counts on reading zeros there is found out by booting it, not here.
pub fn decrypt(container: &Path, segment: &Segment, key: &[u8], plain: &Path) -> Result<()> {
    ensure!(key.len() == 64, "decrypting {}: the key has {} bytes instead of 64", container.display(), key.len());
    let (data, tweak) = key.split_at(32);
    let cipher = Xts128::new(Aes256::new(data.into()), Aes256::new(tweak.into()));
    let size = std::fs::metadata(container).with_context(|| format!("measuring {}", container.display()))?.len();
    sparse::convert(container, segment.offset..size, plain, |offset, block| {
        for (number, sector) in block.chunks_mut(segment.sector as usize).enumerate() {
            // A sector that was discarded or never written.
            if sector.iter().any(|byte| *byte != 0) {
                let tweak = u128::from((offset + number as u64 * segment.sector) / 512);
                cipher.decrypt_sector(sector, get_tweak_default(tweak));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    const HEADER: &str = r#"{"segments": {"0": {"type": "crypt", "offset": "16777216", "size": "dynamic", "iv_tweak": "0",
        "encryption": "aes-xts-plain64", "sector_size": 4096}}}"#;

    #[test]
    fn headers_of_another_kind_are_refused() {
        assert_eq!(Segment::of(HEADER).unwrap(), Segment { offset: 16 << 20, sector: 4096 });
        assert!(Segment::of(&HEADER.replace("plain64", "plain")).unwrap_err().to_string().starts_with("a segment of another kind: "));
        assert_eq!(Segment::of(&HEADER.replace("4096", "4097")).unwrap_err().to_string(), "sectors of 4097 bytes");
        assert_eq!(Segment::of(r#"{"segments": {}}"#).unwrap_err().to_string(), "0 segments instead of one");
    }

    #[test]
    fn sectors_of_4096_bytes_count_by_512() {
        let dir = scratch("decrypt");
        let (container, plain) = (dir.join("container"), dir.join("plain"));
        let key: Vec<u8> = (0..64).collect();
        let cipher = Xts128::new(Aes256::new(key[..32].into()), Aes256::new(key[32..].into()));
        let mut sector = vec![7; 4096];
        cipher.encrypt_sector(&mut sector, get_tweak_default(16));
        std::fs::write(&container, [vec![0; 4096 + 2 * 4096], sector].concat()).unwrap();
        decrypt(&container, &Segment { offset: 4096, sector: 4096 }, &key, &plain).unwrap();
        assert_eq!(std::fs::read(&plain).unwrap(), [vec![0; 2 * 4096], vec![7; 4096]].concat());
        assert!(decrypt(&container, &Segment { offset: 4096, sector: 4096 }, &key[1..], &plain).is_err());
    }
}
