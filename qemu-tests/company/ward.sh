#!/bin/busybox sh
(
  until /bin/busybox mount -o remount,ro /sys/firmware/efi/efivars 2> /dev/null; do /bin/busybox sleep 0.1; done
) &
exec /init
