#!/usr/bin/env bash
# run.sh COMMAND…: a registry, a Kubernetes node and Tekton, and in their midst COMMAND, whose exit code it hands
# on. `run.sh bash` gives a shell there. As root, on Linux.
#
# All of it lives in namespaces of its own: network (bridge, firewall rules, ports), mounts (what is written to
# /run and /var ends with the run), processes (none outlives the first one). Control groups have a namespace too,
# but kubelet takes the root of what it sees for the machine; so they get a folder, removed at the end.
. "$(dirname "$0")/common.sh"
[ $# -gt 0 ] || { echo "usage: run.sh COMMAND…" >&2; exit 2; }

groups=countersign-e2e-$$

# The folders below which this machine keeps its control groups: one for each controller, or (version 2) one.
hierarchies() {
  if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
    echo /sys/fs/cgroup
  else
    find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d -exec test -f '{}/tasks' ';' -print
  fi
}

make_groups() {
  local hierarchy group
  for hierarchy in $(hierarchies); do
    group=$hierarchy/$groups
    mkdir "$group"
    case $hierarchy in
      # Without processors and memory nodes a group takes no process in.
      */cpuset*) for file in cpuset.cpus cpuset.mems; do cat "$hierarchy/$file" >"$group/$file"; done ;;
    esac
    if [ -f "$group/cgroup.subtree_control" ]; then
      for controller in cpu memory pids cpuset io hugetlb; do
        echo "+$controller" >"$hierarchy/cgroup.subtree_control" || true
        echo "+$controller" >"$group/cgroup.subtree_control" || true
      done 2>/dev/null
    fi
  done
}

remove_groups() {
  local group left
  # The processes in them have been killed, and may need a moment to be gone. Containers have their groups in every
  # hierarchy, in those too that none was made in.
  for _ in $(seq 50); do
    left=
    for group in "/sys/fs/cgroup/$groups" /sys/fs/cgroup/*/"$groups"; do
      [ -d "$group" ] || continue
      find "$group" -depth -type d -exec rmdir '{}' ';' 2>/dev/null || true
      [ ! -d "$group" ] || left=$group
    done
    [ -n "$left" ] || return 0
    sleep 0.1
  done
  echo "$left could not be removed" >&2
}

child=
finish() {
  [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
  [ -z "$child" ] || wait "$child" 2>/dev/null || true
  remove_groups
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

make_groups
# In the background, so that a signal is taken at once; standard input is handed on for a shell.
unshare --net --mount --pid --ipc --fork --mount-proc --kill-child \
  env CGROUP_ROOT="/$groups" "$SCRIPTS/inside.sh" "$@" <&0 &
child=$!
wait "$child"
