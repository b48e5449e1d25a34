# A machine with an unencrypted root and a swap partition; the medium carries the whole system.
{ ... }:
{
  autoInstaller = {
    targetHost = "example";
    prebuilt = true;

    labels = {
      efi = "EX-ESP";
      root = "EX-ROOT";
      swap = "EX-SWAP";
    };

    swap = {
      enable = true;
      size = "8G";
    };

    bannerText = ''
      This medium installs NixOS on example.
      The chosen disk is erased.
    '';
  };
}
