#!/bin/busybox sh
# What they leave has the pipe of its parent, deaf to signals, and keeps the new root busy; others die as orphans.
/bin/busybox cat > /etc/autoinstaller/boot-commands <<'COMMANDS'
for number in 1 2 3; do
  setsid sh -c 'trap "" HUP INT TERM; until grep -q " /mnt " /proc/mounts; do sleep 0.1; done
    cd /mnt && echo DAEMON $0 STAYS > /dev/ttyS0; while :; do sleep 1; done' $number &
  setsid sh -c 'sleep 0.5; exit 3' &
done
echo leaving
kill -9 $$
COMMANDS
exec /init
