//! What `init` says to the settings of the module's cases, and whether both know the same options with the same defaults. Evaluates nothing.

use std::collections::BTreeSet;
use std::path::Path;

use init::settings::{self, Settings, Source};
use serde_json::Value;

use crate::host::extra_files;

/// A check that was made: what it is about, and what is wrong; nothing when it has passed.
pub type Verdict = (String, Option<String>);

/// What the cases say, without nixpkgs: `init` alone.
pub fn parser(raw: &Value) -> Vec<Verdict> {
    let judged = elements(raw).filter(|case| case["moduleOnly"] != true).map(|case| {
        let said = match case["settings"].as_str() {
            Some(text) => read(text).and_then(|_| files(&case["extraFiles"])),
            None => Err("there is no settings file".into()),
        };
        (format!("init: {}", text(&case["says"])), differs(case["error"].as_str(), said.err().as_deref().map(cause)))
    });
    judged.collect()
}

/// What the module says to the same cases; what it takes must be to `init` what the host has said.
pub fn module(raw: &Value, evaluated: &Value) -> Vec<Verdict> {
    let pairs = elements(raw).zip(elements(&evaluated["cases"]));
    let judged = pairs.map(|(case, said)| {
        let refusals: Vec<&str> = elements(&said["refusals"]).map(text).collect();
        let wrong = match (case["error"].as_str(), said["settings"].as_str(), case["settings"].as_str()) {
            (Some(error), ..) if case["moduleOnly"] == true => (!refusals.contains(&error)).then(|| format!("not refused with `{error}`")),
            (error @ Some(_), ..) => differs(error, Some(&refusals.join("; "))),
            (None, Some(all), Some(least)) => same(all, least),
            (None, ..) => Some(format!("refused: {}", refusals.join("; "))),
        };
        (format!("module: {}", text(&case["says"])), wrong)
    });
    let count = |value: &Value| elements(value).count();
    let all = differs(Some(&count(raw).to_string()), Some(&count(&evaluated["cases"]).to_string()));
    judged.chain([("as many cases for the module as for init".to_owned(), all)]).collect()
}

/// Every option is a key and every key an option.
pub fn vocabulary(evaluated: &Value) -> Vec<Verdict> {
    let settings = elements(&evaluated["options"]).filter(|option| option["isSetting"] == true);
    let options: BTreeSet<&str> = settings.map(|option| text(&option["name"])).collect();
    let keys: BTreeSet<&str> = settings::keys().collect();
    let missing = |from: &BTreeSet<&str>, of: &BTreeSet<&str>| {
        let names: Vec<&str> = of.difference(from).copied().collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    vec![
        ("every option is a key of init".to_owned(), missing(&keys, &options)),
        ("every key of init is an option".to_owned(), missing(&options, &keys)),
    ]
}

/// The hosts' settings, as `init` reads them.
pub fn hosts(evaluated: &Value) -> Vec<Verdict> {
    let judged = elements(&evaluated["hosts"]).map(|host| {
        let read = read(text(&host["settings"]));
        (format!("{}: init reads its settings", text(&host["name"])), read.err())
    });
    judged.collect()
}

/// Checks that Nix has made, each with what must be and what is.
pub fn checks(evaluated: &Value) -> Vec<Verdict> {
    let pairs = evaluated["checks"].as_object().into_iter().flatten();
    let judged = pairs.map(|(name, pair)| {
        let wrong = (pair["wanted"] != pair["got"]).then(|| format!("{} instead of {}", pair["got"], pair["wanted"]));
        (name.clone(), wrong)
    });
    judged.collect()
}

/// Whether two settings files mean the same, although one says all and the other leaves out what is as by default: as they stand, and with
/// every switch on that wakes other settings up. A case that does not go with that is refused twice in the same words.
fn same(all: &str, least: &str) -> Option<String> {
    const AWAKE: &str = "install.luks.enable install.labels.luks=LUKS install.swap.enable install.labels.swap=SWAP \
                         install.prebuilt=false install.repoRemote=ssh://git@git.example.com/x install.targetUser=moran";
    let read = |file, words| {
        let sources = [Source::file("settings", file), Source::command_line(words)];
        Settings::read(&sources).map_or_else(|error| error.to_string(), |settings| format!("{settings:?}"))
    };
    let differing = ["", AWAKE].into_iter().map(|words| (read(all, words), read(least, words))).find(|(all, least)| all != least);
    differing.map(|(all, least)| format!("{all} instead of {least}"))
}

/// Cases have texts alone.
fn files(list: &Value) -> Result<(), String> {
    extra_files::read(list, &Path::to_path_buf).map(drop).map_err(|error| format!("{error:#}"))
}

fn read(text: &str) -> Result<Settings, String> {
    Settings::read(&[Source::file("settings", text)]).map_err(|error| error.to_string())
}

/// Without the place, which Nix does not know.
fn cause(error: &str) -> &str {
    let rest = error.strip_prefix("reading the settings: ").unwrap_or(error);
    rest.strip_prefix("reading line ").and_then(|rest| rest.split_once(" of settings: ")).map_or(rest, |(_, cause)| cause)
}

fn differs(wanted: Option<&str>, got: Option<&str>) -> Option<String> {
    (wanted != got).then(|| format!("`{}` instead of `{}`", got.unwrap_or("fine"), wanted.unwrap_or("fine")))
}

fn elements(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LEAST: &str = "targetHost=a\nprebuilt=true\nlabels.efi=E\nlabels.root=R\n";

    fn wrong(verdicts: Vec<Verdict>) -> Vec<String> {
        verdicts.into_iter().filter_map(|(name, wrong)| Some(format!("{name}: {}", wrong?))).collect()
    }

    #[test]
    fn init_is_held_to_the_words() {
        let case = |error: Value, settings: &str| json!({"error": error, "says": "x", "settings": settings, "moduleOnly": false});
        let longer = format!("{LEAST}swap.size=no");
        let message = "swap.size: no is not a size: use 8G, 512M, 8GiB or a number of sectors";
        let raw = json!([
            case(Value::Null, LEAST),
            case(message.into(), &longer),
            case("targetHost is missing".into(), "labels.efi=E"),
            case(Value::Null, &longer),
            case("other".into(), LEAST),
            {"error": "extraFiles: x: it is not an absolute path", "says": "z", "settings": LEAST, "extraFiles": [{"path": "x"}]},
            {"error": "", "says": "y", "settings": null, "moduleOnly": true},
        ]);
        assert_eq!(wrong(parser(&raw)), [format!("init: x: `{message}` instead of `fine`"), "init: x: `fine` instead of `other`".into()]);
        assert_eq!(parser(&raw).len(), 6);
    }

    #[test]
    fn a_default_that_differs_is_found_though_its_switch_is_off() {
        assert_eq!(same(&format!("{LEAST}swap.size=8G\nluks.mapperName=cryptroot\n"), LEAST), None);
        for other in ["swap.size=9G", "luks.mapperName=other", "repoClonePath=/mnt/other", "wait-network=5"] {
            assert!(same(&format!("{LEAST}{other}\n"), LEAST).unwrap().contains(" instead of "), "{other}");
        }
        assert!(same(&format!("{LEAST}x=y"), LEAST).unwrap().contains("x is not a setting"));
        let both = format!("{LEAST}luks.keyFile=k\nluks.recoveryKey=true\n");
        assert_eq!(same(&both, &both), None);
    }

    #[test]
    fn the_module_is_held_to_the_same_words() {
        let raw = json!([
            {"error": null, "says": "a", "settings": LEAST},
            {"error": "e", "says": "b", "settings": ""},
            {"error": "e", "says": "c", "settings": null, "moduleOnly": true},
        ]);
        let good = json!({"cases": [
            {"refusals": [], "settings": LEAST}, {"refusals": ["e"], "settings": null}, {"refusals": ["d", "e"], "settings": null},
        ]});
        assert_eq!(wrong(module(&raw, &good)), [""; 0]);
        let bad = json!({"cases": [
            {"refusals": ["x"], "settings": null}, {"refusals": ["e", "f"], "settings": null}, {"refusals": ["d"], "settings": null}, {},
        ]});
        assert_eq!(
            wrong(module(&raw, &bad)),
            [
                "module: a: refused: x",
                "module: b: `e; f` instead of `e`",
                "module: c: not refused with `e`",
                "as many cases for the module as for init: `4` instead of `3`",
            ]
        );
    }

    #[test]
    fn words_that_only_one_knows_are_named() {
        let option = |name: &str| json!({"name": name, "isSetting": true});
        let mut options: Vec<Value> = settings::keys().skip(1).map(option).collect();
        options.push(option("labels.eif"));
        options.push(json!({"name": "kernel", "isSetting": false}));
        let found = wrong(vocabulary(&json!({"options": options})));
        assert_eq!(found, ["every option is a key of init: labels.eif", "every key of init is an option: targetHost"]);
    }

    #[test]
    fn what_nix_has_checked_is_compared() {
        let evaluated = json!({"checks": {"a": {"wanted": 1, "got": 1}, "b": {"wanted": [1], "got": [2]}}});
        assert_eq!(wrong(checks(&evaluated)), ["b: [2] instead of [1]"]);
        let settings = format!("{LEAST}x=y");
        let refused = wrong(hosts(&json!({"hosts": [{"name": "h", "settings": settings}, {"name": "i", "settings": LEAST}]})));
        assert_eq!(refused, ["h: init reads its settings: reading line 5 of settings: x is not a setting; the nearest is disk"]);
    }
}
