#!/usr/bin/env bash
# What the tests need beside Rust: distribution packages, and the peers built from pinned Go modules (one
# folder each under tests/tools/) into target/test-tools/bin. What is there and unchanged is left alone.
. "$(dirname "$0")/common.sh"

scripts/packages.sh cc:gcc docker-registry:docker-registry etcd:etcd-server jq:jq openssl:openssl

if ! have go; then
  echo "Go is not installed: cosign, the registry with referrers and the API server cannot be built" >&2
  exit 0
fi
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false

# go_tool FOLDER COMMAND PACKAGE [FLAG…]: builds PACKAGE as COMMAND, unless the folder's files, the flags and
# Go itself are those of the last build.
go_tool() {
  local folder=tests/tools/$1 command=$2 package=$3 stamp=$TEST_TOOLS/$2.stamp state
  shift 3
  state=$( (go version; printf '%s\n' "$@"; cat "$folder"/*) | sha256sum)
  [ -x "$TEST_TOOLS/bin/$command" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$state" ] && return
  say "building $command"
  mkdir -p "$TEST_TOOLS/bin"
  if (cd "$folder" && go build "$@" -o "$TEST_TOOLS/bin/$command" "$package"); then
    printf '%s\n' "$state" >"$stamp"
  else
    # An old build would test against something that is not pinned here.
    rm -f "$TEST_TOOLS/bin/$command" "$stamp"
    echo "$command could not be built" >&2
  fi
}

# The API server takes its version, and with it the APIs that it serves, from the linker.
kubernetes=$(sed -n 's/^require k8s.io\/kubernetes v\([0-9.]*\)$/\1/p' tests/tools/kubernetes/go.mod)
IFS=. read -r major minor _ <<<"$kubernetes"
at=k8s.io/component-base/version
version="-s -w -X $at.gitVersion=v$kubernetes -X $at.gitMajor=$major -X $at.gitMinor=$minor"

go_tool cosign cosign github.com/sigstore/cosign/v3/cmd/cosign
go_tool registry refregistry .
go_tool triggers triggers-check .
go_tool kubernetes kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver -ldflags "$version"
