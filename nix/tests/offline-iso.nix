# The medium of a host, built by `iso.nix` of Debian's files: see `debian-packages.nix` for what the paths are.
{
  host,
  toplevel,
  built,
  boot,
  stage2,
  patchelf,
  tools,
  standIns,
  grub,
  init,
}:
let
  pkgs = import ./debian-packages.nix {
    inherit
      boot
      stage2
      patchelf
      tools
      standIns
      grub
      init
      ;
  };
in
import ../iso.nix {
  inherit pkgs;
  inherit (pkgs) init xtask;
  config = (import (../../hosts + "/${host}/installer.nix") { }).autoInstaller // {
    deployKey.generate = true;
    extraFiles."/etc/built/README" = {
      source = ../../hosts/stygianlibrary/persist.txt;
      mode = "0440";
    };
  };
  toplevel = if toplevel == "" then null else builtins.storePath toplevel;
  built = builtins.fromJSON built;
  # Any files will do.
  source = ../../hosts;
}
// {
  tools = "${pkgs.xtask}";
}
