#!/usr/bin/env bash
# image.sh NAME FOLDER COMMAND…: the folder as an image that starts COMMAND as the user 65532, into the bed's own
# registry as NAME:1.
. "$(dirname "$0")/common.sh"
. scripts/oci.sh
name=$1 folder=$2
shift 2

work=$(mktemp -d -p "$BED")
trap 'rm -rf "$work"' EXIT
oci_start "$work"
# Not compressed: these images go nowhere, and some of them are large.
layer=$(oci_tar "$folder" 0:0 | oci_blob "$work" "$OCI.layer.v1.tar" | jq -c '. + {diff_id: .digest}')
config=$(jq -cn '{User: "65532", Entrypoint: $ARGS.positional}' --args "$@")
image=$(oci_image "$work" "$PLATFORMS" "[$layer]" "$config")
oci_tag "$work" 1 "$image"
"$COUNTERSIGN" copy "oci:$work:1" "$PLATFORM/$name:1" --plain-http "$PLATFORM" >/dev/null
