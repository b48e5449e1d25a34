//! LUKS2 through stage-2's cryptsetup. The passphrase goes through a pipe: it is in no argument, no environment and no log.

use std::fs::{File, read_to_string, remove_file};
use std::os::fd::AsRawFd;

use rustix::pipe::PipeFlags;

use super::stage2::Stage2;
use crate::decide::{Container, Volume};
use crate::error::{Doing, Error, Kind, Result};
use crate::pid1::secret::Secret;
use crate::settings::Pbkdf;

const PROGRAM: &str = "cryptsetup";
/// Name of the swap space while the system is installed.
const SWAP: &str = "installation-swap";
/// Size in bytes of a container that holds nothing: its header has 16 MiB.
const REHEARSAL: u64 = 17 << 20;

/// Makes a container in memory at the least cost, and opens it: the program, its libraries, the kernel's ciphers and this very passphrase
/// are tried while nothing is lost yet.
///
/// # Errors
/// Any of them is not what it should be.
pub fn rehearse(stage2: &Stage2, container: &Container, passphrase: &Secret) -> Result<()> {
    let doing = "rehearsing the encryption";
    if !stage2.has(PROGRAM) {
        return Err(Error::new(Kind::Medium, doing, format!("{PROGRAM} is not on this medium")));
    }
    let (outside, inside) = stage2.file("rehearsal");
    File::create(&outside).and_then(|file| file.set_len(REHEARSAL)).doing(Kind::System, || doing.into())?;
    format(stage2, container, &inside, [32, 4, 1], passphrase, doing)?;
    run(stage2, &["open", "--test-passphrase", "--key-file=-", &inside], passphrase, doing)?;
    remove_file(&outside).doing(Kind::System, || doing.into())
}

/// Makes the container and opens it.
pub fn encrypt(stage2: &Stage2, container: &Container, passphrase: &Secret) -> Result<()> {
    let partition = format!("/dev/{}", container.partition);
    format(stage2, container, &partition, cost(&container.pbkdf)?, passphrase, &format!("encrypting {}", container.partition))?;
    // Discards tell an attacker how full the disk is, and keep flash fast.
    let open = ["open", "--type=luks2", "--allow-discards", "--key-file=-", &partition, &container.mapping];
    run(stage2, &open, passphrase, &format!("opening {}", container.partition))
}

fn format(stage2: &Stage2, container: &Container, device: &str, cost: [u32; 3], passphrase: &Secret, doing: &str) -> Result<()> {
    let [memory, passes, lanes] = cost;
    let words = ["luksFormat", "--batch-mode", "--type=luks2", "--label", &container.label, "--pbkdf=argon2id"];
    let cost = [format!("--pbkdf-memory={memory}"), format!("--pbkdf-force-iterations={passes}"), format!("--pbkdf-parallel={lanes}")];
    let words: Vec<&str> = words.into_iter().chain(cost.iter().map(String::as_str)).chain(["--key-file=-", device]).collect();
    run(stage2, &words, passphrase, doing)
}

/// Adds a key that is random, and so needs no costly derivation, in the next free slot.
pub fn add_key(stage2: &Stage2, container: &Container, passphrase: &Secret, key: &Secret) -> Result<()> {
    let partition = format!("/dev/{}", container.partition);
    // The one descriptor that cryptsetup inherits beside its standard input.
    let pipe = key.pipe(PipeFlags::empty())?;
    let new_key = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let words = ["luksAddKey", "--batch-mode", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000", "--key-file=-", &partition, &new_key];
    run(stage2, &words, passphrase, &format!("adding the recovery key to {}", container.partition))
}

fn run(stage2: &Stage2, words: &[&str], passphrase: &Secret, doing: &str) -> Result<()> {
    stage2.run(PROGRAM, words, Some(passphrase.pipe(PipeFlags::CLOEXEC)?), doing)
}

/// Swap space on this partition under a random key, which is nowhere but in memory.
pub fn swap_with_random_key(stage2: &Stage2, partition: &str) -> Result<Volume> {
    let doing = format!("encrypting the swap space on {partition}");
    let words = ["open", "--batch-mode", "--type=plain", "--cipher=aes-xts-plain64", "--key-size=512", "--key-file=/dev/urandom"];
    let node = format!("/dev/{partition}");
    stage2.run(PROGRAM, &[&words[..], &[&node, SWAP]].concat(), None, &doing)?;
    Ok(Volume::Mapping(SWAP.into()))
}

/// Memory in KiB, passes and lanes of the key derivation.
fn cost(pbkdf: &Pbkdf) -> Result<[u32; 3]> {
    const MEMINFO: &str = "/proc/meminfo";
    let doing = || format!("reading {MEMINFO}");
    let memory = match pbkdf.memory {
        Some(mebibytes) => mebibytes.saturating_mul(1024),
        None => {
            let text = read_to_string(MEMINFO).doing(Kind::System, doing)?;
            memory(&text).ok_or_else(|| Error::new(Kind::System, doing(), "it does not say how much memory there is"))?
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get().min(4));
    Ok([memory, pbkdf.iterations, pbkdf.parallel.unwrap_or(u32::try_from(processors).unwrap_or(1))])
}

/// A quarter of the machine's memory in KiB, but not less than 64 MiB, with which an attacker's hardware is kept busy, and not more than
/// 1 GiB, which the same machine may not have free when it boots.
fn memory(meminfo: &str) -> Option<u32> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    u32::try_from((kibibytes / 4).clamp(64 << 10, 1 << 20)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_memory_within_limits() {
        for (total, expected) in [(1_000_000, 250_000), (128 << 10, 64 << 10), (64 << 20, 1 << 20)] {
            assert_eq!(memory(&format!("MemTotal:       {total} kB\nMemFree: 1 kB\n")), Some(expected));
        }
        for text in ["", "MemTotal: much\n", "MemTotal: 1 MB\n"] {
            assert_eq!(memory(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_asked_for_is_taken() {
        assert_eq!(cost(&Pbkdf { memory: Some(64), iterations: 5, parallel: Some(3) }).unwrap(), [64 << 10, 5, 3]);
    }
}
