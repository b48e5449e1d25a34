//! The conversation with a machine: what is waited for, typed, plugged in and pulled.
//!
//! Must never run anything. Deadlines are in seconds and chosen for two machines at once on two emulated cores.

use super::login::Ssh;

/// A console of the guest on which a person can type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Console {
    /// ttyS0.
    Serial,
    /// The keyboard of the VGA console, tty0.
    Keyboard,
    /// The session that a person has over ssh.
    Session,
}

/// One step of the conversation; the number is the deadline in seconds, counted from the step before.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// The text appears on the serial console, after the text expected before.
    Expect(&'static str, u64),
    /// All texts appear, in any order: Linux gives disks their names in the order in which they answer.
    ExpectAll(&'static [&'static str], u64),
    /// All texts stand on the screen at the same time, which is in text mode: see [`super::scenario::Firmware::DirectBios`].
    ExpectScreen(&'static [&'static str], u64),
    /// A secret stands on the screen, in text mode, behind this text: it is written down, and must be nowhere else.
    WriteDown(&'static str, u64),
    /// What was written down no longer stands on the screen.
    ExpectErased(u64),
    /// The text and Enter are typed.
    Type(Console, &'static str),
    /// These bytes come from the serial line, and nothing else.
    Send(&'static [u8]),
    /// Nothing is done for that many seconds.
    Wait(u64),
    /// The text must not appear in the whole run, wherever in the script this stands.
    Forbid(&'static str),
    /// The guest powers the machine off.
    ExpectPowerOff(u64),
    /// The guest resets the machine.
    ExpectReset(u64),
    /// A picture of the screen is kept beside the logs, under this name.
    Picture(&'static str),
    /// The disk with this number, which is on one of the buses for that, is plugged in.
    Plug(usize),
    /// A disk that was plugged in is pulled.
    Pull(usize),
    /// The disk with this number answers no write any more, and does not say that it failed.
    Stall(usize),
    /// The cable is put into the network card with this number, which had none.
    Cable(usize),
    /// The cable of the network card with this number is pulled.
    CableOut(usize),
    /// The stick is pulled.
    Unplug,
    /// It is put back.
    PlugBack,
    /// The power fails, and comes back at once: at a moment that is drawn from the seed, and at most that many milliseconds from now. No
    /// other step of the installation may have begun by then.
    LosePower(u64, u64),
    /// Ctrl-Alt-Del is pressed.
    CtrlAltDel,
    /// A person who is not at the machine does this over ssh.
    Ssh(Ssh),
    /// Steps that several scripts share.
    Part(&'static [Step]),
}

/// Firmware, loader, kernel and the first word of the installed system, in seconds.
const BOOT: u64 = 240;
/// From one of its findings to the next, and from the last to power-off.
const FINDING: u64 = 60;

/// OVMF starts the boot entry that the installation wrote. The removable path would do without it.
pub const FIRMWARE_ENTRY: Step =
    Step::Part(&[Step::Expect("starting Boot00", BOOT), Step::Expect(" \"Linux Boot Manager\" from HD(1,GPT,", 1)]);

/// What the installed test system finds out about itself, before it powers off.
pub const INSTALLED_SYSTEM: Step = Step::Part(&[
    Step::Expect("FIXTURE-ROOT /dev/", BOOT),
    Step::Expect("FIXTURE-LUKS {luks}", FINDING),
    Step::Expect("FIXTURE-ESP mounted, 1 entries", FINDING),
    Step::Expect("FIXTURE-SWAP {swap}", FINDING),
    Step::Expect("FIXTURE-STORE {store} registration=0", FINDING),
    Step::Expect("FIXTURE-BOOTED {host} generation=system-1-link system={toplevel}", FINDING),
    Step::ExpectPowerOff(FINDING),
]);

/// OVMF has tried everything else: its shell comes last.
pub const NOTHING_BOOTS: &[Step] = &[Step::Forbid("EFI stub"), Step::Forbid("FIXTURE-"), Step::Expect("\"EFI Internal Shell\"", BOOT)];

/// What comes before that where the root is encrypted; the passphrase is typed then.
pub const LOCKED_SYSTEM: Step = Step::Expect("FIXTURE-UNLOCK passphrase for ", BOOT);

/// The end of the last line of the failure screen; what `r` does stands before it.
pub const KEYS: &str = ", s for a shell, p to power off";

/// The steps of a script with those of its parts in their places.
pub fn flat(script: &[Step]) -> Vec<Step> {
    let steps = script.iter().map(|step| if let Step::Part(part) = step { flat(part) } else { vec![*step] });
    steps.flatten().collect()
}

/// Upper bound of a script in seconds.
pub fn deadline(script: &[Step]) -> u64 {
    flat(script).iter().map(Step::deadline).sum()
}

impl Step {
    fn deadline(&self) -> u64 {
        match self {
            Step::Expect(_, seconds) | Step::ExpectAll(_, seconds) | Step::ExpectScreen(_, seconds) => *seconds,
            Step::ExpectPowerOff(seconds) | Step::ExpectReset(seconds) | Step::Wait(seconds) => *seconds,
            Step::WriteDown(_, seconds) | Step::ExpectErased(seconds) => *seconds,
            Step::Ssh(what) => what.deadline(),
            _ => 0,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Expect(text, seconds) => write!(f, "expecting `{text}` within {seconds} s"),
            Step::ExpectAll(texts, seconds) => write!(f, "expecting all of `{}` within {seconds} s", texts.join("`, `")),
            Step::ExpectScreen(texts, seconds) => write!(f, "expecting `{}` on the screen within {seconds} s", texts.join("`, `")),
            Step::WriteDown(text, seconds) => write!(f, "writing down what stands behind `{text}` within {seconds} s"),
            Step::ExpectErased(seconds) => write!(f, "expecting that it is taken off the screen within {seconds} s"),
            Step::Type(Console::Serial, text) => write!(f, "typing `{text}` on the serial console"),
            Step::Type(Console::Session, text) => write!(f, "typing `{text}` over ssh"),
            Step::Type(Console::Keyboard, text) => write!(f, "typing `{text}` on the keyboard"),
            Step::Send(bytes) => write!(f, "sending {} bytes on the serial console", bytes.len()),
            Step::Wait(seconds) => write!(f, "waiting {seconds} s"),
            Step::Forbid(text) => write!(f, "forbidding `{text}`"),
            Step::ExpectPowerOff(seconds) => write!(f, "expecting power-off within {seconds} s"),
            Step::ExpectReset(seconds) => write!(f, "expecting a reset within {seconds} s"),
            Step::Picture(name) => write!(f, "keeping the picture {name}"),
            Step::Plug(disk) => write!(f, "plugging disk {disk} in"),
            Step::Pull(disk) => write!(f, "pulling disk {disk}"),
            Step::Stall(disk) => write!(f, "making disk {disk} take no write any more"),
            Step::Cable(card) => write!(f, "putting the cable into network card {card}"),
            Step::CableOut(card) => write!(f, "pulling the cable of network card {card}"),
            Step::Unplug => f.write_str("pulling the stick"),
            Step::LosePower(seed, longest) => write!(f, "cutting the power within {longest} ms (seed {seed})"),
            Step::CtrlAltDel => f.write_str("pressing Ctrl-Alt-Del"),
            Step::PlugBack => f.write_str("putting the stick back"),
            Step::Ssh(what) => what.fmt(f),
            Step::Part(steps) => write!(f, "playing {} steps", steps.len()),
        }
    }
}
