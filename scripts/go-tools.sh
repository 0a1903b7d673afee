# shellcheck shell=bash
# Sourced by scripts that need peers built from pinned Go modules, one folder each under tests/tools/.
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

# kubernetes_tool COMMAND…: Kubernetes takes its version, and with it the APIs that it serves, from the linker.
kubernetes_tool() {
  local version major minor command at=k8s.io/component-base/version
  version=$(sed -n 's/^[[:space:]]*k8s.io\/kubernetes v\([0-9.]*\)$/\1/p' tests/tools/kubernetes/go.mod)
  IFS=. read -r major minor _ <<<"$version"
  for command in "$@"; do
    go_tool kubernetes "$command" "k8s.io/kubernetes/cmd/$command" \
      -ldflags "-s -w -X $at.gitVersion=v$version -X $at.gitMajor=$major -X $at.gitMinor=$minor"
  done
}

# tekton_tool PART…: each as tekton-PART.
tekton_tool() {
  local part
  for part in "$@"; do
    go_tool tekton "tekton-$part" "github.com/tektoncd/pipeline/cmd/$part" -ldflags '-s -w'
  done
}
