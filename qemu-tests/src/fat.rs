//! Files in a FAT file system that starts at some byte of an image or a device, by mtools: without mounting, and without root for images.

use std::path::Path;

use anyhow::{Context, Result};

use crate::command::{self, tool};

/// What takes the room of everything that is free.
const FILLER: &str = "ZEROS";

/// A FAT file system.
pub struct Fat {
    drive: String,
}

impl Fat {
    /// The one that starts at this byte.
    pub fn at(disk: &Path, start: u64) -> Fat {
        Fat { drive: format!("{}@@{start}", disk.display()) }
    }

    /// Copies a file into it, with the directories that lead there, over what is there.
    pub fn put(&self, name: &str, source: &Path) -> Result<()> {
        let subject = format!("putting {name} on the medium");
        for (end, _) in name.match_indices('/') {
            let directory = format!("::{}", &name[..end]);
            if !self.has(&name[..end])? {
                command::run(&subject, tool("mmd").args(["-i", &self.drive, &directory]))?;
            }
        }
        command::run(&subject, tool("mcopy").args(["-o", "-i", &self.drive]).arg(source).arg(format!("::{name}")))
    }

    /// Content of a file.
    pub fn text(&self, name: &str) -> Result<String> {
        command::text(&format!("reading {name}"), tool("mtype").args(["-i", &self.drive]).arg(format!("::{name}")))
    }

    /// Copies a file out of it.
    pub fn get(&self, name: &str, target: &Path) -> Result<()> {
        command::run(&format!("reading {name}"), tool("mcopy").args(["-n", "-o", "-i", &self.drive]).arg(format!("::{name}")).arg(target))
    }

    /// Whether there is a file or directory of this name.
    pub fn has(&self, name: &str) -> Result<bool> {
        let said = command::listen(&format!("looking for {name}"), tool("mdir").args(["-b", "-i", &self.drive]).arg(format!("::{name}")))?;
        match said.failure {
            None => Ok(true),
            Some(_) if said.lines().iter().any(|line| line.contains("not found")) => Ok(false),
            Some(_) => said.checked(&format!("looking for {name}")).map(|_| false),
        }
    }

    /// The paths of all files.
    pub fn files(&self) -> Result<Vec<String>> {
        let subject = "listing the files";
        let said = command::listen(subject, tool("mdir").args(["-b", "-/", "-i", &self.drive, "::"]))?;
        // Where nothing is at all, mdir finds not even the root.
        if said.lines().iter().any(|line| line.ends_with("File \"::\" not found")) {
            return Ok(Vec::new());
        }
        let text = String::from_utf8(said.checked(subject)?.out).context(subject)?;
        let names = text.lines().filter_map(|line| line.strip_prefix("::/"));
        Ok(names.filter(|name| !name.is_empty() && !name.ends_with('/')).map(str::to_owned).collect())
    }

    /// Removes a file, or a directory with all in it.
    pub fn remove(&self, name: &str) -> Result<()> {
        command::run(&format!("removing {name}"), tool("mdeltree").args(["-i", &self.drive]).arg(format!("::{name}")))
    }

    /// Overwrites with zeros what no file uses; `work` is for a file as large as that.
    pub fn clear_free(&self, work: &Path) -> Result<()> {
        self.fill(work)?;
        self.remove(FILLER)
    }

    /// Leaves no room, in the same way.
    pub fn fill(&self, work: &Path) -> Result<()> {
        let subject = "overwriting what is free";
        let said = command::listen(subject, tool("mdir").args(["-i", &self.drive, "::"]))?;
        let line = said.lines().into_iter().find(|line| line.ends_with("bytes free")).context(subject)?;
        let bytes: String = line.chars().filter(char::is_ascii_digit).collect();
        std::fs::File::create(work).and_then(|file| file.set_len(bytes.parse().unwrap_or_default())).context(subject)?;
        let filled = self.put(FILLER, work);
        std::fs::remove_file(work).context(subject)?;
        filled.context(subject)
    }
}
