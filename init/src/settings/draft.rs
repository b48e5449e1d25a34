//! Values as they come in, and the settings they make together: defaults, and combinations that make no sense.

use super::{Labels, Luks, Network, Online, Pbkdf, Repository, RootFs, Settings, Size, label, size};
use crate::error::{Error, Kind, Result};

/// Values as they come in, before the combinations are checked.
#[derive(Default)]
pub struct Draft {
    pub(super) target_host: Option<String>,
    pub(super) prebuilt: bool,
    pub(super) repository: Repository,
    pub(super) online: Online,
    pub(super) key_to_user: Option<bool>,
    pub(super) labels: Labels,
    pub(super) esp: Option<u64>,
    pub(super) root_fs: RootFs,
    pub(super) luks_enable: bool,
    pub(super) mapper_name: Option<String>,
    pub(super) pbkdf: Pbkdf,
    pub(super) key_file: Option<String>,
    pub(super) recovery_key: bool,
    pub(super) swap_enable: bool,
    pub(super) swap_size: Option<Size>,
    pub(super) keymap: Option<String>,
    pub(super) mount_dirs: Vec<String>,
    pub(super) require_age_key: bool,
    pub(super) wipe_kit: bool,
    pub(super) network: Network,
    pub(super) ssh_keys: Vec<String>,
    pub(super) hold: bool,
    pub(super) firmware_entry: Option<bool>,
    pub(super) power_off: Option<bool>,
    pub(super) disk: Option<String>,
    pub(super) panic_at: Option<String>,
    pub(super) dry_run: bool,
    pub(super) shell: bool,
    pub(super) force_uefi: bool,
    pub(super) unattended: bool,
    pub(super) confirm: Option<String>,
}

impl Draft {
    /// The encryption, if it was asked for.
    fn luks(&self) -> Result<Option<Luks>> {
        if !self.luks_enable {
            return Ok(None);
        }
        if self.labels.luks.is_empty() {
            return Err(wrong("luks.enable needs labels.luks".into()));
        }
        if self.key_file.is_none() && self.unattended && !self.dry_run {
            return Err(wrong("luks.enable with install.unattended needs luks.keyFile: nobody is there to type a passphrase".into()));
        }
        if self.key_file.is_some() && self.recovery_key {
            return Err(wrong("luks.recoveryKey is shown to whoever types the passphrase, and with luks.keyFile nobody does".into()));
        }
        let mapper_name = self.mapper_name.clone().unwrap_or_else(|| "cryptroot".into());
        Ok(Some(Luks { mapper_name, pbkdf: self.pbkdf, key_file: self.key_file.clone(), recovery_key: self.recovery_key }))
    }

    /// Checks the combinations.
    pub fn finish(self) -> Result<Settings> {
        let luks = self.luks()?;
        let missing = |key: &str| wrong(format!("{key} is missing"));
        let target_host = self.target_host.ok_or_else(|| missing("targetHost"))?;
        let labels = self.labels;
        if labels.efi.is_empty() {
            return Err(missing("labels.efi"));
        }
        if labels.root.is_empty() {
            return Err(missing("labels.root"));
        }
        label::root(&labels.root, self.root_fs).map_err(|cause| wrong(format!("labels.root: {cause}")))?;
        if self.swap_enable && labels.swap.is_empty() {
            return Err(wrong("swap.enable needs labels.swap".into()));
        }
        if let Some(twice) = label::repeated(&[&labels.efi, &labels.luks, &labels.root, &labels.swap]) {
            return Err(wrong(format!("the label {twice} is given twice")));
        }
        let mut repository = self.repository;
        if !self.prebuilt && repository.remote.is_empty() {
            return Err(wrong("prebuilt=false needs repoRemote: the system is built from a flake".into()));
        }
        if repository.clone.is_empty() {
            repository.clone = "/mnt/nix-config".into();
        }
        if let Some(path) = self.mount_dirs.iter().find(|path| repository.holds(path)) {
            return Err(wrong(format!("extraMountDirs: {path} lies in repoClonePath, where git needs an empty directory")));
        }
        repository.key_to_user = repository.user.is_some() && self.key_to_user.unwrap_or(true);
        // Who may log in must be able to reach the machine.
        let optional = self.prebuilt && !self.network.enable;
        let network = Network { enable: !optional || !self.ssh_keys.is_empty(), optional, ..self.network };
        let online = Online { unattended: self.unattended, ..self.online };
        Ok(Settings {
            target_host,
            prebuilt: self.prebuilt,
            repository,
            online: (!self.prebuilt).then_some(online),
            labels,
            esp: self.esp.unwrap_or(size::ESP),
            root_fs: self.root_fs,
            luks,
            swap: self.swap_enable.then(|| self.swap_size.unwrap_or_default()),
            keymap: self.keymap,
            mount_dirs: self.mount_dirs,
            network,
            ssh_keys: self.ssh_keys,
            hold: self.hold,
            post_mount: Vec::new(),
            kit: Vec::new(),
            kit_unread: None,
            require_age_key: self.require_age_key,
            wipe_kit: self.wipe_kit,
            firmware_entry: self.firmware_entry.unwrap_or(true),
            power_off: self.power_off.unwrap_or(true),
            disk: self.disk,
            panic_at: self.panic_at,
            dry_run: self.dry_run,
            shell: self.shell,
            force_uefi: self.force_uefi,
            unattended: self.unattended,
            confirm: self.confirm,
        })
    }
}
fn wrong(cause: String) -> Error {
    Error::new(Kind::Settings, "reading the settings", cause)
}
