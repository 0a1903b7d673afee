#!/usr/bin/env bash
# Two registries: one for the bed's own images over plain HTTP; the shop's with TLS, by an authority that nobody
# knows, and with a login.
. "$(dirname "$0")/common.sh"

issue shop /CN=registry "subjectAltName=IP:$NODE"
# bcrypt of SHOP_PASSWORD, as `htpasswd -B` writes it.
# shellcheck disable=SC2016
hash='$2y$05$abcdefghijklmnopqrstuuoePaFlY1zibzb/JZlPqaHpsMO1NwAhi'
echo "$SHOP_USER:$hash" >"$BED/htpasswd"

# configuration NAME: what both have in common.
configuration() {
  cat <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $BED/$1}, delete: {enabled: true}}
YAML
}
{
  configuration platform
  echo "http: {addr: '$PLATFORM'}"
} >"$BED/platform.yml"
{
  configuration shop
  echo "http: {addr: '$SHOP', tls: {certificate: $BED/pki/shop.crt, key: $BED/pki/shop.key}}"
  echo "auth: {htpasswd: {realm: shop, path: $BED/htpasswd}}"
} >"$BED/shop.yml"

for name in platform shop; do
  start "registry-$name" docker-registry serve "$BED/$name.yml"
done
answers() { (exec 3<>"/dev/tcp/${1%:*}/${1#*:}"); }
wait_for answers "$PLATFORM"
wait_for answers "$SHOP"
