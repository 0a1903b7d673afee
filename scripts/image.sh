#!/usr/bin/env bash
# image.sh: the container image without a container engine, as an OCI layout in target/image: an index over PLATFORMS
# for each of TARGETS, named VERSION (scratch) and VERSION-shell. What is written is read back and tried with the
# binary that is in it.
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
. scripts/oci.sh
TARGETS=${TARGETS:-scratch shell}
LAYOUT=${LAYOUT:-target/image}
# Bytes of all files of the scratch image of one platform.
LIMIT=10000000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# configuration TARGET: what the image says of itself and how it is started. The Dockerfile says the same.
configuration() {
  jq -c --arg target "$1" --arg title "$(package_fact name)" --arg description "$(package_fact description)" '
    .[$target] | .Labels += ({title: $title, description: $description, version: env.VERSION, revision: env.REVISION}
    | with_entries(.key |= "org.opencontainers.image." + .))' image/config.json
}

package_fact() { sed -n "s/^$1 = \"\(.*\)\"\$/\1/p" Cargo.toml | head -n 1; }

check_size() {
  local size
  size=$(find "$2" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
  echo "$1: $size bytes unpacked" >&2
  [ "$size" -le "$LIMIT" ] || { echo "more than $LIMIT" >&2; return 1; }
}

# platform_image TARGET PLATFORM: the descriptor of its manifest.
platform_image() {
  local laid_out=$work/$1/${2#*/} files home
  scripts/rootfs.sh "$2" "$1" "$laid_out" >&2
  [ "$1" != scratch ] || check_size "$1 $2" "$laid_out"
  files=$(oci_layer "$LAYOUT" "$laid_out/files")
  home=$(oci_layer "$LAYOUT" "$laid_out/home" 65532:65532)
  oci_image "$LAYOUT" "$2" "[$files,$home]" "$(configuration "$1")"
}

# image TARGET NAME: an index over the platforms, under a name; the labels stand there too.
image() {
  local platform manifests=() joined labels index
  for platform in $PLATFORMS; do
    manifests+=("$(platform_image "$1" "$platform")")
  done
  joined=$(IFS=,; echo "${manifests[*]}")
  labels=$(configuration "$1" | jq -c .Labels)
  index=$(oci_index "$LAYOUT" "[$joined]" "$labels")
  oci_tag "$LAYOUT" "$2" "$index"
}

# try PLATFORM: its binary signs a copy of the layout, and verifies what it signed.
try() {
  local binary name digest copy=$work/copy
  binary=$(binary_of "$1")
  export COUNTERSIGN_PASSWORD=try
  rm -rf "$copy" "$work/try".*
  cp -r "$LAYOUT" "$copy"
  start_on "$1" "$binary" keys generate --output-prefix "$work/try" >/dev/null
  for name in "${names[@]}"; do
    digest=$(oci_digest "$copy" "$name")
    start_on "$1" "$binary" sign --recursive "oci:$copy@$digest" --key "$work/try.key" >/dev/null
    start_on "$1" "$binary" verify "oci:$copy@$digest" --key "$work/try.pub" >/dev/null
  done
  echo "$1: signs the images and verifies them"
}

scripts/packages.sh jq:jq
commit_facts
# shellcheck disable=SC2086 # words are meant
scripts/binary.sh $PLATFORMS

say "writing $LAYOUT"
oci_start "$LAYOUT"
names=()
for target in $TARGETS; do
  name=$VERSION
  [ "$target" = scratch ] || name=$VERSION-$target
  image "$target" "$name"
  names+=("$name")
done

say "trying $LAYOUT"
oci_check "$LAYOUT"
for platform in $PLATFORMS; do
  try "$platform"
done
for name in "${names[@]}"; do
  echo "$name $(oci_digest "$LAYOUT" "$name")"
done
