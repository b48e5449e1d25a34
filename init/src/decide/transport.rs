//! How disks are attached.

use std::fmt;

/// How a disk is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// An NVMe namespace.
    Nvme,
    /// An ATA disk at a controller of its kind.
    Ata,
    /// Serial attached SCSI, which takes ATA disks as well.
    Sas,
    /// Behind USB: a stick, an enclosure, a card reader, virtual media.
    Usb,
    /// An SD card or eMMC.
    Mmc,
    /// virtio-blk or virtio-scsi.
    Virtio,
    /// Fibre Channel.
    FibreChannel,
    /// iSCSI, over a network.
    Iscsi,
    /// FireWire.
    FireWire,
    /// SCSI of another kind: parallel, a RAID controller, a hypervisor.
    Scsi,
    /// Something else.
    #[default]
    Other,
}

impl Transport {
    /// From the names of the directories that lead to the device in sysfs; how its bus came to the machine is not of interest, what the
    /// disk itself is plugged into is.
    pub fn of<'a>(ancestors: impl DoubleEndedIterator<Item = &'a str>) -> Transport {
        // The names that the kernel's buses and transport classes give.
        const MARKS: [(&str, Transport); 11] = [
            ("usb", Transport::Usb),
            ("nvme", Transport::Nvme),
            ("mmc", Transport::Mmc),
            ("virtio", Transport::Virtio),
            ("ata", Transport::Ata),
            ("end_device-", Transport::Sas),
            ("rport-", Transport::FibreChannel),
            ("session", Transport::Iscsi),
            ("fw", Transport::FireWire),
            ("host", Transport::Scsi),
            ("target", Transport::Scsi),
        ];
        let mark = |name: &str| MARKS.iter().find(|(mark, _)| name.starts_with(mark)).map(|(_, transport)| *transport);
        let found: Vec<Transport> = ancestors.rev().filter_map(mark).collect();
        let exact = found.iter().find(|transport| **transport != Transport::Scsi);
        exact.or(found.first()).copied().unwrap_or_default()
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Transport::Nvme => "nvme",
            Transport::Ata => "sata",
            Transport::Sas => "sas",
            Transport::Usb => "usb",
            Transport::Mmc => "mmc",
            Transport::Virtio => "virtio",
            Transport::FibreChannel => "fc",
            Transport::Iscsi => "iscsi",
            Transport::FireWire => "1394",
            Transport::Scsi => "scsi",
            Transport::Other => "other",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Transport::{self, *};

    #[test]
    fn the_path_in_sysfs_tells_the_transport() {
        for (path, transport) in [
            ("devices/pci0000:00/0000:00:03.0/nvme/nvme0/nvme0n1", Nvme),
            ("devices/virtual/nvme-subsystem/nvme-subsys0/nvme0n1", Nvme),
            ("devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda", Ata),
            ("devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb", Usb),
            ("devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1.4/2-1.4:1.0/ata9/block/sdb", Ata),
            ("devices/pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:0001/block/mmcblk0", Mmc),
            ("devices/pci0000:00/0000:00:05.0/virtio2/block/vda", Virtio),
            ("devices/pci0000:00/0000:00:05.0/virtio2/host2/target2:0:0/2:0:0:0/block/sda", Virtio),
            ("devices/pci0000:00/0000:01:00.0/host0/port-0:0/end_device-0:0/target0:0:0/0:0:0:0/block/sda", Sas),
            ("devices/pci0000:00/0000:02:00.0/host1/rport-1:0-0/target1:0:0/1:0:0:0/block/sdc", FibreChannel),
            ("devices/platform/host3/session1/target3:0:0/3:0:0:1/block/sdd", Iscsi),
            ("devices/pci0000:00/0000:03:00.0/host0/target0:2:0/0:2:0:0/block/sda", Scsi),
            ("devices/vbd-51712/block/xvda", Other),
        ] {
            assert_eq!(Transport::of(path.split('/')), transport, "{path}");
        }
    }
}
