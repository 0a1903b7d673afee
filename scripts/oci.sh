# shellcheck shell=bash
# Sourced after common.sh: image layouts in a folder (OCI image format 1.1), written with tar, gzip and jq. Images of
# the release, bundles of Tekton resources and images of tests are made of these.
#
# LAYOUT comes first everywhere. What is stored is answered with its descriptor, one line of JSON, which the next
# step takes. The same input gives the same bytes: SOURCE_DATE_EPOCH (seconds; 0 without it) is the time of everything.
#
#   layer=$(oci_layer LAYOUT FOLDER)
#   oci_image LAYOUT linux/amd64 "[$layer]" '{"Entrypoint":["/bin/app"]}'   a manifest for one platform
#   oci_index LAYOUT "[$manifest,…]"                                        an index over platforms
#   oci_tag LAYOUT NAME DESCRIPTOR                                          the name it is found by
#
# What fails in a $(…) ends the script too.
shopt -s inherit_errexit

OCI=application/vnd.oci.image

oci_time() { date --utc --date "@${SOURCE_DATE_EPOCH:-0}" +%Y-%m-%dT%H:%M:%SZ; }

# oci_start LAYOUT: an empty layout; what was there is gone.
oci_start() {
  rm -rf "$1"
  mkdir -p "$1/blobs/sha256"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
  jq -cjn --arg type "$OCI.index.v1+json" '{schemaVersion: 2, mediaType: $type, manifests: []}' >"$1/index.json"
}

# oci_blob LAYOUT MEDIA-TYPE: stores standard input.
oci_blob() {
  local blobs=$1/blobs/sha256 file hex
  file=$blobs/unnamed
  cat >"$file"
  hex=$(sha256sum "$file" | cut -d' ' -f1)
  mv "$file" "$blobs/$hex"
  jq -cn --arg type "$2" --arg digest "sha256:$hex" --argjson size "$(stat --format %s "$blobs/$hex")" \
    '{mediaType: $type, digest: $digest, size: $size}'
}

# oci_tar FOLDER OWNER: what is below a folder, in order; without an entry for the folder itself, because readers of
# Tekton bundles take the first entry for the resource.
oci_tar() {
  (cd "$1" && find . -mindepth 1 -printf '%P\0') | LC_ALL=C sort --zero-terminated |
    tar --create --directory "$1" --null --no-recursion --verbatim-files-from --files-from - --format ustar \
      --numeric-owner --owner "${2%:*}" --group "${2#*:}" --mtime "@${SOURCE_DATE_EPOCH:-0}"
}

# oci_layer LAYOUT FOLDER [UID:GID]: the files below a folder, owned by root or by another. The answer has the digest
# before compression too (diff_id), which configurations name; it leaves the descriptor in the manifest.
oci_layer() {
  local owner=${3:-0:0} diff_id
  diff_id=sha256:$(oci_tar "$2" "$owner" | sha256sum | cut -d' ' -f1)
  oci_tar "$2" "$owner" | gzip -n -9 | oci_blob "$1" "$OCI.layer.v1.tar+gzip" |
    jq -c --arg diff_id "$diff_id" '. + {diff_id: $diff_id}'
}

# oci_annotated KEY=VALUE…: the descriptor on standard input, with annotations.
oci_annotated() {
  jq -c '. + {annotations: ((.annotations // {}) + ($ARGS.positional | map(capture("^(?<key>[^=]+)=(?<value>.*)$")) | from_entries))}' \
    --args "$@"
}

# oci_config LAYOUT PLATFORM LAYERS CONFIG: LAYERS is an array of what oci_layer answered, CONFIG what the image
# format has under `config` (User, Entrypoint, Env, Labels…).
oci_config() {
  jq -cjn --arg os "${2%/*}" --arg architecture "${2#*/}" --arg time "$(oci_time)" --argjson layers "$3" --argjson config "$4" \
    '{created: $time, architecture: $architecture, os: $os, config: $config,
      rootfs: {type: "layers", diff_ids: ($layers | map(.diff_id))}}' |
    oci_blob "$1" "$OCI.config.v1+json"
}

# oci_manifest LAYOUT CONFIG-DESCRIPTOR LAYERS [ANNOTATIONS]
oci_manifest() {
  jq -cjn --arg type "$OCI.manifest.v1+json" --argjson config "$2" --argjson layers "$3" --argjson annotations "${4:-null}" \
    '{schemaVersion: 2, mediaType: $type, config: $config, layers: ($layers | map(del(.diff_id)))}
     + if $annotations then {annotations: $annotations} else {} end' |
    oci_blob "$1" "$OCI.manifest.v1+json"
}

# oci_image LAYOUT PLATFORM LAYERS CONFIG: configuration and manifest; the answer names the platform.
oci_image() {
  local config
  config=$(oci_config "$@")
  oci_manifest "$1" "$config" "$3" |
    jq -c --arg os "${2%/*}" --arg architecture "${2#*/}" '. + {platform: {architecture: $architecture, os: $os}}'
}

# oci_index LAYOUT MANIFESTS [ANNOTATIONS]
oci_index() {
  jq -cjn --arg type "$OCI.index.v1+json" --argjson manifests "$2" --argjson annotations "${3:-null}" \
    '{schemaVersion: 2, mediaType: $type, manifests: $manifests}
     + if $annotations then {annotations: $annotations} else {} end' |
    oci_blob "$1" "$OCI.index.v1+json"
}

# oci_tag LAYOUT NAME DESCRIPTOR: what had the name loses it.
oci_tag() {
  local index=$1/index.json key=org.opencontainers.image.ref.name
  jq -cj --arg key "$key" --arg name "$2" --argjson descriptor "$3" \
    '.manifests |= map(select(.annotations[$key] != $name)) + [$descriptor + {annotations: (($descriptor.annotations // {}) + {($key): $name})}]' \
    "$index" >"$index.new"
  mv "$index.new" "$index"
}

# oci_digest LAYOUT NAME: the digest that a name stands for.
oci_digest() {
  jq -er --arg name "$2" \
    '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == $name).digest' "$1/index.json"
}

# oci_descriptors LAYOUT: digest and size of everything that can be reached from the names, once each.
oci_descriptors() {
  jq -r '.manifests[] | "\(.digest) \(.size) \(.mediaType)"' "$1/index.json" | oci_below "$1" | sort --unique
}

# oci_below LAYOUT: lines of digest, size and type; answers digest and size of these and of what they name.
oci_below() {
  local digest size type
  while read -r digest size type; do
    echo "$digest $size"
    case $type in
      *.manifest.v1+json | *.index.v1+json)
        jq -r '.manifests[]?, .config, .layers[]? | values | "\(.digest) \(.size) \(.mediaType)"' \
          "$1/blobs/sha256/${digest#sha256:}" | oci_below "$1"
        ;;
    esac
  done
}

# oci_check LAYOUT: every blob has the digest that it is called by; what is named is there with its size, and nothing
# else is.
oci_check() {
  local blob named digest size count=0
  for blob in "$1"/blobs/sha256/*; do
    [ "$(sha256sum <"$blob" | cut -d' ' -f1)" = "${blob##*/}" ] || { echo "$blob has another digest" >&2; return 1; }
  done
  named=$(oci_descriptors "$1")
  while read -r digest size; do
    blob=$1/blobs/sha256/${digest#sha256:}
    [ "$(stat --format %s "$blob")" = "$size" ] || { echo "$blob is named with $size bytes" >&2; return 1; }
    count=$((count + 1))
  done <<<"$named"
  [ "$(find "$1/blobs" -type f | wc -l)" = "$count" ] || { echo "$1 holds blobs that nothing names" >&2; return 1; }
  echo "$1: $count blobs, each with its digest"
}
