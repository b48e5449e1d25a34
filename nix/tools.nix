# The programs that `cargo xtask` calls, as `qemu-tests/src/prerequisites.rs` lists them for Debian.
{ pkgs }:
with pkgs;
[
  apt
  binutils
  cargo
  clippy
  cryptsetup
  debian-archive-keyring
  dosfstools
  dpkg
  e2fsprogs
  erofs-utils
  gcc
  git
  gptfdisk
  grub2
  gzip
  kmod
  mtools
  openssh
  qemu
  rustc
  rustfmt
  squashfsTools
  swtpm
  util-linux
  xorriso
  xz
  zstd
]
