#!/usr/bin/env bash
# What the tests need beside Rust: distribution packages, and the peers built from pinned Go modules (one
# folder each under tests/tools/) into target/test-tools/bin. What is there and unchanged is left alone.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/go-tools.sh"

scripts/packages.sh cc:gcc chromedriver:chromium-driver chromium:chromium docker-registry:docker-registry etcd:etcd-server jq:jq openssl:openssl

if ! have go; then
  echo "Go is not installed: cosign, the registry with referrers and the API server cannot be built" >&2
  exit 0
fi

go_tool cosign cosign github.com/sigstore/cosign/v3/cmd/cosign
go_tool registry refregistry .
go_tool sarif sarif-check .
go_tool triggers triggers-check .
kubernetes_tool kube-apiserver
