# Packages that are names alone, and the functions that `nix/` calls.
{ lib, system }:
let
  stub =
    name:
    derivation {
      inherit name system;
      builder = "/bin/sh";
    };
  stubs = names: lib.genAttrs names stub;
  runCommand =
    name: environment: script:
    derivation (
      removeAttrs environment [ "passthru" ]
      // {
        inherit name system script;
        builder = "/bin/sh";
      }
    )
    // environment.passthru or { };
  rustPlatform.buildRustPackage =
    arguments:
    runCommand "${arguments.pname}-${arguments.version}" { inherit (arguments) src; } (
      toString (arguments.cargoBuildFlags or [ ]) + arguments.buildPhase or ""
    )
    // {
      inherit (arguments.meta or { }) mainProgram;
    };
  # Of these both the build machine's and the target's are asked for.
  everywhere = stubs [
    "apt"
    "bash"
    "binutils"
    "btrfs-progs"
    "cacert"
    "cargo"
    "clippy"
    "coreutils"
    "cryptsetup"
    "debian-archive-keyring"
    "dosfstools"
    "dpkg"
    "e2fsprogs"
    "f2fs-tools"
    "gcc"
    "git"
    "gitMinimal"
    "gptfdisk"
    "grub2"
    "gzip"
    "jq"
    "kbd"
    "kmod"
    "libisoburn"
    "mtools"
    "nix"
    "nixos-enter"
    "nixos-install"
    "openssh"
    "qemu"
    "rustc"
    "rustfmt"
    "squashfsTools"
    "systemd"
    "util-linux"
    "xfsprogs"
    "xorriso"
    "xz"
    "zstd"
  ];
in
everywhere
// {
  inherit lib runCommand rustPlatform;
  path = ./.;
  stdenv.hostPlatform = { inherit system; };
  buildPackages = everywhere;
  pkgsStatic = stubs [
    "busybox"
    "dosfstools"
    "e2fsprogs"
    "util-linux"
  ] // {
    inherit rustPlatform;
  };
  linuxPackages.kernel = stub "linux" // {
    configfile = stub "linux-config";
    modDirVersion = "6.12";
    modules = stub "linux-modules";
  };
  closureInfo = { rootPaths }: runCommand "closure-info" { inherit rootPaths; } "";
  writeText = name: text: runCommand name { inherit text; } "";
  writeShellApplication =
    { name, runtimeInputs, text }:
    runCommand name { inherit runtimeInputs; } text // { meta.mainProgram = name; };
  mkShell = { packages }: runCommand "shell" { inherit packages; } "";
}
