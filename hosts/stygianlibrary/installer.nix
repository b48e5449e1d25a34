# A laptop with an encrypted root and no swap; the medium carries the whole system. Whoever installs it types the passphrase.
{ ... }:
{
  autoInstaller = {
    targetHost = "stygianlibrary";
    prebuilt = true;

    labels = {
      efi = "SL-ESP";
      luks = "SL-LUKS";
      root = "SL-ROOT";
    };

    luks.enable = true;

    extraMountDirs = [ "/persist" ];
    extraPostMountCommands = [
      ''
        chmod 0700 /mnt/persist
        mkdir -p /mnt/persist/srv /mnt/srv
        mount --bind /mnt/persist/srv /mnt/srv
        echo "the ESP is $(readlink -f /dev/disk/by-partlabel/SL-ESP)"
      ''
    ];

    bannerText = ''
      This medium installs NixOS on stygianlibrary.
      The chosen disk is erased, and its root file system is encrypted.
    '';
  };
}
