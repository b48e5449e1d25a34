# A laptop with an encrypted root and no swap, and perhaps its disk behind Thunderbolt; the medium carries the whole system. Whoever installs it
# types the passphrase.
{ ... }:
{
  autoInstaller = {
    targetHost = "stygianlibrary";
    prebuilt = true;
    repoRemote = "ssh://git@git.example.com/nix-config.git";
    repoClonePath = "/mnt/persist/nix-config";

    labels = {
      efi = "STYGIAN-ESP";
      luks = "STYGIAN-LUKS";
      root = "STYGIAN-ROOT";
    };

    luks = {
      enable = true;
      mapperName = "stygiancrypt";
    };

    extraMountDirs = [
      "/mnt/persist"
      "/mnt/models"
    ];
    extraPostMountCommands = [
      ''
        chmod 0700 /mnt/persist
        echo "the ESP is $(readlink -f /dev/disk/by-partlabel/STYGIAN-ESP)"
      ''
      ''
        mkdir /mnt/persist/models
        mount --bind /mnt/persist/models /mnt/models
      ''
    ];

    # Everybody who has the image can read these.
    extraFiles = {
      "/etc/issue.d/found.issue".text = "Whoever finds this laptop: its library misses it.\n";
      "/persist/README" = {
        source = ./persist.txt;
        mode = "0640";
        group = 100;
      };
    };

    # A dock shows its disks when it has been authorised.
    extraInitrdKernelModules = [ "thunderbolt" ];
    extraBootCommands = ''
      for device in /sys/bus/thunderbolt/devices/*/authorized; do
        if [ ! -e "$device" ]; then
          echo "no Thunderbolt device to authorise"
        elif [ "$(cat "$device")" = 0 ]; then
          echo "authorising ''${device%/authorized}"
          echo 1 > "$device"
        fi
      done
    '';

    bannerText = ''
      This medium installs NixOS on stygianlibrary.
      The chosen disk is erased, and its root file system is encrypted.
    '';
  };
}
