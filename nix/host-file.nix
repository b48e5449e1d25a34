# What the initrd carries about a host, from its `installer.nix` alone: no nixpkgs, no module system. For `cargo xtask iso`.
#
# A file may ask for what only a build with nixpkgs has (`pkgs`, `inputs`, `imports`), as long as no setting is made of it.
file:
let
  module = import file;
  absent = name: _: throw "`${name}` is wanted, which only a build with nixpkgs has";
  host =
    if builtins.isFunction module then
      module (builtins.mapAttrs absent (builtins.functionArgs module))
    else
      module;
in
import ./settings.nix host.autoInstaller
