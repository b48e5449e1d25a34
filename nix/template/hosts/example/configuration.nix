# The system that example boots, as small as it can be. It finds its file systems by the labels of `installer.nix`.
{ ... }:
{
  networking.hostName = "example";
  nixpkgs.hostPlatform = "x86_64-linux";
  system.stateVersion = "25.05";

  # Nobody else can log in: root has no password. This one is known to all the world, so change it with `passwd` at the first login, or write your
  # own here as `hashedPassword` (mkpasswd), or as a key: `openssh.authorizedKeys.keys`, with `services.openssh.enable`.
  users.users.me = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    initialPassword = "change-me";
  };

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
    device = "/dev/disk/by-label/EX-ROOT";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/EX-ESP";
    fsType = "vfat";
    options = [ "umask=0077" ];
  };
  swapDevices = [ { device = "/dev/disk/by-label/EX-SWAP"; } ];
}
