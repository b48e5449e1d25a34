# A machine that builds its own system: the medium carries no closure, and the flake is cloned while it is installed.
{ ... }:
{
  autoInstaller = {
    targetHost = "vermissian";
    prebuilt = false;
    repoRemote = "ssh://git@git.example.com/nix-config.git";
    targetUser = "moran";

    labels = {
      efi = "VM-ESP";
      root = "VM-ROOT";
      swap = "VM-SWAP";
    };

    swap = {
      enable = true;
      size = "32G";
    };

    bannerText = ''
      This medium installs NixOS on vermissian, over the network.
      The chosen disk is erased.
    '';
  };
}
