#!/bin/busybox sh
# The driver is loaded before the commands run, and programs are found by their names.
/bin/busybox cat > /etc/autoinstaller/boot-commands <<'COMMANDS'
ls /sys/bus/pci/drivers | grep -x nvme | sed 's/$/ is loaded/'
false
echo goes on
echo no dock >&2
exit 3
COMMANDS
exec /init
