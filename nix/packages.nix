# The two programs of this repository: `init`, PID 1 of the medium, and `xtask`, which assembles media.
#
# `init` is built with musl: what glibc's static form brings with it would be unpacked into the memory of every machine.
{ pkgs }:
let
  inherit (pkgs) lib;

  package =
    platform: name: description:
    platform.buildRustPackage {
      pname = name;
      version = "0.1.0";
      # Neither program depends on hosts, documents or these expressions.
      src = lib.fileset.toSource {
        root = ../.;
        fileset = lib.fileset.unions [
          ../Cargo.toml
          ../Cargo.lock
          ../init
          ../qemu-tests
          ../kernel-config
        ];
      };
      cargoLock.lockFile = ../Cargo.lock;
      cargoBuildFlags = [ "--package=${name}" ];
      # They want tools of a whole machine, and are run by `cargo xtask ci`.
      doCheck = false;
      meta = {
        inherit description;
        mainProgram = name;
        license = lib.licenses.mit;
        platforms = [ "x86_64-linux" ];
      };
    };
in
{
  init = package pkgs.pkgsStatic.rustPlatform "init" "PID 1 of the installer's medium";
  xtask = package pkgs.rustPlatform "xtask" "Makes the installer's media";
}
