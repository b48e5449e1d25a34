# The own kernel of nixpkgs' source: what `cargo xtask kernel build` makes of Debian's. Nobody gets it who has not asked for it, by
# `autoInstaller.kernel = "own"`.
#
#   import ./kernel.nix { inherit pkgs; }   a kernel as `pkgs.linux_6_12` is one, with `configfile` and `modDirVersion`
#
# The fragments are written for 6.12: another source may not know one of their symbols, or have it under another name, and is refused then.
{
  pkgs,
  linux ? pkgs.linux_6_12,
}:
let
  inherit (pkgs) lib;
  directory = ../kernel-config;
  fragments = lib.filter (lib.hasSuffix ".config") (lib.attrNames (builtins.readDir directory));
  # Lines that wish for something. What is for people does not change the kernel.
  wishes = pkgs.writeText "autoinstaller-kernel-wishes" (
    lib.concatMapStrings (line: line + "\n") (
      lib.filter (line: builtins.match "CONFIG_.*|# CONFIG_.* is not set" line != null) (
        lib.concatMap (name: lib.splitString "\n" (builtins.readFile (directory + "/${name}"))) fragments
      )
    )
  );

  configfile = pkgs.stdenv.mkDerivation {
    name = "autoinstaller-kernel-config-${linux.version}";
    inherit (linux) src;
    inherit wishes;
    patches = map (patch: patch.patch) (lib.filter (patch: patch.patch or null != null) (linux.kernelPatches or [ ]));
    depsBuildBuild = [ pkgs.buildPackages.stdenv.cc ];
    nativeBuildInputs = [
      pkgs.buildPackages.bison
      pkgs.buildPackages.flex
      pkgs.buildPackages.perl
    ];
    postPatch = "patchShebangs scripts";
    dontConfigure = true;
    # Kconfig drops what another symbol forbids, without a word: every wish must be in the answer as it was made.
    buildPhase = ''
      make ARCH=${pkgs.stdenv.hostPlatform.linuxArch} KCONFIG_ALLCONFIG=$wishes allnoconfig
      sed -n 's/^# \(CONFIG_[A-Za-z0-9_]*\) is not set$/\1/p' $wishes > off
      lost=0
      while read -r line; do
        case $line in
        CONFIG_*) grep -qxF -e "$line" .config || { echo "lost: $line"; lost=1; } ;;
        esac
      done < $wishes
      while read -r symbol; do
        if grep -q "^$symbol=" .config; then echo "set all the same: $symbol"; lost=1; fi
      done < off
      [ $lost = 0 ] || { echo "resolving the kernel's configuration: not every line of the fragments survived"; exit 1; }
    '';
    installPhase = "cp .config $out";
  };
in
pkgs.linuxManualConfig {
  inherit (linux) src version kernelPatches;
  inherit configfile;
  # The end is CONFIG_LOCALVERSION of base.config.
  modDirVersion = "${lib.versions.pad 3 linux.version}-autoinstaller";
  # What nixpkgs asks of a configuration while it evaluates; without this it would have to build the configuration first.
  config = {
    CONFIG_MODULES = "y";
    CONFIG_FW_LOADER = "y";
  };
  extraMeta.description = "The Linux kernel as the autoinstaller configures it";
}
