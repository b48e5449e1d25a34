#!/bin/busybox sh
# The uuid of a mapping has its kind, as cryptsetup made it. Processes live for seconds where a passphrase is stretched, so five looks a
# second miss none of those.
(
  until [ -c /dev/ttyS0 ] && [ -e /proc/self ]; do /bin/busybox sleep 0.1; done
  while :; do
    /bin/busybox cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ /sys/block/dm-*/dm/uuid 2> /dev/null
    /bin/busybox awk 'NR > 1 { print "swap on " $1 }' /proc/swaps
    /bin/busybox awk '/^VmLck:/ && $2 > 0 { print "never swapped: PID 1" }' /proc/1/status
    echo "PID 1 is ended last: $(/bin/busybox cat /proc/1/oom_score_adj)"
    [ "$(/bin/busybox stat -f -c %T /)" != ramfs ] || echo never swapped: the initrd
    /bin/busybox awk '$3 == "ramfs" { print "never swapped: " $2 }' /proc/mounts
    /bin/busybox sleep 0.2
  done | /bin/busybox tr '\000' '\n' |
    /bin/busybox awk '!seen[$0]++ { print "OBSERVED " $0; fflush() }' > /dev/ttyS0
) &
exec /init
