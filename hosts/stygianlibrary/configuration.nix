# The system that stygianlibrary boots, as small as it can be. It finds its file systems by the labels of `installer.nix`.
{ ... }:
{
  networking.hostName = "stygianlibrary";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "25.05";

  # A system of your own has users with a password or a key here: into this one nobody can log in.

  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
  boot.initrd.availableKernelModules = [
    "nvme"
    "ahci"
    "xhci_pci"
    "usb_storage"
    "sd_mod"
    "thunderbolt"
  ];
  # The keyboard of the passphrase.
  console.earlySetup = true;
  boot.initrd.luks.devices.stygiancrypt = {
    device = "/dev/disk/by-partlabel/STYGIAN-LUKS";
    allowDiscards = true;
  };
  services.hardware.bolt.enable = true;

  fileSystems."/" = {
    device = "/dev/disk/by-label/STYGIAN-ROOT";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/STYGIAN-ESP";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };
  # A directory of the root, which the installation has mounted here, too.
  fileSystems."/models" = {
    device = "/persist/models";
    fsType = "none";
    options = [ "bind" ];
  };
}
