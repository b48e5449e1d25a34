//! Has a machine looked at and its disk chosen by the code that does it on a real one, and says what came of it in the words of the table.

use init::decide::{Choice, Disks, Facts, Outcome, choose};
use init::error::{Error, Result};
use init::look::{Roots, boot_entries_at, disks_at, recognise, without_driver_at};
use init::medium::Manifest;
use init::settings::{Settings, Source};

use super::contents::{IMAGE, guid_of};
use super::machine::Machine;
use super::text::Topology;

/// What is wrong with a topology; `None` when all it says came true, and nothing else.
pub fn compare(topology: &Topology) -> Option<String> {
    let machine = Machine::build(topology);
    let mut disks = Disks::new();
    let outcome = choice(machine.roots(), topology, &mut disks);
    let (mut got, shown) = lines(outcome, &disks);
    // The table gives partitions the names of their nodes.
    for entry in topology.has.iter().filter(|line| line.verb == "entry") {
        let name = entry.word(2);
        got.iter_mut().for_each(|line| *line = line.replace(&guid_of(name).to_string(), name));
    }
    let mut expected = topology.expected.clone();
    if let Some(reason) = expected.iter().find_map(|line| line.split_once(" others: ")).map(|(_, reason)| reason) {
        let subject = |line: &str| line.split_once(": ").map(|(name, _)| name.to_string());
        let all = got.len();
        got.retain(|line| expected.iter().any(|e| subject(e) == subject(line)) || !line.ends_with(&format!(": {reason}")));
        got.push(format!("{} others: {reason}", all - got.len()));
    }
    // What a disk shows is said only where it matters.
    got.extend(shown.into_iter().filter(|line| expected.contains(line) || mentions(&expected, line)));
    expected.sort();
    got.sort();
    let differences = more(&expected, &got, "expected:") + &more(&got, &expected, "got:     ");
    (!differences.is_empty()).then(|| format!("{} {}\n{differences}", topology.place, topology.name))
}

/// The lines that are here more often than there.
fn more(here: &[String], there: &[String], what: &str) -> String {
    let mut unmatched = there.to_vec();
    let mut lines = String::new();
    for line in here {
        match unmatched.iter().position(|other| other == line) {
            Some(at) => drop(unmatched.swap_remove(at)),
            None => lines += &format!("  {what} {line}\n"),
        }
    }
    lines
}

fn mentions(expected: &[String], shown: &str) -> bool {
    let subject = |line: &str| line.split_once(" shows ").map(|(name, _)| name.to_string());
    expected.iter().any(|line| subject(line).is_some() && subject(line) == subject(shown))
}

fn choice(roots: Roots, topology: &Topology, disks: &mut Disks) -> Result<Outcome> {
    let words = |verb: &str| topology.has.iter().filter(|line| line.verb == verb).flat_map(|line| line.words.clone()).collect::<Vec<_>>();
    let file = Source::file("settings", "targetHost=h\nprebuilt=true\nlabels.efi=UV-ESP\nlabels.root=UV-ROOT\n");
    let settings = Settings::read(&[file, Source::command_line(&words("words").join(" "))])?;
    let manifest = Manifest::parse(&manifest())?;
    *disks = disks_at(roots)?;
    recognise(roots, &manifest, disks)?;
    let (entries, driverless) = (boot_entries_at(roots), without_driver_at(roots));
    let facts = Facts { disks, entries: &entries, driverless: &driverless, content: manifest.content() };
    choose(facts, &settings, words("typed").first().map(String::as_str))
}

fn manifest() -> String {
    let (digest, content) = ("0123456789abcdef".repeat(4), 4u64 << 30);
    format!(
        "diskGuid={IMAGE}\nbuilt=1\nstage2.size=1\nstage2.sha256={digest}\nclosure.size=1\nclosure.sha256={digest}\n\
         closure.content={content}\ntoplevel=/nix/store/x-nixos\n"
    )
}

/// The outcome in lines; and what each disk shows of its contents.
fn lines(outcome: Result<Outcome>, disks: &Disks) -> (Vec<String>, Vec<String>) {
    let shown = disks.iter().map(|disk| format!("{} shows {}", disk.name, disk.summary())).collect();
    let with = |head: String, details: &[String], candidate: &str| {
        let details = details.iter().map(|detail| short(detail, disks, candidate));
        std::iter::once(head).chain(details).collect()
    };
    let refused = |verb: &str, head: &str, error: &Error| with(format!("{verb} {head}"), &error.details, "it could be the target");
    let got = match outcome {
        Ok(Outcome::Target(choice)) => {
            let Choice { target, rule, others, skipped, .. } = *choice;
            let taken = format!("it could be, but {} is taken", target.name);
            let details: Vec<String> = others.iter().map(ToString::to_string).chain(skipped).collect();
            with(format!("target {}: {}", target.name, rule.because()), &details, &taken)
        }
        Ok(Outcome::Open(why)) => refused("asks:", &why.cause, &why.refusal()),
        Err(error) => refused("refuses:", &error.to_string(), &error),
    };
    (got, shown)
}

/// The sentence about a disk as `NAME: reason`; any other as it is.
fn short(sentence: &str, disks: &Disks, candidate: &str) -> String {
    let reason = |disk: &init::decide::Disk| {
        let reason = sentence.strip_prefix(&format!("{disk}: {}; ", disk.summary()))?;
        Some(format!("{}: {}", disk.name, if reason == candidate { "it could be" } else { reason }))
    };
    disks.iter().find_map(reason).unwrap_or_else(|| sentence.into())
}
