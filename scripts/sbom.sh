#!/usr/bin/env bash
# sbom.sh: what is in the binaries and images of PLATFORMS, as CycloneDX 1.6 on standard output. The crates are those
# that cargo links into the binary, without what only builds or tests; their digests are those of Cargo.lock.
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
commit_facts

targets=()
for platform in $PLATFORMS; do
  targets+=("$(machine_of "$platform")-unknown-linux-musl")
done

# linked: lines of `name version`
linked() {
  local target
  for target in "${targets[@]}"; do
    cargo tree --locked --target "$target" --edges normal,no-proc-macro --prefix none --no-dedupe --format '{p}'
  done | sed 's/^\([^ ]*\) v\([^ ]*\).*/\1 \2/'
  cargo tree --locked --package image-roots --edges normal --depth 1 --prefix none --format '{p}' |
    sed -n 's/^\(webpki-root-certs\) v\([^ ]*\).*/\1 \2/p'
}

# locked: lines of `name version sha256`
locked() {
  awk -F '"' '/^name = / { name = $2 } /^version = / { version = $2 } /^checksum = / { print name, version, $2 }' Cargo.lock
}

# Lines of words, as an array of arrays.
rows() { jq -Rcn '[inputs | split(" ")]'; }

rust=$(rustc --version | cut -d' ' -f2)
busybox=$(sed -n 's/.*  amd64 //p' image/busybox.sha256)
time=$(date --utc --date "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)

# shellcheck disable=SC2016 # variables of jq
cargo metadata --locked --format-version 1 "${targets[@]/#/--filter-platform=}" |
  jq --argjson linked "$(linked | sort --unique | rows)" --argjson locked "$(locked | rows)" \
    --arg rust "$rust" --arg busybox "$busybox" --arg time "$time" '
    def purl: "pkg:cargo/\(.name)@\(.version)";
    def licences: if .license then {licenses: [{expression: (.license | gsub(" */ *"; " OR "))}]} else {} end;
    ($locked | map({key: "\(.[0]) \(.[1])", value: .[2]}) | from_entries) as $digests
    | ($linked | map({key: "\(.[0]) \(.[1])", value: true}) | from_entries) as $wanted
    | (.packages | map(select($wanted["\(.name) \(.version)"]))) as $packages
    | ($packages | map({key: .id, value: purl}) | from_entries) as $purls
    | .resolve.root as $root
    | ($packages[] | select(.id == $root)) as $own
    | def component: {type: "library", "bom-ref": purl, name, version, purl: purl}
        + (if $digests["\(.name) \(.version)"] then {hashes: [{alg: "SHA-256", content: $digests["\(.name) \(.version)"]}]} else {} end)
        + licences;
    {
      bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
      metadata: {
        timestamp: $time,
        component: ($own | {type: "application", "bom-ref": purl, name, version, purl: purl, description} + licences),
        properties: [{name: "countersign:revision", value: env.REVISION}]
      },
      components: (
        ($packages | map(select(.id != $root) | component))
        + [{type: "library", "bom-ref": "rust-std", name: "rust-std", version: $rust,
            description: "the standard library, with the C library musl in it", licenses: [{expression: "MIT OR Apache-2.0"}]},
           {type: "application", "bom-ref": "busybox", name: "busybox-static", version: $busybox, scope: "optional",
            purl: "pkg:deb/debian/busybox-static@\($busybox | @uri)", description: "in the shell image only",
            licenses: [{expression: "GPL-2.0-only"}]}]
      ),
      dependencies: (.resolve.nodes | map(select($purls[.id]) | {
        ref: $purls[.id],
        dependsOn: [.deps[] | select(any(.dep_kinds[]; .kind == null)) | $purls[.pkg] | values] | unique
      }))
    }'
