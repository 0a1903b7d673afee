#!/usr/bin/env bash
# release.sh: everything that is given out, in target/dist: binaries for PLATFORMS, the image (signed by the binary
# just built), completions, manual pages, SBOM and checksums. RELEASE_KEY is the reference of the key that signs the
# image, as for `countersign sign --key`; without it the key is made for this run and thrown away.
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
. scripts/oci.sh
DIST=target/dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The platform that this machine starts without an emulator: its binary signs and verifies.
own_binary() {
  local platform
  for platform in $PLATFORMS; do
    [ -n "$(emulator_for "$platform")" ] || { binary_of "$platform"; return; }
  done
  echo "none of $PLATFORMS is this machine's" >&2
  return 1
}

# choose_key: RELEASE_KEY, or one that is gone at the end. A name says which, beside the image.
choose_key() {
  public=$DIST/image.pub
  if [ -n "${RELEASE_KEY:-}" ]; then return; fi
  echo "RELEASE_KEY is not set: THE IMAGE IS SIGNED WITH A KEY MADE FOR THIS RUN, which proves nothing to anybody." >&2
  export COUNTERSIGN_PASSWORD=thrown-away
  "$countersign" keys generate --output-prefix "$work/thrown-away" >/dev/null
  RELEASE_KEY=$work/thrown-away.key
  public=$DIST/image-thrown-away.pub
}

# sign_image NAME DIGEST: the index and what is below it; all of these are verified afterwards.
sign_image() {
  local digest
  echo "$1 $2" >>"$DIST/image-digests"
  "$countersign" sign --recursive "oci:$DIST/image@$2" --key "$RELEASE_KEY" --revision "$REVISION" >/dev/null
  for digest in "$2" $(jq -r '.manifests[].digest' "$DIST/image/blobs/sha256/${2#sha256:}"); do
    "$countersign" verify "oci:$DIST/image@$digest" --key "$public" >/dev/null
    echo "$1 $digest: signed and verified"
  done
}

scripts/packages.sh jq:jq
commit_facts
# What is signed with a key that counts can be made again: from a commit, with what the commit pins.
if [ -n "${RELEASE_KEY:-}" ]; then
  export PINNED=1
  if [[ $REVISION == *-dirty ]]; then
    echo "There are changes that are not committed: RELEASE_KEY signs commits only." >&2
    exit 2
  fi
fi
rm -rf "$DIST"
mkdir -p "$DIST"
LAYOUT=$DIST/image scripts/image.sh
countersign=$(own_binary)

say "collecting $DIST"
for platform in $PLATFORMS; do
  install -m 755 "$(binary_of "$platform")" "$DIST/countersign-${platform/\//-}"
done
cp -r completions docs/man LICENSE "$DIST/"
scripts/sbom.sh >"$DIST/countersign.cdx.json"

say "signing the image"
choose_key
"$countersign" keys public --key "$RELEASE_KEY" >"$public"
jq -r '.manifests[] | "\(.annotations["org.opencontainers.image.ref.name"]) \(.digest)"' "$DIST/image/index.json" >"$work/images"
while read -r name digest; do
  sign_image "$name" "$digest"
done <"$work/images"

# The image's own digests cover it; its index only gathers names, and copies of it may.
(cd "$DIST" && find . -type f -not -path './image/*' -not -name SHA256SUMS -printf '%P\0' |
  LC_ALL=C sort --zero-terminated | xargs --null sha256sum >"$work/sums" && mv "$work/sums" SHA256SUMS)
(cd "$DIST" && sha256sum --quiet --check SHA256SUMS)
ls -l "$DIST"
