#!/usr/bin/env bash
# The first process of the namespaces that run.sh makes: file systems and network, then part after part, then the
# command. What the parts logged is kept in target/e2e/logs.
. "$(dirname "$0")/common.sh"

# These would not be seen any more.
for folder in "$ROOT" "${CARGO_HOME:-$HOME/.cargo}" "${RUSTUP_HOME:-$HOME/.rustup}" "$(go env GOMODCACHE)"; do
  case $(realpath "$folder") in
    /run/* | /var/*) echo "$folder is below /run or /var, which the bed covers: it cannot run from there" >&2; exit 1 ;;
  esac
done

# What kubelet and containerd write outside their own folders: /run, /var/lib/kubelet, /var/lib/cni, /var/log.
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var
mkdir -p "$BED"/{logs,pki,tmp} /run/lock /var/{log,lib,tmp}
ln -s /run /var/run
chmod 1777 /var/tmp
# Process numbers begin anew in here, and names of temporary folders are made of them.
export TMPDIR=$BED/tmp KUBECACHEDIR=$BED/kube-cache

# kubelet sets these for the whole machine. Over files that have the values it wants it finds nothing to do.
tunable() {
  local file=$BED/tunables/$1
  mkdir -p "$(dirname "$file")"
  echo "$2" >"$file"
  mount --bind "$file" "/proc/sys/$1"
}
tunable vm/overcommit_memory 1
tunable vm/panic_on_oom 0
tunable kernel/panic 10
tunable kernel/panic_on_oops 1
tunable kernel/keys/root_maxkeys 1000000
tunable kernel/keys/root_maxbytes 25000000

ip link set lo up
ip link add cni0 type bridge
ip address add "$NODE/24" dev cni0
ip link set cni0 up

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$BED/pki/ca.key" \
  -out "$BED/pki/ca.crt" -subj '/CN=end-to-end test' -days 2 2>/dev/null

kept=$ROOT/target/e2e/logs
rm -rf "$kept"
mkdir -p "$kept"
trap 'cp "$BED"/logs/* "$kept/"' EXIT

begin=$SECONDS
for part in registries node images tekton; do
  "$SCRIPTS/$part.sh"
  say "$part: up after $((SECONDS - begin)) s"
done
status=0
"$@" || status=$?
if [ "$status" != 0 ]; then
  kubectl get pods,events --all-namespaces --output=wide >"$BED/logs/cluster.log" 2>&1 || true
  echo "the logs of the bed are in ${kept#"$ROOT"/}" >&2
fi
exit "$status"
