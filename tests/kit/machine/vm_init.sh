#!/bin/sh
# The VM's first process. pivot_root refuses to leave the kernel's own rootfs (containers and systemd's sandboxes
# need it), so the same tree is entered once more through a bind mount, which it does leave.
mount -t proc proc /proc
mkdir -p /newroot
mount --bind / /newroot
cd /newroot
mount --move . /
exec chroot . /sbin/init
