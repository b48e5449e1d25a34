//! Takes out of a kernel module what only debuggers, stack traces and call depth tracking (`retbleed=stuff`, never a
//! default) read: a third of its bytes, which would lie in memory during the whole installation. The result
//! keeps every section number, so nothing that points to a section has to change; ELF is described in elf(5).
//! The signature behind the sections goes, too, since it no longer fits: a kernel that insists on signatures (Secure
//! Boot with lockdown) refuses such a module, and the medium does not boot there yet anyway.

use anyhow::{Context, Result, ensure};
use goblin::elf::Elf;
use goblin::elf::section_header::SHT_NOBITS;

/// Read by nothing that an installer runs.
const DROPPED: [&str; 10] = [
    ".BTF",
    ".BTF.base",
    ".call_sites",
    ".comment",
    ".note.GNU-stack",
    ".orc_header",
    ".orc_unwind",
    ".orc_unwind_ip",
    ".rela.call_sites",
    ".rela.orc_unwind_ip",
];

/// Sizes and places fixed by the format for 64 bit.
const FILE_HEADER: usize = 64;
const SECTION_HEADER: usize = 64;
const TABLE_OFFSET_FIELD: usize = 40;
const SECTION_OFFSET_FIELD: usize = 24;

/// The module without those sections and without a signature.
pub fn slim(module: &[u8]) -> Result<Vec<u8>> {
    let elf = Elf::parse(module).context("reading its sections")?;
    ensure!(
        elf.is_64 && elf.little_endian && elf.header.e_shentsize as usize == SECTION_HEADER,
        "reading its sections: not of this processor"
    );
    let table = usize::try_from(elf.header.e_shoff).context("reading its sections")?;
    let cut = |start: usize, size: usize| {
        let end = start.checked_add(size).context("reading its sections")?;
        module
            .get(start..end)
            .context("reading its sections: it ends early")
    };
    let mut out = cut(0, FILE_HEADER)?.to_vec();
    let mut headers = Vec::new();
    for (number, section) in elf.section_headers.iter().enumerate() {
        let name = elf.shdr_strtab.get_at(section.sh_name).unwrap_or_default();
        if DROPPED.contains(&name) {
            // A header of zeros is an unused one.
            headers.extend([0; SECTION_HEADER]);
            continue;
        }
        let mut header = cut(table + number * SECTION_HEADER, SECTION_HEADER)?.to_vec();
        if number > 0 {
            let align = usize::try_from(section.sh_addralign.max(1))?;
            out.resize(out.len().next_multiple_of(align), 0);
            set(&mut header, SECTION_OFFSET_FIELD, out.len());
            if section.sh_type != SHT_NOBITS {
                let start = usize::try_from(section.sh_offset)?;
                out.extend(cut(start, usize::try_from(section.sh_size)?)?);
            }
        }
        headers.extend(header);
    }
    out.resize(out.len().next_multiple_of(8), 0);
    let table = out.len();
    set(&mut out, TABLE_OFFSET_FIELD, table);
    out.extend(headers);
    Ok(out)
}

fn set(bytes: &mut [u8], field: usize, value: usize) {
    bytes[field..field + 8].copy_from_slice(&(value as u64).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section names, types and contents of a file.
    fn sections(file: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
        let elf = Elf::parse(file).unwrap();
        let headers = elf.section_headers.iter();
        headers
            .map(|section| {
                let name = elf.shdr_strtab.get_at(section.sh_name).unwrap_or_default();
                let content = section.file_range().map(|range| file[range].to_vec());
                (
                    name.to_owned(),
                    section.sh_type,
                    content.unwrap_or_default(),
                )
            })
            .collect()
    }

    #[test]
    fn all_other_sections_keep_number_and_content() {
        // Any ELF file will do: this test's own program has a .comment.
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let mut signed = program.clone();
        signed.extend(b"a signature");
        let before = sections(&program);
        let after = sections(&slim(&signed).unwrap());
        assert_eq!(before.len(), after.len());
        let mut dropped = 0;
        for (old, new) in before.iter().zip(&after) {
            if DROPPED.contains(&old.0.as_str()) {
                assert_eq!(new, &(String::new(), 0, Vec::new()));
                dropped += 1;
            } else {
                assert_eq!(old, new);
            }
        }
        assert!(dropped > 0);
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(slim(&program[..1000]).is_err());
    }
}
