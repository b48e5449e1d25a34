//! Reads the table: each machine with lines about what it has, and, behind `=>`, about what must come of it. `README.md` has the words.

use std::path::Path;

/// One machine of the table.
#[derive(Debug)]
pub struct Topology {
    /// File and line, for whoever has to look for it.
    pub place: String,
    /// What is special about it.
    pub name: String,
    /// What it has, a line each.
    pub has: Vec<Line>,
    /// What must come of it.
    pub expected: Vec<String>,
}

/// A line in its words: a verb, plain words, and `key=value`.
#[derive(Clone, Debug)]
pub struct Line {
    pub verb: String,
    pub words: Vec<String>,
    pub values: Vec<(String, String)>,
}

impl Line {
    /// The word at this place behind the verb.
    pub fn word(&self, index: usize) -> &str {
        self.words.get(index).unwrap_or_else(|| panic!("`{}` needs more words", self.verb))
    }

    pub fn value(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }
}

/// All machines of a file's text.
pub fn topologies(file: &str, text: &str) -> Vec<Topology> {
    let mut all: Vec<Topology> = Vec::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix("machine ") {
            let place = format!("{file}:{number}");
            all.push(Topology { place, name: name.into(), has: Vec::new(), expected: Vec::new() });
            continue;
        }
        let machine = all.last_mut().unwrap_or_else(|| panic!("{file}:{number}: no machine yet"));
        match line.strip_prefix("=> ") {
            Some(expected) => machine.expected.push(expected.into()),
            None => machine.has.push(parse(line)),
        }
    }
    all
}

/// All machines of the files `*.topology` in a directory, by name of file.
pub fn read(directory: &Path) -> Vec<Topology> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|e| e == "topology")).collect();
    files.sort();
    files
        .iter()
        .flat_map(|file| topologies(&file.file_name().unwrap().to_string_lossy(), &std::fs::read_to_string(file).unwrap()))
        .collect()
}

fn parse(line: &str) -> Line {
    let mut words = split(line).into_iter();
    let verb = words.next().unwrap_or_default();
    let (mut plain, mut values) = (Vec::new(), Vec::new());
    for word in words {
        match word.split_once('=') {
            // The settings are written as at boot.
            Some((key, value)) if verb != "words" => values.push((key.into(), value.into())),
            _ => plain.push(word),
        }
    }
    Line { verb, words: plain, values }
}

/// Blanks separate words, and are part of them between double quotes.
fn split(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            '␛' => words.last_mut().unwrap().push('\u{1b}'),
            c => words.last_mut().unwrap().push(c),
        }
    }
    assert!(!quoted, "a quote stays open in: {line}");
    words.retain(|word| !word.is_empty());
    words
}

/// `16GB`, `4GiB`, `0`: a size as makers or as engineers count, whole in sectors of 4096 bytes.
pub fn bytes(text: &str) -> u64 {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let unit = match &text[split..] {
        "" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        unit => panic!("`{unit}` is no unit"),
    };
    text[..split].parse::<u64>().unwrap() * unit / 4096 * 4096
}
