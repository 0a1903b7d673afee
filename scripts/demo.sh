#!/usr/bin/env bash
# The main job on real input, in a folder and without a registry: an image is made, signed by two keys,
# verified, changed, and refused. Each command is shown before its output.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --bin countersign
PATH="$PWD/target/debug:$PATH"
demo=$(mktemp -d)
trap 'rm -rf "$demo"' EXIT
cd "$demo"
# Generated keys are encrypted with it; nobody is asked.
export COUNTERSIGN_PASSWORD=demo

show() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }
say() { printf '\n\033[2m# %s\033[0m\n' "$*"; }

# blob LAYOUT FILE: into the layout; prints `"digest":…,"size":…`
blob() {
  local hex
  hex=$(sha256sum "$2" | cut -d' ' -f1)
  cp "$2" "$1/blobs/sha256/$hex"
  printf '"digest":"sha256:%s","size":%s' "$hex" "$(stat -c %s "$2")"
}

# image LAYOUT TEXT: an image with one layer that holds TEXT, tagged 1.0; prints its digest
image() {
  local config layer manifest
  mkdir -p "$1/blobs/sha256" files
  printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
  printf '%s\n' "$2" >files/greeting
  tar --sort=name --owner=0 --group=0 --mtime=@0 -C files -cf layer.tar greeting
  printf '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
    "$(sha256sum layer.tar | cut -d' ' -f1)" >config.json
  config=$(blob "$1" config.json)
  layer=$(blob "$1" layer.tar)
  printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s",%s},"layers":[{"mediaType":"%s",%s}]}' \
    application/vnd.oci.image.manifest.v1+json application/vnd.oci.image.config.v1+json "$config" \
    application/vnd.oci.image.layer.v1.tar "$layer" >manifest.json
  manifest=$(blob "$1" manifest.json)
  printf '{"schemaVersion":2,"mediaType":"%s","manifests":[{"mediaType":"%s",%s,"annotations":{"%s":"1.0"}}]}' \
    application/vnd.oci.image.index.v1+json application/vnd.oci.image.manifest.v1+json "$manifest" \
    org.opencontainers.image.ref.name >"$1/index.json"
  printf 'sha256:%s' "$(sha256sum manifest.json | cut -d' ' -f1)"
}

say 'An image in a folder (an OCI layout). With a registry, only the name differs.'
digest=$(image app 'hello')
echo "app  $digest"

say 'Two keys, for two people or two systems.'
show countersign keys generate --output-prefix build
show countersign keys generate --output-prefix release

say 'Each signs the digest.'
show countersign sign "oci:app@$digest" --key build.key --revision 4f2a91c
show countersign sign "oci:app@$digest" --key release.key --role release

say 'Both signatures are there.'
show countersign verify oci:app:1.0 --key build.pub --key release.pub

say 'What is attached to the image.'
show countersign inspect "oci:app@$digest"

say 'Somebody puts another image under the same tag.'
image changed 'hello, changed' >/dev/null
show countersign copy oci:changed:1.0 oci:app:1.0

say 'It is stopped: nobody signed it.'
status=0
show countersign verify oci:app:1.0 --key build.pub --key release.pub || status=$?
echo "exit code $status"
test "$status" -eq 1
