//! What a machine said about its boot, as points in time. All times are nanoseconds since power-on, an instruction each.

use anyhow::{Context, Result, ensure};

/// Begins every line that is meant for us.
const PREFIX: &str = "BENCH ";

/// In bytes: what the machine has.
const MEMORY: u64 = 1 << 30;
/// What the log says when the disks are described, and when a question is asked.
const DESCRIBED: &str = ", sequence number ";
const ASKED: &str = "waiting for an answer";

/// One boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// The kernel's own clock starts; before it are firmware, loading and unpacking the kernel.
    pub kernel: u64,
    /// The first program starts.
    pub pid1: u64,
    /// The last module was loaded.
    pub drivers: u64,
    /// The set of disks was quiet for long enough, and is described.
    pub disks: u64,
    /// The question is on the console; of those who keep no log, what the program noticed: a prompt, or its own line.
    pub question: u64,
    /// Of all this, in which the processor had nothing to do.
    pub idle: u64,
    /// Bytes of memory that nobody can have any more.
    pub memory: u64,
    /// Modules loaded.
    pub modules: usize,
}

impl Boot {
    /// Reads what was said.
    ///
    /// # Errors
    /// Something is missing: the machine did not get so far.
    pub fn read(said: &str) -> Result<Boot> {
        let lines: Vec<&str> = said.lines().filter_map(|line| line.trim_end().strip_prefix(PREFIX)).collect();
        ensure!(lines.contains(&"done"), "reading the boot: it is not done");
        let find =
            |what: &str| lines.iter().find_map(|line| line.strip_prefix(what)).with_context(|| format!("reading the boot: no {what}"));
        let (counter, booted) = find("pid1 ")?.split_once(' ').context("reading the boot: no times of PID 1")?;
        let number = |word: &str| word.trim().parse::<u64>().with_context(|| format!("reading the boot: {word} is not a number"));
        let pid1 = number(counter)?;
        let kernel = pid1.saturating_sub(number(booted)?);
        // proc_stat(5): user, nice, system, idle, waiting for disks, in hundredths of a second.
        let spent = find("stat cpu ")?.split_whitespace().map(&number).collect::<Result<Vec<_>>>()?;
        let idle = spent.iter().skip(3).take(2).sum::<u64>() * 10_000_000;
        let kib = |name: &str| number(find(&format!("memory {name}:"))?.trim_end_matches("kB"));
        let log: Vec<(u64, &str)> = lines.iter().filter_map(|line| logged(line.strip_prefix("log ")?)).collect();
        let after = |time: Option<&(u64, &str)>, before: u64| time.map_or(before, |(time, _)| kernel + time);
        let drivers = after(log.iter().rev().find(|(_, text)| text.starts_with("loaded ")), pid1);
        let disks = after(log.iter().find(|(_, text)| text.contains(DESCRIBED)), drivers);
        let noticed = kernel + number(find("noticed ")?)?;
        let question = log.iter().find(|(_, text)| *text == ASKED).map_or(noticed, |(time, _)| kernel + time);
        Ok(Boot {
            kernel,
            pid1,
            drivers,
            disks,
            question,
            idle,
            memory: MEMORY.saturating_sub(kib("MemAvailable")? * 1024),
            modules: lines.iter().filter(|line| line.starts_with("module ")).count(),
        })
    }
}

/// A line of the log: nanoseconds since the kernel's clock started, and text.
fn logged(line: &str) -> Option<(u64, &str)> {
    let (time, text) = line.trim_start().split_once(' ')?;
    let (seconds, thousandths) = time.split_once('.')?;
    Some((seconds.parse::<u64>().ok()? * 1_000_000_000 + thousandths.parse::<u64>().ok()? * 1_000_000, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "BENCH pid1 2600000000 1600000000\r\nBENCH noticed 3600000000\r\nBENCH stat cpu  9 0 90 205 20 7 0\r\nBENCH memory MemTotal: 1000000 kB\r\n\
        BENCH memory MemAvailable:   1000000 kB\r\nBENCH module nvme 1 0 - Live 0x0\r\nBENCH module ext4 1 0 - Live 0x0\r\nBENCH log     1.700 looking at this machine\r\nBENCH log     1.800 loaded nvme\r\n\
        BENCH log     1.900 loaded ext4\r\nBENCH log     4.000 nvme0n1: sectors of 512 bytes, sequence number 1\r\n\
        BENCH log     4.500 waiting for an answer\r\n";

    #[test]
    fn points_in_time_count_from_power_on() {
        let boot = Boot::read(&format!("{SAID}BENCH done\r\n")).unwrap();
        let expected = Boot {
            kernel: 1_000_000_000,
            pid1: 2_600_000_000,
            drivers: 2_900_000_000,
            disks: 5_000_000_000,
            question: 5_500_000_000,
            idle: 2_250_000_000,
            memory: (1 << 30) - 1_024_000_000,
            modules: 2,
        };
        assert_eq!(boot, expected);
    }

    #[test]
    fn a_program_without_a_log_has_its_start_and_what_was_noticed() {
        let said = "BENCH pid1 2600000000 1600000000\nBENCH noticed 1700000000\nBENCH stat cpu 1 0 1 0 0 0\nBENCH memory MemAvailable: 1 kB\nBENCH done\n";
        let boot = Boot::read(said).unwrap();
        assert_eq!((boot.pid1, boot.question, boot.modules), (2_600_000_000, 2_700_000_000, 0));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = |said: &str| Boot::read(said).unwrap_err().to_string();
        assert_eq!(error(SAID), "reading the boot: it is not done");
        assert_eq!(error("BENCH done\n"), "reading the boot: no pid1 ");
        assert_eq!(error("BENCH done\nBENCH pid1 x y\n"), "reading the boot: x is not a number");
    }
}
