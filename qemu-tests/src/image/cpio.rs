//! Writes the archive format the kernel unpacks as its first root: cpio "newc", described in the kernel's
//! Documentation/driver-api/early-userspace/buffer-format.rst. The bytes depend on names and contents alone:
//! entries are sorted, owned by root, dated 0 and numbered from 1.

use std::collections::BTreeMap;

/// File type bits of a mode, as in stat(2).
const DIRECTORY: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;

struct Entry {
    mode: u32,
    content: Vec<u8>,
}

/// A tree of files to be written. Parent directories come by themselves.
#[derive(Default)]
pub struct Archive(BTreeMap<String, Entry>);

impl Archive {
    /// Adds a directory.
    pub fn directory(&mut self, path: &str) {
        self.insert(path, DIRECTORY | 0o755, Vec::new());
    }

    /// Adds a file with its permission bits.
    pub fn file(&mut self, path: &str, permissions: u32, content: Vec<u8>) {
        self.insert(path, REGULAR | permissions, content);
    }

    /// The archive's bytes, padded so that another archive may follow.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (number, (path, entry)) in self.0.iter().enumerate() {
            write(&mut out, number + 1, path, entry.mode, &entry.content);
        }
        write(&mut out, 0, "TRAILER!!!", 0, &[]);
        out
    }

    /// Paths and sizes of its files, a line each.
    pub fn list(&self) -> String {
        let files = self.0.iter().filter(|(_, entry)| entry.mode & DIRECTORY == 0);
        files.map(|(path, entry)| format!("{} {path}\n", entry.content.len())).collect()
    }

    fn insert(&mut self, path: &str, mode: u32, content: Vec<u8>) {
        let path = path.trim_matches('/');
        for (end, _) in path.match_indices('/') {
            self.0.entry(path[..end].to_owned()).or_insert(Entry { mode: DIRECTORY | 0o755, content: Vec::new() });
        }
        self.0.insert(path.to_owned(), Entry { mode, content });
    }
}

fn write(out: &mut Vec<u8>, number: usize, name: &str, mode: u32, content: &[u8]) {
    let links = if mode & DIRECTORY == DIRECTORY { 2 } else { 1 };
    let fields = [
        number,
        mode as usize,
        0, // owner
        0, // group
        links,
        0, // time
        content.len(),
        0, // device, major and minor
        0,
        0, // device node, major and minor
        0,
        name.len() + 1,
        0, // checksum, unused in this format
    ];
    out.extend(b"070701");
    for field in fields {
        out.extend(format!("{field:08X}").bytes());
    }
    out.extend(name.bytes());
    out.push(0);
    pad(out);
    out.extend(content);
    pad(out);
}

/// Headers and contents start at multiples of four.
fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Archive {
        let mut archive = Archive::default();
        archive.file("/bin/tool", 0o755, b"hello".to_vec());
        archive.directory("proc");
        archive
    }

    #[test]
    fn the_first_header_is_spelt_as_the_kernel_documents_it() {
        let bytes = sample().bytes();
        let expected = "070701\
            00000001000041ED00000000000000000000000200000000\
            00000000000000000000000000000000000000000000000400000000bin\0";
        assert_eq!(&bytes[..expected.len()], expected.as_bytes());
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn parents_come_first_and_names_are_sorted() {
        let sample = sample();
        let names: Vec<&String> = sample.0.keys().collect();
        assert_eq!(names, ["bin", "bin/tool", "proc"]);
    }

    #[test]
    fn files_are_listed_with_their_sizes() {
        assert_eq!(sample().list(), "5 bin/tool\n");
    }

    #[test]
    fn a_whole_archive_is_as_the_kernel_documents_it() {
        let mut archive = Archive::default();
        archive.file("a", 0o600, b"hello".to_vec());
        let expected = concat!(
            "070701",
            "0000000100008180000000000000000000000001000000000000000500000000",
            "0000000000000000000000000000000200000000",
            "a\0",
            "hello\0\0\0",
            "070701",
            "0000000000000000000000000000000000000001000000000000000000000000",
            "0000000000000000000000000000000B00000000",
            "TRAILER!!!\0\0\0\0",
        );
        assert_eq!(String::from_utf8(archive.bytes()).unwrap(), expected);
    }
}
