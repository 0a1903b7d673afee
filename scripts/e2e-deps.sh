#!/usr/bin/env bash
# What the end-to-end test needs beside what the other tests need: the parts of a Kubernetes node and of Tekton.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/go-tools.sh"

scripts/test-deps.sh
scripts/packages.sh containerd:containerd runc:runc conntrack:conntrack nft:nftables ip:iproute2 \
  unshare:util-linux busybox:busybox-static

# The network plugins have no command in the PATH.
[ -x /usr/lib/cni/bridge ] || scripts/packages.sh cni-bridge:containernetworking-plugins

kubernetes_tool kube-controller-manager kube-scheduler kubelet kubectl kube-proxy
tekton_tool controller entrypoint nop workingdirinit resolvers webhook
