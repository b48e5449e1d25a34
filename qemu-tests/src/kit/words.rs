//! The words after `cargo xtask kit`. Pure.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

/// What was asked for, of which medium.
pub enum Request {
    /// Put these files there.
    Add(PathBuf, Add),
    /// List what is there.
    List(PathBuf),
    /// Remove everything that was ever added.
    Wipe(PathBuf),
}

/// Files to be put on the kit.
#[derive(Default)]
pub struct Add {
    /// Each with its name there.
    pub puts: Vec<Put>,
    /// New lines of the manifest.
    pub lines: Vec<String>,
    /// Whose age key it is.
    pub host: Option<String>,
}

/// A file.
#[derive(Debug, PartialEq, Eq)]
pub struct Put {
    /// On this machine.
    pub source: PathBuf,
    /// On the kit.
    pub name: String,
    /// It must not be readable by others.
    pub private: bool,
}

/// Reads them: `add MEDIUM OPTIONS`, `list MEDIUM`, `wipe MEDIUM`.
pub fn parse(words: &[String]) -> Result<Request> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["list", medium] => Ok(Request::List(medium.into())),
        ["wipe", medium] => Ok(Request::Wipe(medium.into())),
        ["add", medium, ref options @ ..] if !medium.starts_with('-') => Ok(Request::Add(medium.into(), options_of(options)?)),
        _ => bail!("reading the command line: `kit add MEDIUM OPTIONS`, `kit list MEDIUM` or `kit wipe MEDIUM`"),
    }
}

fn options_of(words: &[&str]) -> Result<Add> {
    ensure!(!words.is_empty(), "reading the command line: there is nothing to add");
    let mut add = Add::default();
    let mut age = None;
    for pair in words.chunks(2) {
        let [option, value] = *pair else { bail!("reading `{}`: its value is missing", pair[0]) };
        let private = |name: &str| Put { source: value.into(), name: name.to_owned(), private: true };
        match option {
            "--host" => add.host = Some(value.to_owned()),
            "--age" => age = Some(PathBuf::from(value)),
            "--ssh-host-key" => {
                add.puts.push(private("ssh/host/ssh_host_ed25519_key"));
                let public = PathBuf::from(format!("{value}.pub"));
                if public.exists() {
                    add.puts.push(Put { source: public, name: "ssh/host/ssh_host_ed25519_key.pub".to_owned(), private: false });
                }
            }
            "--deploy-key" => add.puts.push(private("ssh/deploy/id_ed25519")),
            "--luks-key" => add.puts.push(private("luks.key")),
            "--settings" => add.puts.push(Put { private: false, ..private("settings") }),
            "--file" => file(value, &mut add)?,
            other => bail!("reading `{other}`: kit add has no such option"),
        }
    }
    if let Some(source) = age {
        let host = add.host.clone().map_or_else(|| host_of(&source), Ok)?;
        add.puts.push(Put { source, name: format!("age/{host}.agekey"), private: true });
        add.host = Some(host);
    }
    Ok(add)
}

/// A key that is named like its host needs no other word for that.
fn host_of(key: &Path) -> Result<String> {
    let name = key.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".agekey"));
    name.map(str::to_owned).with_context(|| format!("reading {}: name it HOST.agekey, or say --host HOST", key.display()))
}

/// `SRC:DEST[:MODE[:UID:GID]]`.
fn file(value: &str, add: &mut Add) -> Result<()> {
    let fields: Vec<&str> = value.split(':').collect();
    let (source, path, mode, owner) = match fields[..] {
        [source, path] => (source, path, None, None),
        [source, path, mode] => (source, path, Some(mode), None),
        [source, path, mode, uid, gid] => (source, path, Some(mode), Some(format!("{uid}:{gid}"))),
        _ => bail!("reading `{value}`: a file is SRC:DEST[:MODE[:UID:GID]]"),
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    let bits = u32::from_str_radix(mode.unwrap_or("0600"), 8).with_context(|| format!("reading the mode of `{value}`"))?;
    add.puts.push(Put { source: source.into(), name: format!("files/{path}"), private: bits & 0o007 == 0 });
    add.lines.extend(mode.map(|mode| format!("{mode} {} {path}", owner.as_deref().unwrap_or("0:0"))));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(line: &str) -> Result<Add> {
        let words: Vec<String> = line.split(' ').map(Into::into).collect();
        match parse(&words)? {
            Request::Add(medium, add) if medium == Path::new("m.iso") => Ok(add),
            _ => bail!("another request"),
        }
    }

    #[test]
    fn every_option_has_its_place() {
        let add =
            added("add m.iso --deploy-key d --luks-key l --settings s --host uv --age k --file a:/etc/a --file b:etc/b:0644:1000:100")
                .unwrap();
        let names: Vec<(&str, bool)> = add.puts.iter().map(|put| (put.name.as_str(), put.private)).collect();
        assert_eq!(
            names,
            [
                ("ssh/deploy/id_ed25519", true),
                ("luks.key", true),
                ("settings", false),
                ("files/etc/a", true),
                ("files/etc/b", false),
                ("age/uv.agekey", true)
            ]
        );
        assert_eq!(add.lines, ["0644 1000:100 etc/b"]);
        assert_eq!(added("add m.iso --age keys/uv.agekey").unwrap().puts[0].name, "age/uv.agekey");
    }

    #[test]
    fn mistakes_are_named() {
        let error = |line: &str| added(line).err().unwrap().to_string();
        for (line, message) in [
            ("add m.iso", "reading the command line: there is nothing to add"),
            ("add m.iso --age", "reading `--age`: its value is missing"),
            ("add m.iso --age key.txt", "reading key.txt: name it HOST.agekey, or say --host HOST"),
            ("add m.iso --key x", "reading `--key`: kit add has no such option"),
            ("add m.iso --file a", "reading `a`: a file is SRC:DEST[:MODE[:UID:GID]]"),
            ("add m.iso --file a:b:0600:0", "reading `a:b:0600:0`: a file is SRC:DEST[:MODE[:UID:GID]]"),
            ("add m.iso --file a:b:rw", "reading the mode of `a:b:rw`"),
        ] {
            assert_eq!(error(line), message);
        }
        assert!(error("drop m.iso").starts_with("reading the command line: `kit add MEDIUM OPTIONS`"));
    }
}
