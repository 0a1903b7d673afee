#!/usr/bin/env bash
# catalog.sh: what is offered to clusters, made of tasks/.
#
#   OUT      catalog/ by default: the Tasks in the layout of Tekton's catalog, and as ClusterTasks for Tekton before 1.0
#   BUNDLES  target/bundles by default: the Tasks as Tekton bundles, an image layout
#   IMAGE    REPO@sha256:…, which every Task then runs; without it the marked placeholder stays
#
# catalog.sh --check: whether catalog/ is what would be written without IMAGE.
. "$(dirname "$0")/common.sh"
. scripts/oci.sh
IMAGE=${IMAGE:-}
OUT=${OUT:-catalog}
BUNDLES=${BUNDLES:-target/bundles}
# The image of a Task as it stands in tasks/, and the mark of the line that gives it to the Task.
PLACEHOLDER=countersign.invalid/countersign:unset
MARK='# set by: make catalog IMAGE=REPO@DIGEST'
# Most layers of a bundle that Tekton reads (MaximumBundleObjects in its pkg/resolution/resolver/bundle).
MOST_LAYERS=20
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "catalog: $*" >&2; return 1; }

check_image() {
  local name='[a-z0-9]+([._-]+[a-z0-9]+)*'
  [[ -z $IMAGE || $IMAGE =~ ^[a-z0-9.-]+(:[0-9]+)?(/$name)+@sha256:[0-9a-f]{64}$ ]] ||
    fail "IMAGE is \`$IMAGE\`; give a repository with its host and a digest and no tag, as in" \
      "registry.example.org/tools/countersign@sha256:<64 hex digits>"
}

# The folders of the Tasks. Each holds a Task of its own name, with a version and one image to fill in.
task_folders() {
  local folder
  for folder in tasks/*/ tasks/compat/*/; do
    folder=${folder%/}
    [ "$folder" != tasks/compat ] || continue
    check_task "$folder"
    echo "$folder"
  done
}

check_task() {
  local yaml=$1/${1##*/}.yaml part
  for part in "$yaml" "$1/README.md" "$1/samples" "$1/tests"; do
    [ -e "$part" ] || fail "$part is not there"
  done
  grep -qx "  name: ${1##*/}" "$yaml" || fail "$yaml holds no Task of its own name"
  [ -n "$(task_version "$1")" ] || fail "$yaml has no label app.kubernetes.io/version"
  part=${1##*/}/$(task_version "$1")/${yaml##*/}
  grep -qF "catalog/task/$part" "$1/README.md" || fail "$1/README.md does not say how to install task/$part"
  [ "$(grep -cF "default: $PLACEHOLDER $MARK" "$yaml")" = 1 ] || fail "$yaml has not one line with the mark '$MARK'"
}

task_version() { sed -n 's|^    app.kubernetes.io/version: "\(.*\)"$|\1|p' "$1/${1##*/}.yaml"; }

# filled: standard input, with the image.
filled() {
  if [ -n "$IMAGE" ]; then
    sed -e "s|$PLACEHOLDER $MARK|$IMAGE|" -e "s|$PLACEHOLDER|$IMAGE|g"
  else
    cat
  fi
}

written_by() { echo "# Written by \`make catalog\` from $1."; }

# The Task, with what Artifact Hub wants to know and the manifest does not say.
task() {
  local yaml=$1/${1##*/}.yaml
  written_by "$yaml"
  filled <"$yaml" |
    sed '/^  annotations:$/a\    artifacthub.io/category: security\n    artifacthub.io/license: Apache-2.0'
}

# The same for Tekton before 1.0: computeResources is the one field here that v1beta1 calls otherwise.
cluster_task() {
  local yaml=$1/${1##*/}.yaml
  written_by "$yaml"
  filled <"$yaml" |
    sed -e 's|^apiVersion: tekton.dev/v1$|apiVersion: tekton.dev/v1beta1|' -e 's|^kind: Task$|kind: ClusterTask|' \
      -e 's|^\( *\)computeResources:$|\1resources:|'
}

# Links in READMEs lead through the project's root, which is four folders above a version in the catalog.
readme() { filled <"$1/README.md" | sed 's|](\(\.\./\)\{2,3\}|](../../../../|g'; }

# version FOLDER TO: a Task as a version of the catalog.
version() {
  local file
  mkdir -p "$2"
  task "$1" >"$2/${1##*/}.yaml"
  readme "$1" >"$2/README.md"
  while read -r file; do
    mkdir -p "$(dirname "$2/$file")"
    { written_by "$1/$file"; filled <"$1/$file"; } >"$2/$file"
  done < <(others "$1")
}

# What a Task's folder holds besides the Task and its README.
others() { (cd "$1" && find . -type f ! -path "./${1##*/}.yaml" ! -path ./README.md -printf '%P\n' | LC_ALL=C sort); }

repository_of_artifact_hub() {
  cat <<'END'
# Written by `make catalog`. For Artifact Hub, which reads it from the folder that a repository of Tekton tasks is added
# with: this one. What it knows of the Tasks stands in their own labels and annotations.
#
# Whoever publishes fills in: the identifier that Artifact Hub shows for the added repository, and owners, each as
# {name: …, email: …}.
#
# repositoryID: 00000000-0000-0000-0000-000000000000
owners: []
END
}

catalog_readme() {
  cat <<'END'
# Catalog

Written by `make catalog` from [tasks](../tasks), never by hand. `task/` has the layout of Tekton's catalog,
`clustertask/` is for Tekton before 1.0. [How to install from it](../docs/catalog.md).
END
}

# catalog TO: all of it. What is removed first is only what is written here.
catalog() {
  local folder name
  mkdir -p "$1"
  rm -rf "${1:?}/task" "${1:?}/clustertask"
  mkdir "$1/task" "$1/clustertask"
  catalog_readme >"$1/README.md"
  repository_of_artifact_hub >"$1/task/artifacthub-repo.yml"
  for folder in $folders; do
    name=${folder##*/}
    version "$folder" "$1/task/$name/$(task_version "$folder")"
    cluster_task "$folder" >"$1/clustertask/$name.yaml"
  done
}

# task_layer LAYOUT FOLDER: a layer holds one Task in one file. A bundle's reader takes the first entry of the archive,
# and finds it by the annotations on the layer's descriptor; they are named in Tekton's
# pkg/resolution/resolver/bundle/annotations.go.
task_layer() {
  local name=${2##*/} content=$work/layer/${2##*/}
  mkdir -p "$content"
  task "$2" >"$content/$name.yaml"
  chmod 644 "$content/$name.yaml"
  oci_layer "$1" "$content" | oci_annotated "dev.tekton.image.apiVersion=v1" "dev.tekton.image.kind=task" \
    "dev.tekton.image.name=$name"
}

# bundle LAYOUT NAME FOLDER…: an image with a layer for each Task. YAML is for no platform.
bundle() {
  local layout=$1 name=$2 folder layers=() joined config
  shift 2
  [ $# -le "$MOST_LAYERS" ] || fail "a bundle of $# Tasks: Tekton reads $MOST_LAYERS"
  for folder in "$@"; do
    layers+=("$(task_layer "$layout" "$folder")")
  done
  joined=[$(IFS=,; echo "${layers[*]}")]
  config=$(oci_config "$layout" unknown/unknown "$(jq -c 'map(del(.annotations))' <<<"$joined")" '{}')
  oci_tag "$layout" "$name" "$(oci_manifest "$layout" "$config" "$joined")"
}

# bundles LAYOUT: one of each Task, and one of all, named tasks.
bundles() {
  local folder
  oci_start "$1"
  for folder in $folders; do
    bundle "$1" "${folder##*/}" "$folder"
  done
  # shellcheck disable=SC2086 # words are meant
  bundle "$1" tasks $folders
  oci_check "$1" >&2
}

# The bundles are written too: that they can be is part of what is checked.
check() {
  IMAGE=
  catalog "$work/catalog"
  bundles "$work/bundles"
  diff -r catalog "$work/catalog" || fail "catalog/ is not what tasks/ gives; run \`make catalog\` and read what changes"
}

scripts/packages.sh jq:jq
check_image
folders=$(task_folders)
case ${1:-} in
  --check) check ;;
  '')
    catalog "$OUT"
    bundles "$BUNDLES"
    echo "$OUT: with ${IMAGE:-no image: make catalog IMAGE=REPO@DIGEST}"
    for folder in $folders tasks; do
      echo "oci:$BUNDLES:${folder##*/} $(oci_digest "$BUNDLES" "${folder##*/}")"
    done
    ;;
  *) fail "unknown argument \`$1\`" ;;
esac
