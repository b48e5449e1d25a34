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
    "erofs-utils"
    "swtpm"
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
  stdenv = {
    hostPlatform = {
      inherit system;
      linuxArch = "x86_64";
    };
    mkDerivation =
      arguments:
      derivation (
        arguments
        // {
          inherit system;
          builder = "/bin/sh";
        }
      );
  };
  buildPackages =
    everywhere
    // stubs [
      "bison"
      "flex"
      "perl"
    ]
    // {
      stdenv.cc = stub "cc";
    };
  # The source of a kernel, and what makes one of a configuration that nobody has to evaluate.
  linux_6_12 = stub "linux-6.12" // {
    version = "6.12";
    src = stub "linux-source";
    kernelPatches = [
      {
        name = "one";
        patch = stub "one.patch";
      }
      { name = "a wish alone"; }
    ];
  };
  linuxManualConfig =
    arguments:
    stub "linux-own"
    // {
      inherit (arguments) configfile modDirVersion;
      modules = stub "linux-own-modules";
    };
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
