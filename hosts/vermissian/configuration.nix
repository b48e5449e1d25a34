# The system that vermissian builds while it is installed, as small as it can be. It finds its file systems by the labels of `installer.nix`.
{ ... }:
{
  networking.hostName = "vermissian";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "25.05";

  # Whose the clone of the flake is. A system of your own gives users a password or a key: into this one nobody can log in.
  users.users.moran.isNormalUser = true;

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
    device = "/dev/disk/by-label/VM-ROOT";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/VM-ESP";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };
  swapDevices = [ { device = "/dev/disk/by-label/VM-SWAP"; } ];
}
