//! The judge itself is judged: on a disk that host tools made, whole, and then with one fault at a time.
//!
//! Ignored unless asked for (`cargo test -- --include-ignored`): the rest of the tests run without these tools.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, symlink};

use super::*;
use crate::command::{self, tool};
use crate::vm::disk::{Scratch, scratch};

const MIB: u64 = 1024 * 1024;
const TOP: &str = "/nix/store/a-top";
/// First MiB of the ESP, of root and of swap.
const STARTS: [u64; 3] = [1, 1025, 1089];

struct NoNix;

impl StoreCheck for NoNix {
    fn verify(&self, root: &Path, toplevel: &str) -> Result<()> {
        fs::read_link(root.join(&toplevel[1..]).join("kernel")).map(drop).context("reading the dumped store")
    }
}

fn sh(dir: &Path, script: &str) {
    command::run("making the disk", tool("sh").args(["-euc", script]).current_dir(dir)).unwrap();
}

/// A disk as an installation leaves it.
fn installed(name: &str) -> Scratch {
    let dir = scratch(name);
    let store = dir.join("root/nix/store");
    for path in ["root/nix/store/a-top", "root/nix/var/nix/profiles", "root/var/log", "esp/EFI/BOOT", "esp/loader/entries"] {
        fs::create_dir_all(dir.join(path)).unwrap();
    }
    symlink("/nix/store/b-kernel", store.join("a-top/kernel")).unwrap();
    symlink("/nix/store/c-initrd", store.join("a-top/initrd")).unwrap();
    symlink("system-1-link", dir.join("root/nix/var/nix/profiles/system")).unwrap();
    symlink(TOP, dir.join("root/nix/var/nix/profiles/system-1-link")).unwrap();
    let entry = format!("linux /k\ninitrd /i\noptions init={TOP}/init\n");
    let files = [
        ("root/nix/store/b-kernel", "K"),
        ("esp/k", "K"),
        ("root/nix/store/c-initrd", "I"),
        ("esp/i", "I"),
        ("loader.efi", "L"),
        ("esp/EFI/BOOT/BOOTX64.EFI", "L"),
        ("esp/loader/entries/a.conf", &entry),
        ("root/var/log/autoinstaller.log", "autoinstaller: step 1/10 x\n"),
    ];
    files.iter().for_each(|(path, text)| fs::write(dir.join(path), text).unwrap());
    sh(
        &dir,
        "truncate -s 1106M disk; truncate -s 1024M p1; truncate -s 64M p2; truncate -s 16M p3; chmod 600 p3
        sgdisk -n 1:1M:+1024M -t 1:ef00 -c 1:UV-ESP -n 2:1025M:+64M -t 2:8304 -c 2:UV-ROOT -n 3:1089M:+16M -t 3:8200 -c 3:UV-SWAP disk
        mkfs.vfat -F 32 -n UV-ESP p1; mcopy -s -i p1 esp/* ::; mkfs.ext4 -q -L UV-ROOT -d root p2; mkswap -L UV-SWAP p3
        for p in 1:1 2:1025 3:1089; do dd if=p${p%:*} of=disk bs=1M seek=${p#*:} conv=notrunc,sparse; done; rm p1 p2 p3",
    );
    dir
}

fn verdict(dir: &Path, toplevel: &str) -> Result<()> {
    judge(dir, toplevel, &[], &Keys::default())
}

fn judge(dir: &Path, toplevel: &str, words: &[&str], keys: &Keys) -> Result<()> {
    let settings = "labels.efi=UV-ESP\nlabels.luks=UV-LUKS\nlabels.root=UV-ROOT\nlabels.swap=UV-SWAP\nswap.enable=true\nswap.size=16M";
    let wanted = Wanted::read(settings, words);
    let loader = &dir.join("loader.efi");
    let expected = Installed { wanted: &wanted, keys, ram_mib: 1024, toplevel, loader, tools: dir, store: &NoNix };
    check(&dir.join("disk"), 512, &dir.join("work"), &expected)
}

#[test]
#[ignore = "needs gdisk, util-linux, dosfstools, mtools and e2fsprogs"]
fn a_whole_disk_passes_and_every_fault_is_found() {
    let dir = installed("oracle");
    verdict(&dir, TOP).unwrap();
    let disk = dir.join("disk");
    sh(&dir, "cp --sparse=always disk whole");
    let found = RefCell::new(Vec::new());
    let fault = |what: &str, damage: &dyn Fn(&File)| {
        sh(&dir, "cp --sparse=always whole disk");
        damage(&OpenOptions::new().read(true).write(true).open(&disk).unwrap());
        let error = verdict(&dir, TOP).map_err(|error| format!("{error:#}")).expect_err(what);
        found.borrow_mut().push(error);
    };
    fault("backup table", &|disk| disk.write_all_at(&[0; 512], 1106 * MIB - 512).unwrap());
    fault("label of the ESP", &|disk| disk.write_all_at(b"XX-ESP     ", STARTS[0] * MIB + 71).unwrap());
    fault("second FAT", &|disk| disk.write_all_at(&[0x55; 512], STARTS[0] * MIB + 32 * 512 + 4096).unwrap());
    fault("block bitmap of root", &|disk| {
        let mut superblock = [0; 1024];
        disk.read_exact_at(&mut superblock, STARTS[1] * MIB + 1024).unwrap();
        superblock[12] ^= 1; // free blocks, which the superblock's checksum covers
        disk.write_all_at(&superblock, STARTS[1] * MIB + 1024).unwrap();
    });
    fault("label of swap", &|disk| disk.write_all_at(b"XX", STARTS[2] * MIB + 1052).unwrap());
    fault("swap signature", &|disk| disk.write_all_at(&[0; 4096], STARTS[2] * MIB).unwrap());
    let found = found.into_inner();
    println!("{found:#?}");
    let expected = [
        "checking the partition table: sgdisk says: Caution: Found protective or hybrid MBR and corrupt GPT",
        "checking the file system of UV-ESP: fsck.vfat exited with 1",
        "checking the file system of UV-ESP: fsck.vfat exited with 1",
        "checking the file system of UV-ROOT: e2fsck exited with ",
        "looking at what UV-SWAP holds: LABEL is XX-SWAP instead of UV-SWAP",
        "looking at what UV-SWAP holds: blkid exited with 2",
    ];
    assert_eq!(found.len(), expected.len());
    for (error, part) in found.iter().zip(expected) {
        assert!(error.contains(part), "{error}\n  does not speak of {part}");
    }
}

#[test]
#[ignore = "needs gdisk, util-linux, dosfstools, mtools and e2fsprogs"]
fn another_system_a_dirty_file_system_and_a_missing_log_are_found() {
    let dir = installed("oracle-content");
    let error = verdict(&dir, "/nix/store/z-top").unwrap_err().to_string();
    assert_eq!(error, format!("reading the system profile: it is {TOP}, not /nix/store/z-top"));
    let back = "dd if=p2 of=disk bs=1M seek=1025 conv=notrunc";
    sh(&dir, &format!("dd if=disk of=clean bs=1M skip=1025 count=64; cp clean p2; debugfs -w -R 'feature needs_recovery' p2; {back}"));
    let error = verdict(&dir, TOP).unwrap_err().to_string();
    assert_eq!(error, "checking the file system of UV-ROOT: its journal was not emptied");
    sh(&dir, &format!("cp clean p2; debugfs -w -R 'rm /var/log/autoinstaller.log' p2; {back}"));
    let error = format!("{:#}", verdict(&dir, TOP).unwrap_err());
    assert!(error.starts_with("reading the installed /var/log/autoinstaller.log: No such file"), "{error}");
}

/// What the words of the row are for the container of the test.
const ENCRYPTED: &[&str] = &["install.luks.enable", "install.luks.pbkdf.memory=32", "install.luks.pbkdf.parallel=1"];
const PASSPHRASE: &str = "correct horse";

/// Puts the root file system into a container, and takes what is in the swap partition away.
fn encrypt(dir: &Path) {
    use aes::cipher::KeyInit;
    sh(
        dir,
        "truncate -s 64M luks; printf 'correct horse' > typed; chmod 600 luks typed
        cryptsetup luksFormat --batch-mode --type luks2 --label UV-LUKS --sector-size 512 --pbkdf argon2id --pbkdf-memory 32768 \
            --pbkdf-force-iterations 4 --pbkdf-parallel 1 --key-file typed luks
        cryptsetup luksDump --batch-mode --dump-volume-key --key-file typed --volume-key-file key luks
        truncate -s 48M p2; mkfs.ext4 -q -L UV-ROOT -d root p2
        sgdisk -c 2:UV-LUKS -t 2:8309 disk; dd if=/dev/zero of=disk bs=1M seek=1089 count=16 conv=notrunc",
    );
    let key = fs::read(dir.join("key")).unwrap();
    let cipher = |bytes: &[u8]| aes::Aes256::new(bytes.into());
    let mut root = fs::read(dir.join("p2")).unwrap();
    let cipher = xts_mode::Xts128::new(cipher(&key[..32]), cipher(&key[32..]));
    cipher.encrypt_area(&mut root, 512, 0, xts_mode::get_tweak_default);
    let container = OpenOptions::new().write(true).open(dir.join("luks")).unwrap();
    container.write_all_at(&root, 16 * MIB).unwrap();
    sh(dir, "dd if=luks of=disk bs=1M seek=1025 conv=notrunc; rm key typed p2");
}

#[test]
#[ignore = "needs gdisk, util-linux, dosfstools, mtools, e2fsprogs and cryptsetup"]
fn an_encrypted_root_is_judged_like_another() {
    let dir = installed("oracle-luks");
    encrypt(&dir);
    let verdict = |words: &[&str], passphrase| {
        judge(&dir, TOP, &[ENCRYPTED, words].concat(), &Keys::new(passphrase, &[])).map_err(|error| format!("{error:#}"))
    };
    verdict(&[], Some(PASSPHRASE)).unwrap();
    assert_eq!(verdict(&[], None).unwrap_err(), "opening the container: the row has no passphrase");
    let wrong = verdict(&[], Some("battery staple")).unwrap_err();
    assert!(wrong.starts_with("opening the container UV-LUKS: cryptsetup exited with 2: "), "{wrong}");
    let weak = verdict(&["install.luks.pbkdf.memory=64"], Some(PASSPHRASE)).unwrap_err();
    assert_eq!(weak, "checking the key derivation: 32768 KiB are not from 64 to 64 MiB");
    let second = verdict(&["install.luks.recoveryKey"], Some(PASSPHRASE)).unwrap_err();
    assert_eq!(second, "comparing the header of UV-LUKS: `Tokens:` stands where `1: luks2` should");
    sh(&dir, "printf %0100d 0 | dd of=disk bs=1 seek=$(((1025 + 16) * 1048576 + 1024)) conv=notrunc");
    let broken = verdict(&[], Some(PASSPHRASE)).unwrap_err();
    assert!(broken.starts_with("looking at what UV-ROOT holds: blkid exited with "), "{broken}");
    sh(&dir, "mkswap -L UV-SWAP luks; dd if=luks of=disk bs=4096 count=1 seek=$((1089 * 256)) conv=notrunc");
    encrypt_anew(&dir);
    let swap = verdict(&[], Some(PASSPHRASE)).unwrap_err();
    assert_eq!(swap, "looking for what is left in UV-SWAP: it has swap instead of nothing");
}

#[test]
#[ignore = "needs gdisk, util-linux, dosfstools, mtools, e2fsprogs and cryptsetup"]
fn a_recovery_key_must_open_the_container() {
    let dir = installed("oracle-recovery");
    encrypt(&dir);
    sh(
        &dir,
        "printf 'correct horse' > typed; printf ccccdddd > second; chmod 600 typed second
        cryptsetup luksAddKey --batch-mode --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file typed luks second
        dd if=luks of=disk bs=1M seek=1025 conv=notrunc; rm typed second",
    );
    let verdict = |shown: &[String]| {
        let words = [ENCRYPTED, &["install.luks.recoveryKey"]].concat();
        judge(&dir, TOP, &words, &Keys::new(Some(PASSPHRASE), shown)).map_err(|error| format!("{error:#}"))
    };
    verdict(&["cccc dddd".to_owned()]).unwrap();
    assert_eq!(verdict(&[]).unwrap_err(), "opening the container: no recovery key was written down");
    let other = verdict(&["cccc eeee".to_owned()]).unwrap_err();
    assert!(other.starts_with("opening the container UV-LUKS with the recovery key: cryptsetup exited with 2: "), "{other}");
}

/// The container as it was, with the swap partition left as it is.
fn encrypt_anew(dir: &Path) {
    sh(dir, "dd if=disk of=swap bs=1M skip=1089 count=16");
    encrypt(dir);
    sh(dir, "dd if=swap of=disk bs=1M seek=1089 conv=notrunc");
}
