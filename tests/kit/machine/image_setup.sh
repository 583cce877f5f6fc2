#!/bin/sh
# Runs as mmdebstrap's customize hook: makes the unpacked Debian in $1 a test machine. Part of the image's hash.
set -eu
root=$1

in_root() { chroot "$root" "$@"; }

# Two users: alice is what an HPC user looks like (a group, a lingering user manager), bob has neither.
in_root groupadd --gid 2000 research
in_root useradd --uid 1000 --create-home --shell /bin/bash --groups research alice
in_root useradd --uid 1001 --create-home --shell /bin/bash bob
printf 'alice:100000:65536\nbob:165536:65536\n' | tee "$root/etc/subuid" >"$root/etc/subgid"
mkdir -p "$root/var/lib/systemd/linger"
: >"$root/var/lib/systemd/linger/alice"

# For the case in which a job's processes belong to another uid than the one that ends it.
cat >"$root/etc/sudoers.d/corral-test" <<'RULES'
alice ALL=(bob) NOPASSWD: ALL
alice ALL=(root) NOPASSWD: /usr/bin/setpriv
RULES
chmod 0440 "$root/etc/sudoers.d/corral-test"

# podman without a network, in a root file system that is an overlay or a ramfs itself.
mkdir -p "$root/etc/containers"
printf '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n' \
  >"$root/etc/containers/storage.conf"

# Nothing that writes to the console, waits for a network or works in the background of a measurement.
in_root systemctl mask --quiet getty@.service serial-getty@.service console-getty.service getty-static.service \
  systemd-networkd-wait-online.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
  e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-firstboot.service podman-auto-update.timer \
  podman-restart.service podman-auto-update.service podman.socket podman.service netavark-dhcp-proxy.socket \
  netavark-dhcp-proxy.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount \
  proc-sys-fs-binfmt_misc.mount ldconfig.service redis-server.service \
  nfs-server.service nfs-kernel-server.service nfs-mountd.service nfs-idmapd.service nfs-blkmap.service nfsdcld.service \
  fsidd.service nfs-client.target rpcbind.service rpcbind.socket rpcbind.target rpc-statd.service rpc-statd-notify.service \
  rpc-gssd.service rpc-svcgssd.service auth-rpcgss-module.service proc-fs-nfsd.mount run-rpc_pipefs.mount
: >"$root/etc/machine-id"
echo corral-test >"$root/etc/hostname"
printf '127.0.0.1 localhost corral-test\n' >"$root/etc/hosts"

# The whole root is the VM's initrd: what no test can need is dead weight in memory and in each boot.
kernel=$(echo "$root"/usr/lib/modules/*/kernel)
keep_only() { # DIRECTORY NAME|NAME...
  for entry in "$1"/*; do
    case "|$2|" in *"|${entry##*/}|"*) ;; *) rm -rf "$entry" ;; esac
  done
}
keep_only "$kernel" 'arch|block|crypto|drivers|fs|lib|mm|net|virt'
keep_only "$kernel/drivers" 'block|char|dax|md|virtio'
keep_only "$kernel/fs" \
  'autofs|configfs|exportfs|fscache|fuse|lockd|mbcache.ko|mbcache.ko.xz|netfs|nfs|nfs_common|nfsd|overlayfs|squashfs'
keep_only "$kernel/net" 'dns_resolver|sunrpc'
in_root depmod "$(basename "$(dirname "$kernel")")"
for path in boot/initrd.img* boot/System.map* initrd.img* vmlinuz* usr/lib/*/gconv usr/lib/cni usr/lib/*/perl/5* \
  usr/share/perl/5* usr/lib/udev/hwdb.bin usr/lib/udev/hwdb.d \
  usr/libexec/podman/podman-testing usr/lib/*/libz3.so* usr/lib/*/libLLVM* usr/lib/*/libgallium* \
  var/lib/apt/lists/* var/cache/apt/* var/cache/debconf/*; do
  rm -rf "${root:?}"/$path
done
