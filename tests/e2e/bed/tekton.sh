#!/usr/bin/env bash
# Tekton Pipelines, from the module's own manifests and binaries.
. "$(dirname "$0")/common.sh"
module=$(cd tests/tools/tekton && go list -m -f '{{.Dir}}' github.com/tektoncd/pipeline)
work=$BED/tekton
mkdir -p "$work/conf"

# part NAME: its image; where the manifests name its package they get the image instead.
edits=() parts=()
part() {
  local root=$work/$1
  mkdir -p "$root"/{ko-app,tmp}
  chmod 1777 "$root/tmp"
  cp "$TEST_TOOLS/bin/tekton-$1" "$root/ko-app/$1"
  "$SCRIPTS/image.sh" "tekton/$1" "$root" "/ko-app/$1"
  rm -rf "$root"
}
for name in controller webhook resolvers entrypoint nop workingdirinit; do
  part "$name" &
  parts+=($!)
  edits+=(-e "s#ko://github.com/tektoncd/pipeline/cmd/$name\$#$PLATFORM/tekton/$name:1#")
  edits+=(-e "s#\"ko://github.com/tektoncd/pipeline/cmd/$name\"#\"$PLATFORM/tekton/$name:1\"#")
done
for part in "${parts[@]}"; do
  wait "$part"
done

# The shell is for Tasks with a script. tini is not in these images, and nothing here needs it. The rest is for
# runs that begin and end one after the other, on a small machine.
edits+=(
  -e "s#cgr.dev/chainguard/busybox@sha256:[0-9a-f]*#$PLATFORM/countersign-shell:1#"
  -e '/- \/sbin\/tini$/d' -e '/^ *- --$/d'
  -e 's/set-security-context: "false"/set-security-context: "true"/'
  -e 's/cpu: 100m/cpu: 10m/' -e 's/cpu: 500m/cpu: 2000m/'
)
# Neither the sender of cloud events nor the autoscaler is needed.
find "$module/config" -name '*.yaml' ! -name '*hpa*' ! -name 'events.yaml' | while read -r file; do
  to=${file#"$module"/config/}
  sed "${edits[@]}" "$file" >"$work/conf/${to//\//_}"
done

kubectl apply --server-side -f "$work/conf/100-namespace_100-namespace.yaml" \
  -f "$work/conf/resolvers_100-namespace.yaml" >/dev/null
kubectl apply --server-side -f "$work/conf" >/dev/null
kubectl -n tekton-pipelines wait --for=condition=Available --timeout=300s \
  deployment/tekton-pipelines-controller deployment/tekton-pipelines-webhook
kubectl -n tekton-pipelines-resolvers wait --for=condition=Available --timeout=300s deployment --all
