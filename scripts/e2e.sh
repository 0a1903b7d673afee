#!/usr/bin/env bash
# e2e.sh [TEST…]: the end-to-end test. A registry with TLS and a login, a Kubernetes node and Tekton are built and
# started, and the published Pipeline and Tasks run there. As root on Linux; tests/e2e/bed/run.sh says what it takes
# and leaves. With TEST only those tests run whose name holds it.
#
# e2e.sh --bench: in their place, what `make bench-tekton` measures.
. "$(dirname "$0")/common.sh"
target=(--features e2e --test e2e)
if [ "${1:-}" = --bench ]; then
  target=(--features e2e --bench tekton)
  shift
fi

if [ "$(id -u)" != 0 ]; then
  echo "the end-to-end test needs root: it starts a Kubernetes node in namespaces of its own" >&2
  exit 1
fi

scripts/e2e-deps.sh
for command in etcd docker-registry containerd runc conntrack nft ip busybox kube-apiserver kube-controller-manager \
  kube-scheduler kubelet kubectl kube-proxy cosign tekton-{controller,webhook,resolvers,entrypoint,nop,workingdirinit}; do
  have "$command" || { echo "$command is not there: see above why it could not be installed or built" >&2; exit 1; }
done
# The bed's own folders and platform.
. tests/e2e/bed/common.sh
. scripts/oci.sh
commit_facts
LAYOUT=$E2E/image scripts/image.sh
rm -rf "$E2E/roots"
for image in scratch shell; do
  scripts/rootfs.sh "$PLATFORMS" "$image" "$E2E/roots/$image"
done
IMAGE=$PLATFORM/countersign@$(oci_digest "$E2E/image" "$VERSION") OUT=$E2E/catalog BUNDLES=$E2E/bundles scripts/catalog.sh
say "building the tests"
cargo test --locked "${target[@]}" --no-run

# Most of a test is waiting for pods: more of them at once than there are processors.
export RUST_TEST_THREADS=${RUST_TEST_THREADS:-5}
"$SCRIPTS/run.sh" cargo test --locked --offline "${target[@]}" -- "$@"
