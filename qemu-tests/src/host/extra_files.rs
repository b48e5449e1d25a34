//! A host's `extraFiles`, laid out as `init` finds them in its initrd and judged by its own parser: what it would refuse at boot is refused when
//! the image is made.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use init::settings::kit::{self, MANIFEST, MOST_FILES, Origin};
use serde_json::Value;

/// Together. They lie in the memory of the smallest machine, with all of the initrd.
const MOST_BYTES: usize = 512 << 10;

/// Names below `/etc/autoinstaller` and contents: `files/PATH` for each, and the manifest. `outside` says where a store path is.
///
/// # Errors
/// One cannot be placed, or its source cannot be read; or they are too many.
pub fn read(list: &Value, outside: &dyn Fn(&Path) -> PathBuf) -> Result<Vec<(String, Vec<u8>)>> {
    let (mut files, mut manifest) = (Vec::new(), String::new());
    for value in list.as_array().into_iter().flatten() {
        let path = value["path"].as_str().unwrap_or_default();
        let (name, line, content) = file(path, value, outside).with_context(|| format!("extraFiles: {path}"))?;
        files.push((name, content));
        manifest += &line;
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    judge(&names, &manifest).context("extraFiles")?;
    let (count, bytes) = (files.len(), files.iter().map(|(_, content)| content.len()).sum::<usize>());
    ensure!(count <= MOST_FILES, "extraFiles: there are {count}, and an image has room for {MOST_FILES}");
    ensure!(bytes <= MOST_BYTES, "extraFiles: together they have {bytes} bytes, and an image has room for {MOST_BYTES}");
    if count > 0 {
        files.push((MANIFEST.to_owned(), manifest.into_bytes()));
    }
    Ok(files)
}

/// Its name, its line in the manifest and its content.
fn file(path: &str, value: &Value, outside: &dyn Fn(&Path) -> PathBuf) -> Result<(String, String, Vec<u8>)> {
    let word = |key: &str| value[key].as_str();
    let below = path.strip_prefix('/').context("it is not an absolute path")?;
    let (name, line) = (format!("files/{below}"), format!("{} {below}\n", word("attributes").unwrap_or_default()));
    let (text, source) = (word("text"), word("source"));
    ensure!(text.is_some() != source.is_some(), "it needs either a text or a source");
    judge(&[&name], &line)?;
    let content = match source.map(|source| outside(Path::new(source))) {
        Some(source) => fs::read(&source).with_context(|| format!("reading {}", source.display()))?,
        None => text.unwrap_or_default().into(),
    };
    Ok((name, line, content))
}

/// The cause alone: nobody has seen a manifest.
fn judge(names: &[&str], manifest: &str) -> Result<()> {
    let names: Vec<String> = names.iter().map(|name| format!("{}{name}", Origin::Image.prefix())).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    kit::inventory(Origin::Image, &names, manifest, "").map(drop).map_err(|error| anyhow!(error.cause.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(files: Value) -> std::result::Result<Vec<(String, Vec<u8>)>, String> {
        read(&files, &|path| Path::new("/outside").join(path.strip_prefix("/").unwrap())).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn they_lie_in_the_initrd_as_on_a_kit() {
        let outside = std::env::temp_dir().join(format!("extra-{}", std::process::id()));
        fs::write(&outside, [0, 255]).unwrap();
        let list = json!([
            {"path": "/etc/motd", "text": "hello\n", "source": null, "attributes": "0644 0:0"},
            {"path": "/home/a b", "text": null, "source": "/nix/store/x", "attributes": "0600 1000:100"},
        ]);
        let found = read(&list, &|_| outside.clone()).unwrap();
        fs::remove_file(&outside).unwrap();
        let files = [("files/etc/motd", &b"hello\n"[..]), ("files/home/a b", &[0, 255])];
        let manifest = ("files.manifest", &b"0644 0:0 etc/motd\n0600 1000:100 home/a b\n"[..]);
        let wanted = [&files[..], &[manifest]].concat();
        assert_eq!(found.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>(), wanted);
        assert_eq!(of(json!([])).unwrap(), []);
        assert_eq!(of(Value::Null).unwrap(), []);
    }

    #[test]
    fn what_cannot_be_placed_is_no_image() {
        let text = |path: &str, text: &str| json!({"path": path, "text": text, "attributes": "0644 0:0"});
        let error = |files| of(files).unwrap_err();
        assert_eq!(error(json!([text("etc/x", "")])), "extraFiles: etc/x: it is not an absolute path");
        assert_eq!(error(json!([text("/dev/x", "")])), "extraFiles: /dev/x: nothing can be placed in /dev");
        assert_eq!(error(json!([text("/a\nb", "")])), "extraFiles: /a\nb: \"a\\nb\" is not a path below / without . and .., in ASCII");
        assert_eq!(error(json!([{"path": "/x", "attributes": "0644 0:0"}])), "extraFiles: /x: it needs either a text or a source");
        assert_eq!(
            error(json!([{"path": "/x", "text": "", "attributes": "4755 0:0"}])),
            "extraFiles: /x: \"4755\" is not a mode: use 0600 to 0777"
        );
        let gone = error(json!([{"path": "/x", "source": "/nix/x", "attributes": "0644 0:0"}]));
        assert!(gone.starts_with("extraFiles: /x: reading /outside/nix/x: "), "{gone}");
        assert_eq!(error(json!([text("/x", ""), text("/x/y", "")])), "extraFiles: two of its files are for /x");
        let half = "x".repeat(MOST_BYTES / 2);
        assert_eq!(of(json!([text("/a", &half), text("/b", &half)])).unwrap().len(), 3);
        assert_eq!(
            error(json!([text("/a", &half), text("/b", &half), text("/c", "x")])),
            "extraFiles: together they have 524289 bytes, and an image has room for 524288"
        );
        let many: Vec<Value> = (0..65).map(|n| text(&format!("/{n}"), "")).collect();
        assert_eq!(error(json!(many)), "extraFiles: there are 65, and an image has room for 64");
    }
}
