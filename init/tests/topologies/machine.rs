//! Builds a machine of the table in a temporary directory: sysfs, variables of the firmware, and sparse files for device nodes.

use std::fs::{File, create_dir_all, remove_dir_all};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use init::look::Roots;
use rustix::fs::{MemfdFlags, memfd_create};

use super::text::{Line, Topology, bytes};
use super::{contents, firmware, sysfs};

/// The directory of a machine, gone when this is dropped.
pub struct Machine {
    sys: String,
    dev: String,
    root: PathBuf,
    /// What the device nodes lead to, as long as these are open.
    devices: Vec<File>,
}

impl Machine {
    pub fn build(topology: &Topology) -> Machine {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("topology-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A thousand small files are made and removed in memory, where there is a directory for that.
        let memory = Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
        let root = memory.unwrap_or_else(std::env::temp_dir).join(name);
        let (sys, dev) = (root.join("sys").display().to_string(), root.join("dev").display().to_string());
        let mut machine = Machine { sys, dev, root, devices: Vec::new() };
        create_dir_all(&machine.sys).unwrap();
        create_dir_all(&machine.dev).unwrap();
        create_dir_all(machine.root.join("sys/block")).unwrap();
        firmware::variables(machine.sys.as_ref(), &topology.has);
        let mut disk = None;
        let mut count = 0;
        for line in &topology.has {
            match line.verb.as_str() {
                "disk" | "stick" => disk = Some(machine.disk(&mut count, line)),
                "rack" => rack(line).for_each(|line| disk = Some(machine.disk(&mut count, &line))),
                "controller" => sysfs::controller(machine.sys.as_ref(), line),
                "entry" | "booted-from" | "words" | "typed" => {}
                _ => machine.content(disk.as_ref().unwrap_or_else(|| panic!("{}: no disk yet", topology.place)), line),
            }
        }
        machine
    }

    pub fn roots(&self) -> Roots<'_> {
        Roots { sys: &self.sys, dev: &self.dev }
    }

    /// `disk NAME BUS SIZE …`, or `stick NAME …` for the usual medium.
    fn disk(&mut self, count: &mut usize, line: &Line) -> Drive {
        let mut line = line.clone();
        let stick = line.verb == "stick";
        if stick {
            let usual = ["usb", "16GB", "removable"].map(String::from);
            line.words.splice(1..1, usual);
        }
        let bytes = bytes(line.word(2));
        sysfs::disk(self.sys.as_ref(), *count, bytes, &line);
        *count += 1;
        let drive = Drive { name: line.word(0).into(), sector: line.value("sector").and_then(|s| s.parse().ok()).unwrap_or(512) };
        self.device(&drive.name, bytes);
        if stick {
            self.content(&drive, &Line { verb: "image".into(), words: Vec::new(), values: Vec::new() });
        }
        drive
    }

    /// A device node: a file in memory, for not every file system has files as long as disks are.
    fn device(&mut self, name: &str, bytes: u64) -> File {
        let device = File::from(memfd_create(name, MemfdFlags::CLOEXEC).unwrap());
        device.set_len(bytes).unwrap();
        let opened = device.try_clone().unwrap();
        symlink(format!("/proc/self/fd/{}", device.as_raw_fd()), self.node(name)).unwrap();
        self.devices.push(device);
        opened
    }

    fn node(&self, name: &str) -> String {
        self.roots().node(name)
    }

    fn content(&mut self, drive: &Drive, line: &Line) {
        let node = self.node(&drive.name);
        let device = File::options().read(true).write(true).open(&node).unwrap();
        let found = match line.verb.as_str() {
            "gpt" => contents::gpt(&device, &drive.name, drive.sector, line),
            "mbr" => contents::mbr(&device, line),
            // The kernel counts in sectors of the device, and finds no table where the image has it.
            "image" => contents::image(&device) * usize::from(drive.sector == 512 && !drive.name.starts_with("sr")),
            "image-in" => {
                contents::image(&self.device(line.word(0), 1 << 30));
                return;
            }
            "whole" => return contents::filesystem(&device, 0, line.word(0)),
            "damage" => return contents::damage(&device, drive.sector, line),
            "kernel-finds-no-partitions" => return self.forget_partitions(drive),
            "unreadable" => return std::fs::remove_file(node).unwrap(),
            verb => panic!("`{verb}` is not known"),
        };
        let between = if drive.name.ends_with(|c: char| c.is_ascii_digit()) { "p" } else { "" };
        let names: Vec<String> = (1..=found).map(|number| format!("{}{between}{number}", drive.name)).collect();
        sysfs::partitions(self.sys.as_ref(), &drive.name, &names);
    }

    fn forget_partitions(&self, drive: &Drive) {
        let directory = self.roots().sysfs("block").join(&drive.name);
        let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.join("partition").exists()).for_each(|path| remove_dir_all(path).unwrap());
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        remove_dir_all(&self.root).unwrap();
    }
}

/// `rack COUNT BUS SIZE`: that many disks, from sdb on.
fn rack(line: &Line) -> impl Iterator<Item = Line> + '_ {
    let letter = |number: usize| char::from(b'a' + (number % 26) as u8);
    let name = move |n: usize| if n < 26 { format!("sd{}", letter(n)) } else { format!("sd{}{}", letter(n / 26 - 1), letter(n)) };
    (1..=line.word(0).parse().unwrap()).map(move |number| {
        let mut disk = line.clone();
        disk.verb = "disk".into();
        disk.words[0] = name(number);
        disk
    })
}

struct Drive {
    name: String,
    sector: u64,
}
