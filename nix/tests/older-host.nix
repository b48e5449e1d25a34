# A host as it was written for an older tool: it imports the module itself, and knows the flake that it lies in.
{ inputs, self, ... }:
{
  imports = [ inputs.autoinstaller.nixosModules.default ];

  autoInstaller = {
    targetHost = "older";
    repoRemote = "git@git.example.com:me/config.git";
    targetUser = "moran";
    labels = {
      efi = "OLD-ESP";
      root = "OLD-ROOT";
      luks = "OLD-LUKS";
    };
    luks.enable = true;
    luks.mapperName = "oldcrypt";
    extraMountDirs = [ "/mnt/persist" ];
    extraPostMountCommands = [ "chmod 700 /mnt/persist" ];
    extraInitrdKernelModules = [ "thunderbolt" ];
    extraBootCommands = "true\n";
    extraFiles."/etc/note".text = "old\n";
    extraPackages = [ inputs.tools ];
    powerOff = false;
    isoName = self.name;
  };
}
