# What `nix flake check` builds: format, lints, unit tests, and the judgement about the module. The virtual machines take a checkout and a mirror
# (`apps.vm-test`): a build has neither.
{ pkgs, xtask }:
let
  inherit (pkgs) lib;
  cargo =
    name: command:
    pkgs.rustPlatform.buildRustPackage {
      pname = "autoinstaller-${name}";
      version = "0";
      src = ../.;
      cargoLock.lockFile = ../Cargo.lock;
      nativeBuildInputs = [
        pkgs.clippy
        pkgs.rustfmt
        # Unit tests call them.
        pkgs.git
        pkgs.gptfdisk
        pkgs.openssh
      ];
      buildPhase = command;
      doCheck = false;
      installPhase = "touch $out";
    };
  # What Nix says of the module, evaluated here; `init` judges it there.
  evaluated = pkgs.writeText "evaluated.json" (
    builtins.toJSON {
      raw = import ./tests/raw.nix;
      module = import ./tests/module.nix {
        inherit lib pkgs;
        hosts = ../hosts;
      };
    }
  );
in
{
  fmt = cargo "fmt" "cargo fmt --all --check";
  clippy = cargo "clippy" "cargo clippy --offline --all-targets --all-features -- --deny warnings";
  test = cargo "test" "cargo test --offline --workspace";
  module = pkgs.runCommand "autoinstaller-module" { } ''
    cd ${../.}
    ${xtask}/bin/xtask nix-test --evaluated ${evaluated}
    touch $out
  '';
}
