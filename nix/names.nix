# The options that are no settings, by what becomes of them. All others are lines of the settings file.
{
  # They travel as files of the initrd: text of several lines, which cannot be a setting, modules, and files as they are.
  files = [
    "bannerText"
    "extraBootCommands"
    "extraFiles"
    "extraInitrdKernelModules"
    "extraPostMountCommands"
  ];

  # They shape the image, and `init` never hears of them.
  build = [
    "deployKey"
    "extraPackages"
    "flake"
    "isoName"
    "kernel"
    "toplevel"
  ];
}
