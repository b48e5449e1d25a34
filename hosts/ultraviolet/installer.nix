# A desktop with an unencrypted root and a swap partition; the medium carries the whole system.
{ ... }:
{
  autoInstaller = {
    targetHost = "ultraviolet";
    prebuilt = true;

    labels = {
      efi = "UV-ESP";
      root = "UV-ROOT";
      swap = "UV-SWAP";
    };

    swap = {
      enable = true;
      size = "9G";
    };

    bannerText = ''
      This medium installs NixOS on ultraviolet.
      The chosen disk is erased.
    '';
  };
}
