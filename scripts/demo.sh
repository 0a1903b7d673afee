#!/usr/bin/env bash
# The main job on real input, in a folder and without a registry: an image is made, signed after the build, refused
# and then countersigned after the scan, let through the gate, changed, and stopped. Each command is shown before its
# output. No scanner runs here: the reports are written by this script, in the form that Trivy writes.
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

# report IMAGE-ID SEVERITY: a report as Trivy writes it, about the image with that configuration, of now
report() {
  printf '{"SchemaVersion":2,"CreatedAt":"%s","ArtifactName":"app","ArtifactType":"container_image","Metadata":{"ImageID":"%s","DiffIDs":["%s"]},"Results":[{"Target":"app","Class":"os-pkgs","Type":"debian","Vulnerabilities":[{"VulnerabilityID":"CVE-2019-18224","PkgName":"libidn2-0","InstalledVersion":"2.0.5-1","FixedVersion":"2.0.5-1+deb10u1","Severity":"%s"}]}]}' \
    "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" "$1" "$2"
}

# config LAYOUT DIGEST: the digest of an image's configuration, which scanners call image ID
config() {
  sed 's/.*"config":{[^}]*"digest":"\(sha256:[0-9a-f]*\)".*/\1/' "$1/blobs/sha256/${2#sha256:}"
}

# expect CODE COMMAND…: shows a command that must end with CODE
expect() {
  local code=$1 status=0
  shift
  show "$@" || status=$?
  echo "exit code $status"
  test "$status" -eq "$code"
}

say 'An image in a folder (an OCI layout). With a registry, only the name differs.'
digest=$(image app 'hello')
echo "app  $digest"

say 'Two key pairs: one for the build, one for the step after the scan. Neither can sign in place of the other.'
show countersign keys generate --output-prefix build
show countersign keys generate --output-prefix validation

say 'The first signature, right after the build.'
show countersign sign "oci:app@$digest" --key build.key --revision 4f2a91c

say 'The rules that a scan must pass.'
cat >rules.yaml <<'END'
apiVersion: scan.countersign.dev/v1alpha1
kind: ScanRules
spec:
  deny: {severities: [CRITICAL, HIGH]}
  maxReportAge: 24h
END
show cat rules.yaml

say 'The scan finds something critical: no second signature.'
report "$(config app "$digest")" CRITICAL >critical.json
expect 1 countersign validate "oci:app@$digest" --build-key build.pub --scan critical.json --rules rules.yaml --key validation.key

say 'A good report about another image does not help.'
other=$(image other 'another image')
report "$(config other "$other")" LOW >other.json
expect 2 countersign validate "oci:app@$digest" --build-key build.pub --scan other.json --rules rules.yaml --key validation.key

say 'The scan passes: the second signature, which names the first one and the report.'
report "$(config app "$digest")" LOW >report.json
show countersign validate "oci:app@$digest" --build-key build.pub --scan report.json --rules rules.yaml --key validation.key

say 'What a deployment asks for: both signatures, the second not older than 30 days.'
cat >policy.yaml <<'END'
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
END
show cat policy.yaml
show countersign policy check policy.yaml

cat >deploy.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: app
          image: registry.example.org/shop/app:1.0 # pinned by the gate
END
say 'The gate reads the manifest, asks the folder in place of the registry, and pins what it checked.'
show countersign gate -f deploy.yaml --policy policy.yaml --mirror "registry.example.org/shop=oci:$PWD" --pin-in-place
show grep image: deploy.yaml

say 'Somebody puts another image under the same tag. What is pinned stays what it is, and the tag is stopped.'
image changed 'hello, changed' >/dev/null
show countersign copy oci:changed:1.0 oci:app:1.0
show countersign gate -f deploy.yaml --policy policy.yaml --mirror "registry.example.org/shop=oci:$PWD"
expect 1 countersign gate registry.example.org/shop/app:1.0 --allow-tag --policy policy.yaml --mirror "registry.example.org/shop=oci:$PWD"

say 'What is attached to the image.'
show countersign inspect "oci:app@$digest"
