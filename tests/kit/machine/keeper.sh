#!/bin/bash
# Keeps one test machine: keeper.sh STATE_DIR CGROUP COMMAND...
# Starts COMMAND in CGROUP (empty: in none) with its output in STATE_DIR/console.log. When COMMAND ends, or standard
# input does because the test process closed it or died, whatever way: ends COMMAND and removes CGROUP and STATE_DIR.
# The only exception is SIGKILL to this script itself; it runs in a session of its own, so no terminal sends it one.
set -u
state=$1 cgroup=$2
shift 2
umask 022

readonly EMPTY_TIMEOUT_S=20

if [ -n "$cgroup" ]; then mkdir "$cgroup" || exit 1; fi
(
  if [ -n "$cgroup" ]; then echo "$BASHPID" >"$cgroup/cgroup.procs" || exit 1; fi
  exec "$@"
) </dev/null >"$state/console.log" 2>&1 &
machine=$!
cat <&0 >/dev/null &
reader=$!
trap '' INT TERM HUP

wait -n "$machine" "$reader" 2>/dev/null

# The container's cgroups are empty only some time after the kill. Removed from the leaves up.
remove_cgroup() {
  echo 1 >"$cgroup/cgroup.kill"
  local deadline=$((SECONDS + EMPTY_TIMEOUT_S))
  while [ "$SECONDS" -lt "$deadline" ]; do
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
    [ -d "$cgroup" ] || return
    sleep 0.02
  done
  echo "keeper: $cgroup is still not empty after $EMPTY_TIMEOUT_S s" >&2
}

kill -KILL "$machine" "$reader" 2>/dev/null
wait "$machine" "$reader" 2>/dev/null
[ -n "$cgroup" ] && remove_cgroup
rm -rf "$state"
