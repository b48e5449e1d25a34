#!/bin/busybox sh
(
  until /bin/busybox mount -o remount,size=32k /run 2> /dev/null; do /bin/busybox sleep 0.1; done
) &
exec /init
