//! The table of keys, and what becomes of their values.
//!
//! To add a setting: a row here, a field in [`Settings`], an option of the same name in the Nix module.

use super::grammar::{Entry, Source, SourceKind};
use super::{Labels, Settings, Size, label, nearest};
use crate::error::{Error, Kind, Result};

/// Values as they come in, before the combinations are checked.
#[derive(Default)]
pub struct Draft {
    target_host: Option<String>,
    prebuilt: bool,
    label_efi: String,
    label_root: String,
    label_swap: String,
    swap_enable: bool,
    swap_size: Option<Size>,
    power_off: Option<bool>,
    disk: Option<String>,
    dry_run: bool,
    shell: bool,
    force_uefi: bool,
    unattended: bool,
    confirm: Option<String>,
}

/// Who may say it: consent and the choice of a disk are never taken from a file on the stick.
#[derive(PartialEq)]
enum Said {
    Anywhere,
    AtBoot,
}

struct Key {
    name: &'static str,
    said: Said,
    value: Value,
}

enum Value {
    Text(fn(&mut Draft, &str) -> std::result::Result<(), String>),
    Switch(fn(&mut Draft) -> &mut bool),
}

const fn key(name: &'static str, said: Said, value: Value) -> Key {
    Key { name, said, value }
}

const KEYS: &[Key] = &[
    key("targetHost", Said::Anywhere, Value::Text(|d, v| host_name(v).map(|name| d.target_host = Some(name)))),
    key("prebuilt", Said::Anywhere, Value::Switch(|d| &mut d.prebuilt)),
    key("labels.efi", Said::Anywhere, Value::Text(|d, v| label::vfat(v).map(|label| d.label_efi = label))),
    key("labels.root", Said::Anywhere, Value::Text(|d, v| label::ext4(v).map(|label| d.label_root = label))),
    key("labels.swap", Said::Anywhere, Value::Text(|d, v| label::swap(v).map(|label| d.label_swap = label))),
    key("swap.enable", Said::Anywhere, Value::Switch(|d| &mut d.swap_enable)),
    key("swap.size", Said::Anywhere, Value::Text(|d, v| v.parse().map(|size| d.swap_size = Some(size)))),
    key("powerOff", Said::Anywhere, Value::Switch(|d| d.power_off.get_or_insert(true))),
    key(
        "disk",
        Said::AtBoot,
        Value::Text(|d, v| {
            d.disk = Some(v.into());
            Ok(())
        }),
    ),
    key(
        "confirm",
        Said::AtBoot,
        Value::Text(|d, v| {
            d.confirm = Some(v.into());
            Ok(())
        }),
    ),
    key("dry-run", Said::AtBoot, Value::Switch(|d| &mut d.dry_run)),
    key("shell", Said::AtBoot, Value::Switch(|d| &mut d.shell)),
    key("unattended", Said::AtBoot, Value::Switch(|d| &mut d.unattended)),
    key("force-uefi", Said::AtBoot, Value::Switch(|d| &mut d.force_uefi)),
];

impl Draft {
    /// Takes one entry in.
    pub fn set(&mut self, source: &Source, entry: &Entry) -> Result<()> {
        let wrong = |cause: String| Error::new(Kind::Settings, format!("reading {}", entry.place), cause);
        let Some(key) = KEYS.iter().find(|key| key.name == entry.key) else {
            let nearest = nearest::to(&entry.key, KEYS.iter().map(|key| key.name));
            return Err(wrong(format!("{} is not a setting; the nearest is {nearest}", entry.key)));
        };
        if key.said == Said::AtBoot && source.kind == SourceKind::File {
            let name = key.name;
            return Err(wrong(format!("{name} can only be given at boot, as install.{name}= on the kernel command line")));
        }
        match (&key.value, entry.value.as_deref()) {
            (Value::Text(set), Some(value)) if !value.is_empty() => set(self, value).map_err(wrong),
            (Value::Switch(_), None) if source.kind == SourceKind::File => Err(wrong(format!("{} needs a value", key.name))),
            (Value::Text(_), _) => Err(wrong(format!("{} needs a value", key.name))),
            (Value::Switch(field), None | Some("true")) => {
                *field(self) = true;
                Ok(())
            }
            (Value::Switch(field), Some("false")) => {
                *field(self) = false;
                Ok(())
            }
            (Value::Switch(_), Some(other)) => Err(wrong(format!("{other} is neither true nor false"))),
        }
    }

    /// Checks the combinations.
    pub fn finish(self) -> Result<Settings> {
        let wrong = |cause: String| Error::new(Kind::Settings, "reading the settings", cause);
        let missing = |key: &str| wrong(format!("{key} is missing"));
        let target_host = self.target_host.ok_or_else(|| missing("targetHost"))?;
        let labels = Labels { efi: self.label_efi, root: self.label_root, swap: self.label_swap };
        if labels.efi.is_empty() {
            return Err(missing("labels.efi"));
        }
        if labels.root.is_empty() {
            return Err(missing("labels.root"));
        }
        if self.swap_enable && labels.swap.is_empty() {
            return Err(wrong("swap.enable needs labels.swap".into()));
        }
        if let Some(twice) = label::repeated(&[&labels.efi, &labels.root, &labels.swap]) {
            return Err(wrong(format!("the label {twice} is given twice")));
        }
        if !self.prebuilt {
            return Err(wrong("prebuilt=false is not supported yet: only prebuilt=true is".into()));
        }
        Ok(Settings {
            target_host,
            prebuilt: self.prebuilt,
            labels,
            swap: self.swap_enable.then(|| self.swap_size.unwrap_or_default()),
            power_off: self.power_off.unwrap_or(true),
            disk: self.disk,
            dry_run: self.dry_run,
            shell: self.shell,
            force_uefi: self.force_uefi,
            unattended: self.unattended,
            confirm: self.confirm,
        })
    }
}

/// RFC 1123: letters, digits and inner hyphens, at most 63.
fn host_name(text: &str) -> std::result::Result<String, String> {
    let good =
        text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !text.starts_with('-') && !text.ends_with('-');
    if good { Ok(text.into()) } else { Err(format!("{text} is not a host name: use letters, digits and -")) }
}
