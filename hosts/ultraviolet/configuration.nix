# The system that ultraviolet boots, as small as it can be. It finds its file systems by the labels of `installer.nix`.
{ ... }:
{
  networking.hostName = "ultraviolet";
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
  ];

  fileSystems."/" = {
    device = "/dev/disk/by-label/UV-ROOT";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/UV-ESP";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };
  swapDevices = [ { device = "/dev/disk/by-label/UV-SWAP"; } ];
}
