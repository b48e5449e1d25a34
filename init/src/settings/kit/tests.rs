//! Inventories, and every refusal.

use super::*;
use crate::settings::Source;

const NAMES: [&str; 7] = [
    "age/ultraviolet.agekey",
    "age/other.agekey",
    "ssh/host/ssh_host_ed25519_key",
    "ssh/host/ssh_host_ed25519_key.pub",
    "ssh/deploy/id_ed25519",
    "files/etc/wpa.conf",
    "files/home/alice/a b",
];

fn read(manifest: &str) -> std::result::Result<Vec<String>, String> {
    let items = inventory(Origin::Kit, &NAMES, manifest, "ultraviolet").map_err(|error| error.to_string())?;
    Ok(items.iter().map(Item::to_string).collect())
}

#[test]
fn everything_has_its_place() {
    let manifest = "# who\r\n\r\n0640 0:100 etc/wpa.conf\r\n700 1000:100 home/alice/\n";
    assert_eq!(
        read(manifest).unwrap(),
        [
            "/home/alice/ (0700 1000:100)",
            "/etc/age/",
            "/etc/age/ultraviolet.agekey",
            "/etc/ssh/ssh_host_ed25519_key",
            "/etc/ssh/ssh_host_ed25519_key.pub (0644 0:0)",
            "/etc/wpa.conf (0640 0:100)",
            "/home/alice/a b",
        ]
    );
    assert_eq!(
        inventory(Origin::Kit, &["files/root/x"], "", "a").unwrap(),
        [Item::directory("root"), Item::file("files/root/x", "root/x", 0o600)]
    );
    assert_eq!(inventory(Origin::Kit, &[], "", "a").unwrap(), []);
}

#[test]
fn every_refusal_names_its_line() {
    for (line, cause) in [
        ("640 0:0", "\"\" is not a path below / without . and .., in ASCII"),
        ("640 0:0 /etc/wpa.conf", "\"/etc/wpa.conf\" is not a path below / without . and .., in ASCII"),
        ("640 0:0 etc/../wpa.conf", "\"etc/../wpa.conf\" is not a path below / without . and .., in ASCII"),
        ("640 0:0 etc/ä", "\"etc/ä\" is not a path below / without . and .., in ASCII"),
        ("640 0:0 1/2/3/4/5/6/7/8/9/10/11/12/x", "\"1/2/3/4/5/6/7/8/9/10/11/12/x\" lies in more than 11 directories"),
        ("640 0:0 boot/x", "nothing can be placed in /boot"),
        ("4755 0:0 etc/wpa.conf", "\"4755\" is not a mode: use 0600 to 0777"),
        ("+640 0:0 etc/wpa.conf", "\"+640\" is not a mode: use 0600 to 0777"),
        ("640 root:root etc/wpa.conf", "\"root:root\" is not an owner: use UID:GID, in numbers"),
        ("640 0:4294967295 etc/wpa.conf", "\"0:4294967295\" is not an owner: use UID:GID, in numbers"),
        ("640 0:0 etc/other.conf", "files/etc/other.conf is not on the kit partition"),
        ("640 0:0 etc/wpa.conf/", "files/etc/wpa.conf is not on the kit partition"),
        ("640 0:0 etc/ssh/ssh_host_ed25519_key", "files/etc/ssh/ssh_host_ed25519_key is not on the kit partition"),
        ("600 0:0 home/alice/a b\n600 0:0 etc/wpa.conf\n600 0:0 etc/wpa.conf", "etc/wpa.conf is given twice"),
    ] {
        let number = line.lines().count();
        assert_eq!(read(line).unwrap_err(), format!("reading line {number} of files.manifest of the kit partition: {cause}"));
    }
}

#[test]
fn two_files_cannot_have_one_place() {
    let error = |names: &[&str]| inventory(Origin::Kit, names, "", "a").unwrap_err().to_string();
    assert_eq!(error(&["age/a.agekey", "files/etc/age/a.agekey"]), "reading the kit partition: two of its files are for /etc/age/a.agekey");
    assert_eq!(
        error(&["files/etc/age/a.agekey/x", "age/a.agekey"]),
        "reading the kit partition: two of its files are for /etc/age/a.agekey"
    );
    assert_eq!(error(&["files/proc/x"]), "reading files/proc/x of the kit partition: nothing can be placed in /proc");
}

#[test]
fn the_image_has_files_in_the_same_way_and_the_kit_comes_first() {
    let names = ["/etc/autoinstaller/files/etc/wpa.conf", "/etc/autoinstaller/files/etc/motd", "age/a.agekey", "files/etc/wpa.conf"];
    let image = || inventory(Origin::Image, &names, "0640 0:100 etc/wpa.conf\n0644 0:0 etc/motd\n", "a").unwrap();
    let shown = |items: &[Item]| items.iter().map(Item::to_string).collect::<Vec<_>>().join(", ");
    assert_eq!(shown(&image()), "/etc/wpa.conf (0640 0:100), /etc/motd (0644 0:0)");
    let both = together(image(), inventory(Origin::Kit, &names, "", "a").unwrap()).unwrap();
    assert_eq!(shown(&both), "/etc/motd (0644 0:0), /etc/age/, /etc/age/a.agekey, /etc/wpa.conf");
    let origins: Vec<Origin> = both.iter().filter_map(|item| item.source.as_deref()).map(Origin::of).collect();
    assert_eq!(origins, [Origin::Image, Origin::Kit, Origin::Kit]);

    let error = together(image(), inventory(Origin::Kit, &["files/etc/motd/x"], "", "a").unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "reading the kit partition: one of its files and one of the image are for /etc/motd");
    let error = |names: &[&str], manifest| inventory(Origin::Image, names, manifest, "a").unwrap_err();
    let wrong = error(&["/etc/autoinstaller/files/proc/x"], "");
    assert_eq!(
        (wrong.kind, wrong.to_string().as_str()),
        (Kind::Settings, "reading files/proc/x of the image: nothing can be placed in /proc")
    );
    let twice = error(&["/etc/autoinstaller/files/a", "/etc/autoinstaller/files/a/b"], "");
    assert_eq!(twice.to_string(), "reading the image: two of its files are for /a");
    assert_eq!(
        error(&names, "0600 0:0 etc/x").to_string(),
        "reading line 1 of files.manifest of the image: files/etc/x is not on the image"
    );
}

#[test]
fn nothing_is_put_where_the_clone_goes() {
    let apart = |clone: &str| {
        let repository = Repository { clone: clone.into(), ..Repository::default() };
        require_apart(&[Item::file("files/srv/config/x", "srv/config/x", 0o600)], &repository).map_err(|error| error.to_string())
    };
    assert_eq!(
        apart("/mnt/srv/config"),
        Err("placing /srv/config/x: it would lie in repoClonePath, where git needs an empty directory".into())
    );
    assert_eq!((apart("/mnt/srv/conf"), apart("/mnt/srv/config/x")), (Ok(()), Ok(())));
}

#[test]
fn a_kit_that_cannot_be_read_is_refused_where_something_on_it_was_asked_for() {
    let require = |more: &str| {
        let file = "targetHost=a\nprebuilt=true\nlabels.efi=A\nlabels.root=B\nlabels.luks=C\nluks.mapperName=c\n";
        let sources = [Source::file("settings", file), Source::command_line(more)];
        require_read("age: Input/output error", &Settings::read(&sources).unwrap()).map_err(|error| error.to_string())
    };
    assert_eq!(require(""), Ok(()));
    for (words, key) in [
        ("install.requireAgeKey", "requireAgeKey"),
        ("install.luks.enable install.luks.keyFile=luks.key", "luks.keyFile"),
        ("install.kit.wipeAfterInstall", "kit.wipeAfterInstall"),
    ] {
        let cause = format!("reading the kit partition: age: Input/output error, and {key} is set");
        assert_eq!(require(words), Err(cause));
    }
}
