//! What must be true of disks and medium once the machine is off.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::command::{Boot, VARS};
use super::medium::{self, MediumCopy};
use super::names::Names;
use super::one::{Failure, watch};
use super::oracle::{self, Installed, Keys, StoreCheck, Wanted};
use super::scenario::{After, Consoles, Disk, Entry, Firmware, Keyboard, NOTHING_BOOTS, Prefill, Scenario, Step, Vars};
use super::{dirty, disk, nic, sparse, variables};
use crate::fat::Fat;
use crate::image::Image;

/// What a full store has left: the firmware itself takes some, and Linux keeps 5 KiB free (`EFI_MIN_RESERVE`).
const ROOM: usize = 3 << 10;
/// Where the ESP of an installed disk starts, in bytes.
pub const ESP_START: u64 = 1024 * 1024;

/// The state of a scenario's directory before its run.
pub struct Before {
    /// The stick or disc.
    pub medium: MediumCopy,
    /// What is on its kit partition, and the deploy key of a medium that has one: nothing of it may be said.
    pub secrets: Vec<(String, String)>,
    /// Digest of every disk.
    pub disks: Vec<String>,
}

/// Digests of all disks of the scenario.
pub fn digests(scenario: &Scenario, dir: &Path) -> Result<Vec<String>> {
    (0..scenario.disks.len()).map(|index| sparse::digest(&dir.join(disk::file_name(index)), None)).collect()
}

/// Every check of the scenario, and the ones that hold for all. `shown` was written down from the screen.
pub fn check(
    scenario: &Scenario,
    image: &Image,
    dir: &Path,
    before: &Before,
    shown: &[String],
    store: &dyn StoreCheck,
) -> Result<(), Failure> {
    let keys = Keys::new(scenario.passphrase, shown);
    check_untouched(scenario, dir, before).map_err(|error| Failure::new("comparing disks before and after", &error))?;
    for after in scenario.after {
        let phase = format!("afterwards: {after:?}");
        one(after, scenario, image, dir, before, &keys, store).map_err(|error| Failure::new(&phase, &error))?;
        match after {
            After::BootsInstalled(vars) => boot_disks(scenario, image, dir, &scenario.installed_script(*vars))?,
            After::NotBootable(_) => boot_disks(scenario, image, dir, NOTHING_BOOTS)?,
            _ => {}
        }
    }
    // The medium has every byte it had, but for a kit on which the passphrase was put.
    let given = scenario.kit.iter().any(|(_, text)| scenario.passphrase.is_some_and(|passphrase| text.contains(passphrase)));
    let known_there = given.then_some(medium::FILE_NAME);
    oracle::secrets::of_kit(dir, &before.secrets, scenario.is_observed()).map_err(|error| Failure::new("looking for secrets", &error))?;
    if scenario.fails() {
        let log = before
            .medium
            .kit_has("autoinstaller.log")
            .and_then(|there| if there { before.medium.kit_file("autoinstaller.log") } else { Ok(String::new()) });
        log.and_then(|log| oracle::secrets::said(&before.secrets, &log))
            .map_err(|error| Failure::new("looking for secrets in the saved log", &error))?;
    }
    oracle::secrets::check(dir, &keys, known_there, scenario.is_observed()).map_err(|error| Failure::new("looking for secrets", &error))
}

fn one(after: &After, scenario: &Scenario, image: &Image, dir: &Path, before: &Before, keys: &Keys, store: &dyn StoreCheck) -> Result<()> {
    match *after {
        After::TargetInstalled(index) => {
            let expected = Installed {
                wanted: &Wanted::read(&image.settings_text, scenario.words),
                keys,
                ram_mib: scenario.ram_mib,
                toplevel: &image.toplevel,
                loader: &image.loader,
                tools: &image.stage2_root,
                store,
            };
            let (disk, file) = (&scenario.disks[index], dir.join(disk::file_name(index)));
            oracle::check(&file, disk.sector, &dir.join("oracle"), &expected)?;
            if let Prefill::Dirty(dirty) = disk.prefill { dirty::gone(&file, dirty) } else { Ok(()) }
        }
        After::Entries(expected) => {
            let vars = dir.join(VARS);
            let found = variables::entries(&fs::read(&vars).with_context(|| format!("reading {}", vars.display()))?)?;
            ensure!(found == expected, "reading the firmware's boot entries: they are {found:?}");
            Ok(())
        }
        After::NicSilent(card) => nic::silent(dir, card),
        After::NicSpoke(card) => nic::spoke(dir, card),
        After::DiskWritten(index) if !changed(index, dir, before)? => {
            bail!("comparing disk {index}: nothing was written to it")
        }
        After::DiskUnchanged(index) if changed(index, dir, before)? => {
            bail!("comparing disk {index}: its bytes have changed")
        }
        After::KitHas(file, text) => {
            let [file, text] = [file, text].map(|text| text.replace("{guid}", &image.disk_guid));
            if before.medium.kit_file(&file)?.contains(&text) {
                Ok(())
            } else {
                bail!("reading {file} from the kit partition: no `{text}` in it")
            }
        }
        After::EspHas(index, file, text) => {
            let [file, text] = [file, text].map(|text| text.replace("{guid}", &image.disk_guid));
            let found = Fat::at(&dir.join(disk::file_name(index)), ESP_START).text(&file).context("reading from the ESP")?;
            ensure!(found.contains(&text), "reading {file} from the ESP: no `{text}` in it");
            Ok(())
        }
        After::KitLacks(file) => {
            ensure!(!before.medium.kit_has(file)?, "looking for {file} on the kit partition: it is still there");
            Ok(())
        }
        // Its image is where the check of the whole disk has left it.
        After::RootHas(path, attributes, text) => {
            let of_kit = text.strip_prefix("{kit ").and_then(|name| name.strip_suffix('}'));
            let of_kit = of_kit.and_then(|name| before.secrets.iter().find(|(other, _)| other == name));
            oracle::placed::check(
                &dir.join("oracle/root.img"),
                path,
                attributes,
                &of_kit.map_or_else(|| Names::of(scenario, image).fill(text), |(_, text)| text.clone()),
            )
        }
        After::Served(server, text) => {
            let log = dir.join(format!("{server:?}.log"));
            let said = fs::read_to_string(&log).with_context(|| format!("reading {}", log.display()))?;
            ensure!(said.contains(text), "reading {}: no `{text}` in it", log.display());
            Ok(())
        }
        // The caller boots.
        After::BootsInstalled(vars) => fresh_vars(image, dir, vars),
        After::NotBootable(index) => {
            let (file, copy) = (dir.join(disk::file_name(index)), dir.join("oracle").join("esp"));
            if !starts_file_system(&file).context("reading the ESP")? {
                return Ok(());
            }
            medium::fat_copy(&file, ESP_START, &copy).context("reading the ESP")?;
            no_loader(&copy)
        }
        After::DiskWritten(_) | After::DiskUnchanged(_) => Ok(()),
    }
}

/// Holds for every scenario, whatever its list names.
fn check_untouched(scenario: &Scenario, dir: &Path, before: &Before) -> Result<()> {
    before.medium.check_unchanged()?;
    for (index, disk) in scenario.disks.iter().enumerate() {
        if !scenario.may_write(index) && changed(index, dir, before)? {
            bail!("comparing disk {index} ({}): its bytes have changed", disk.serial);
        }
    }
    Ok(())
}

fn changed(index: usize, dir: &Path, before: &Before) -> Result<bool> {
    Ok(sparse::digest(&dir.join(disk::file_name(index)), None)? != before.disks[index])
}

fn fresh_vars(image: &Image, dir: &Path, vars: Vars) -> Result<()> {
    if vars == Vars::Fresh {
        copy_vars(image, dir, &[], false)?;
    }
    Ok(())
}

/// Gives the machine the variables of a new one, and these boot entries.
pub fn copy_vars(image: &Image, dir: &Path, entries: &[Entry], full: bool) -> Result<()> {
    let target = dir.join(VARS);
    let mut bytes = fs::read(&image.ovmf_vars).with_context(|| format!("reading {}", image.ovmf_vars.display()))?;
    if !entries.is_empty() {
        variables::preseed(&mut bytes, entries)?;
    }
    if full {
        variables::fill(&mut bytes, ROOM)?;
    }
    fs::write(&target, bytes).with_context(|| format!("writing {}", target.display()))
}

/// Whether the first sector of the ESP has the mark without which nobody takes it for a file system.
fn starts_file_system(disk: &Path) -> Result<bool> {
    let mut mark = [0; 2];
    fs::File::open(disk)?.read_exact_at(&mut mark, ESP_START + 510)?;
    Ok(mark == [0x55, 0xaa])
}

/// Fails if there is anything in the copy of an ESP that firmware could start. What is staged has no name that firmware knows.
fn no_loader(esp: &Path) -> Result<()> {
    let staged = esp.join("EFI.NEW");
    let starts = |file: &Path| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("efi")) && !file.starts_with(&staged);
    for file in glob::glob(&esp.join("**/*").to_string_lossy()).context("listing the files of the ESP")? {
        let file = file.context("listing the files of the ESP")?;
        ensure!(!starts(&file), "looking at a disk that is not bootable: there is {}", file.display());
    }
    Ok(())
}

/// Plays a script on a machine that has the disks alone.
pub fn boot_disks(scenario: &Scenario, image: &Image, dir: &Path, script: &[Step]) -> Result<(), Failure> {
    let disks: Vec<Disk> = scenario.disks.iter().map(|disk| disk.at_next_boot()).collect();
    let boot = Boot {
        firmware: Firmware::Ovmf,
        medium: None,
        bad_sector: None,
        disks: &disks,
        nics: &[],
        tpm: None,
        date: None,
        ram_mib: scenario.ram_mib,
        words: &[],
        kernel_words: &[],
        consoles: Consoles::Both,
        keyboard: Keyboard::Ps2,
        survives_reset: false,
        network: &[],
        login: None,
    };
    watch(image, &boot, dir, "boot", script, &Names::of(scenario, image)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::disk::scratch;

    #[test]
    fn a_loader_is_found_in_any_directory_and_any_letters() {
        let dir = scratch("no-loader");
        no_loader(&dir).unwrap();
        fs::create_dir_all(dir.join("EFI.NEW/BOOT")).unwrap();
        fs::write(dir.join("EFI.NEW/BOOT/BOOTX64.EFI"), "").unwrap();
        for file in ["EFI/BOOT/BOOTX64.EFI", "vmlinuz.efi"] {
            fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
            no_loader(&dir).unwrap();
            fs::write(dir.join(file), "").unwrap();
            assert!(no_loader(&dir).unwrap_err().to_string().ends_with(file));
            fs::remove_file(dir.join(file)).unwrap();
        }
    }
}
