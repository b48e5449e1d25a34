# In the place of NixOS's own module about nix.conf(5), with what `lib.mkInstaller` takes of that.
{ config, lib, ... }:
{
  options.nix.settings = lib.mkOption {
    type = lib.types.submodule { freeformType = with lib.types; attrsOf (listOf str); };
    default = { };
  };

  config = lib.mkIf config.nix.enable {
    # There is no such option where the module is evaluated alone.
    environment.etc."nix/nix.conf".text = "";
    nix.settings = {
      substituters = lib.mkAfter [ "https://cache.nixpkgs.example" ];
      trusted-public-keys = [ "cache.nixpkgs.example-1:AAAA" ];
    };
  };
}
