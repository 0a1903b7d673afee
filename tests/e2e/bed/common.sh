# shellcheck shell=bash
# Sourced by every script of the bed: where things are, and how parts are started. Everything of a run is in
# $BED, which inside.sh puts on a file system that ends with the run.
. "$(dirname "${BASH_SOURCE[0]}")/../../../scripts/common.sh"
export SCRIPTS=$ROOT/tests/e2e/bed

export BED=/run/countersign-e2e
export KUBECONFIG=$BED/admin.conf
# The node, as its pods reach it: the bridge's own address.
export NODE=10.200.0.1
# Images that the bed itself needs, over plain HTTP; and the shop's own, with TLS and a login.
export PLATFORM=$NODE:5000 SHOP=$NODE:5443
export SHOP_USER=shop SHOP_PASSWORD=only-for-this-test
# What scripts/e2e.sh made before: the images, and the program in them, which moves the bed's own images too.
export E2E=$ROOT/target/e2e
PLATFORMS=linux/$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm64/')
. "$ROOT/scripts/platforms.sh"
COUNTERSIGN=$ROOT/$(binary_of "$PLATFORMS")
export PLATFORMS COUNTERSIGN

# start NAME COMMAND…: in the background, with a log of its own.
start() {
  local name=$1
  shift
  "$@" >"$BED/logs/$name.log" 2>&1 </dev/null &
}

# wait_for COMMAND…: until it succeeds, for three minutes at most.
wait_for() {
  local _
  for _ in $(seq 900); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "gave up waiting for: $*" >&2
  return 1
}

# issue NAME SUBJECT [EXTENSION]: a certificate by the bed's own authority, in $BED/pki.
issue() {
  local at=$BED/pki/$1
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$at.key" -out "$at.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$at.csr" -CA "$BED/pki/ca.crt" -CAkey "$BED/pki/ca.key" -CAcreateserial \
    -out "$at.crt" -days 2 -extfile <(echo "${3:-}") 2>/dev/null
}
