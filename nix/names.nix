# The options that are no settings, by what becomes of them. All others are lines of the settings file.
{
  # Text of several lines cannot be a setting; it travels as files of the initrd.
  files = [
    "bannerText"
    "extraBootCommands"
    "extraPostMountCommands"
  ];

  # They shape the image, and `init` never hears of them.
  build = [
    "deployKey"
    "extraInitrdKernelModules"
    "extraPackages"
    "flake"
    "isoName"
    "kernel"
    "toplevel"
  ];
}
