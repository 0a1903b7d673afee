#!/usr/bin/env bash
# image.sh NAME FOLDER COMMAND [USER]: the folder as an image with one layer, into the bed's own registry as NAME:1.
. "$(dirname "$0")/common.sh"
name=$1 folder=$2 command=$3 user=${4:-65532}

work=$(mktemp -d -p "$BED")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/layout/blobs/sha256"

# blob FILE: moves it into the layout; prints its digest and size as members of a descriptor.
blob() {
  local hex
  hex=$(sha256sum "$1" | cut -d' ' -f1)
  printf '"digest":"sha256:%s","size":%s' "$hex" "$(stat -c %s "$1")"
  mv "$1" "$work/layout/blobs/sha256/$hex"
}

tar -C "$folder" --owner=0 --group=0 --numeric-owner -cf "$work/layer" .
diff=sha256:$(sha256sum "$work/layer" | cut -d' ' -f1)
layer=$(blob "$work/layer")
cat >"$work/config" <<JSON
{"architecture":"amd64","os":"linux","config":{"User":"$user","Entrypoint":["$command"]},"rootfs":{"type":"layers","diff_ids":["$diff"]}}
JSON
oci=application/vnd.oci.image
cat >"$work/manifest" <<JSON
{"schemaVersion":2,"mediaType":"$oci.manifest.v1+json","config":{"mediaType":"$oci.config.v1+json",$(blob "$work/config")},"layers":[{"mediaType":"$oci.layer.v1.tar",$layer}]}
JSON
manifest=$(blob "$work/manifest")
cat >"$work/layout/index.json" <<JSON
{"schemaVersion":2,"mediaType":"$oci.index.v1+json","manifests":[{"mediaType":"$oci.manifest.v1+json",$manifest,"annotations":{"org.opencontainers.image.ref.name":"1"}}]}
JSON
echo '{"imageLayoutVersion":"1.0.0"}' >"$work/layout/oci-layout"
"$COUNTERSIGN" copy "oci:$work/layout:1" "$PLATFORM/$name:1" --plain-http "$PLATFORM" >/dev/null
