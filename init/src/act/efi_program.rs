//! Whether a file is a whole EFI program: a PE image whose sections are all there. PE format, sections "COFF File Header" and "Section Table".

/// Bytes of a section header, and where in it the size and place of its data are.
const SECTION: usize = 40;
const RAW_SIZE: usize = 16;
const RAW_PLACE: usize = 20;

/// `None` for a file that is too short to say, or is cut within a section.
pub fn is_whole(file: &[u8]) -> Option<bool> {
    let header = usize::try_from(number(file, 0x3c)?).ok()?;
    if !file.starts_with(b"MZ") || file.get(header..header + 4)? != b"PE\0\0" {
        return Some(false);
    }
    let sections = usize::from(short(file, header + 6)?);
    let optional = usize::from(short(file, header + 20)?);
    let mut end = 0;
    for index in 0..sections {
        let section = header + 24 + optional + index * SECTION;
        end = end.max(u64::from(number(file, section + RAW_PLACE)?) + u64::from(number(file, section + RAW_SIZE)?));
    }
    Some(sections > 0 && end <= file.len() as u64)
}

fn number(file: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(file.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn short(file: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(file.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A PE image of one section with 16 bytes.
    pub fn program() -> Vec<u8> {
        let mut file = vec![0; 0x40 + 24 + SECTION + 16];
        let length = file.len() as u32;
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x40;
        file[0x40..0x44].copy_from_slice(b"PE\0\0");
        file[0x46] = 1;
        let section = 0x40 + 24;
        file[section + RAW_SIZE] = 16;
        file[section + RAW_PLACE..section + RAW_PLACE + 4].copy_from_slice(&(length - 16).to_le_bytes());
        file
    }

    #[test]
    fn a_program_that_is_cut_anywhere_is_not_whole() {
        let whole = program();
        assert_eq!(is_whole(&whole), Some(true));
        for length in 0..whole.len() {
            assert_ne!(is_whole(&whole[..length]), Some(true), "{length}");
        }
    }

    #[test]
    fn other_files_are_not() {
        assert_eq!(is_whole(&[0; 100]), Some(false));
        let mut wild = program();
        wild[0x3c..0x40].copy_from_slice(&[0xff; 4]);
        assert_ne!(is_whole(&wild), Some(true));
    }
}
