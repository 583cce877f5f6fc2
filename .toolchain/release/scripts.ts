/** What packages run on a node, in POSIX shell: the same for both kinds of package. Nothing is enabled, and no job is ended. */

const UNIT = "/etc/systemd/system/corral-sweep.service";
const CRON = "/etc/cron.d/corral";

/** After each installation and upgrade. */
export const CONFIGURE = `if command -v systemd-tmpfiles >/dev/null; then
  systemd-tmpfiles --create corral.conf || true
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
if [ -e ${UNIT} ]; then
  echo "corral: ${UNIT} is in the place of this package's unit; corral install brings it up to date" >&2
fi
`;

/**
 * Before the last version goes: the timer stops, and what \`corral install\` of this binary has made goes with it. That of another binary, such
 * as one in /usr/local, stays.
 */
export const BEFORE_REMOVAL =
  `if cat ${UNIT} ${CRON} 2>/dev/null | grep -E '^ExecStart=| root ' | grep -qvE '(=| )/usr/bin/corral '; then
  echo "corral: the sweeps of another binary stay as they are" >&2
else
  /usr/bin/corral uninstall >/dev/null 2>&1 || true
fi
live=$(timeout 60 /usr/bin/corral ps --quiet 2>/dev/null | wc -l) || live=0
if [ "$live" -gt 0 ]; then
  echo "corral: $live live jobs go on, each with its supervisor; nothing sweeps them any more" >&2
fi
`;

/** After the files have gone. */
export const RELOAD = `if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
`;

/** Every record and the directory of all users' stores. */
export const PURGE = `if find /sys/fs/cgroup -type d -name 'corral-*.slice' 2>/dev/null | grep -q .; then
  echo "corral: jobs still run; they go on, and nothing will have recorded them" >&2
fi
rm -rf /var/lib/corral
`;
