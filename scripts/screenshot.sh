#!/usr/bin/env bash
# docs/images/gate-report.png, the picture of the page that `gate --report html=PATH` writes: a real run over images that
# are allowed, denied and undecided, opened in a real browser. `screenshot.sh FOLDER` makes the pictures that somebody
# looks at before the page changes there too: dark, narrow, on paper.
. "$(dirname "$0")/common.sh"
. "$ROOT/scripts/oci.sh"
scripts/packages.sh chromium:chromium jq:jq pngquant:pngquant

cargo build --quiet --locked --bin countersign
PATH="$ROOT/target/debug:$PATH"
demo=$(mktemp -d)
trap 'rm -rf "$demo"' EXIT
mkdir -p "$demo/shop" "$demo/partner" "$demo/k8s"
cd "$demo"
# Generated keys are encrypted with it; nobody is asked.
export COUNTERSIGN_PASSWORD=demo

# image LAYOUT: an image with a layer of its own, tagged 1.4; prints its digest.
image() {
  local layer manifest
  oci_start "$1"
  mkdir -p "files/$1"
  echo "$1" >"files/$1/name"
  layer=$(oci_layer "$1" "files/$1")
  manifest=$(oci_image "$1" linux/amd64 "[$layer]" '{}')
  oci_tag "$1" 1.4 "$manifest"
  jq -r .digest <<<"$manifest"
}

# config LAYOUT DIGEST: the digest of an image's configuration.
config() { jq -r .config.digest "$1/blobs/sha256/${2#sha256:}"; }

# report LAYOUT DIGEST: a report as Trivy writes it, about that image, of now.
report() {
  jq -n --arg id "$(config "$1" "$2")" --arg now "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
    --argjson layers "$(jq '.rootfs.diff_ids' "$1/blobs/sha256/$(config "$1" "$2" | cut -d: -f2)")" '
    def found($cve; $package; $installed; $fixed; $severity):
      {VulnerabilityID: $cve, PkgName: $package, InstalledVersion: $installed, FixedVersion: $fixed, Severity: $severity};
    {SchemaVersion: 2, CreatedAt: $now, ArtifactName: "app", ArtifactType: "container_image", Trivy: {Version: "0.66.0"},
     Metadata: {ImageID: $id, DiffIDs: $layers},
     Results: [{Target: "app", Class: "os-pkgs", Type: "debian", Vulnerabilities: [
       found("CVE-2019-18224"; "libidn2-0"; "2.0.5-1"; "2.0.5-1+deb10u1"; "MEDIUM"),
       found("CVE-2022-3715"; "bash"; "5.1-2"; ""; "LOW"),
       found("CVE-2019-8457"; "libdb5.3"; "5.3.28"; ""; "LOW")]}]}' >"$1.json"
}

# signed LAYOUT DIGEST
signed() { countersign sign "oci:$1@$2" --format bundle --key build.key --revision "4f2a91c8" --source "https://git.example.org/shop/${1#*/}"; }
# validated LAYOUT DIGEST
validated() {
  report "$1" "$2"
  countersign validate "oci:$1@$2" --build-key build.pub --scan "$1.json" --rules rules.yaml --key validation.key --format bundle --attest
}

# workload KIND NAME IMAGE…
workload() {
  local kind=$1 name=$2 image
  shift 2
  printf -- '---\napiVersion: apps/v1\nkind: %s\nmetadata: {name: %s, namespace: shop}\nspec:\n  selector: {matchLabels: {app: %s}}\n  template:\n    metadata: {labels: {app: %s}}\n    spec:\n      containers:\n' "$kind" "$name" "$name" "$name"
  for image in "$@"; do
    printf '        - name: %s\n          image: %s\n' "$(basename "${image%%:*}")" "$image"
  done
}

{
  countersign keys generate --output-prefix build
  countersign keys generate --output-prefix validation
  countersign keys generate --output-prefix partner
  cat >rules.yaml <<'END'
apiVersion: scan.countersign.dev/v1alpha1
kind: ScanRules
spec:
  deny: {severities: [CRITICAL, HIGH]}
  maxReportAge: 24h
END
  cat >policies.yaml <<'END'
apiVersion: policy.countersign.dev/v1alpha1
kind: SignaturePolicy
metadata: {name: production}
spec:
  images: {include: ["registry.example.org/shop/**"]}
  signers:
    - name: build
      keys: [{ref: build.pub}]
    - name: validation
      keys: [{ref: validation.pub}]
      countersigns: build
      maxAge: 30d
---
apiVersion: policy.countersign.dev/v1alpha1
kind: SignaturePolicy
metadata: {name: partners}
spec:
  images: {include: ["registry.example.org/partner/**"]}
  signers:
    - name: partner
      keys: [{ref: partner.pub}]
END
  for name in cart catalog checkout mail search; do
    digest=$(image "shop/$name")
    signed "shop/$name" "$digest"
    # The one that is denied has not been through its scan; the one that is undecided lost a part of its signature.
    [ "$name" = checkout ] || validated "shop/$name" "$digest"
  done
  digest=$(image partner/payments)
  countersign sign "oci:partner/payments@$digest" --key partner.key --role release
  # shellcheck disable=SC2046 # digests have no blanks
  rm $(grep -l dsseEnvelope shop/search/blobs/sha256/*)
  {
    workload Deployment storefront registry.example.org/shop/catalog:1.4 registry.example.org/shop/cart:1.4
    workload Deployment checkout registry.example.org/shop/checkout:1.4 registry.example.org/partner/payments:1.4
  } >k8s/shop.yaml
  {
    workload StatefulSet search registry.example.org/shop/search:1.4
    workload Deployment mail registry.example.org/shop/mail:1.4
  } >k8s/back.yaml
} >made.txt

status=0
countersign gate -f k8s --policy policies.yaml --pin --report "html=$demo/gate.html" \
  --mirror "registry.example.org=oci:$demo" 2>told.txt || status=$?
[ "$status" = 1 ] || { cat told.txt; exit 1; }

# shot NAME WIDTH HEIGHT [FLAG…]
shot() {
  local name=$1 size=$2,$3
  shift 3
  timeout 60 chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --user-data-dir="$demo/profile" \
    --force-device-scale-factor="${SCALE:-1}" --window-size="$size" --virtual-time-budget=2000 "$@" \
    --screenshot="$demo/$name.png" "file://$demo/gate.html" 2>/dev/null
}

SCALE=1.5 shot gate-report 1180 1130
pngquant --force --ext .png --speed 1 64 gate-report.png
install -m 644 gate-report.png "$ROOT/docs/images/gate-report.png"
echo "docs/images/gate-report.png"

if [ $# -gt 0 ]; then
  shot light 1180 4200
  shot dark 1180 4200 --blink-settings=preferredColorScheme=0
  shot narrow 500 5000
  timeout 60 chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$demo/profile" --no-pdf-header-footer \
    --print-to-pdf="$demo/paper.pdf" "file://$demo/gate.html" 2>/dev/null
  cp gate.html told.txt light.png dark.png narrow.png paper.pdf "$1"
fi
