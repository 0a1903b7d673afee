#!/usr/bin/env bash
# busybox.sh PLATFORM FOLDER: Debian's static busybox into the root of an image, with a link for each command.
. "$(dirname "$0")/common.sh"
. scripts/platforms.sh
platform=$1
folder=$2
architecture=${platform#*/}
kept=$ROOT/target/busybox/$architecture
pins=image/busybox.sha256

# fetch: the package for the architecture, from where this machine's packages come from. The lists are fetched into
# a folder of their own: the machine need not know the architecture.
fetch() {
  local options=(
    -q -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o Dir::State::status=/dev/null
    -o "Dir::State::Lists=$kept/lists" -o "Dir::Cache=$kept/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=root
  )
  have apt-get || { echo "busybox is a package of Debian, and there is no apt-get: TARGETS=scratch leaves it out" >&2; return 1; }
  say "fetching busybox for $platform"
  rm -rf "$kept"
  mkdir -p "$kept/lists/partial" "$kept/cache/archives/partial"
  apt-get "${options[@]}" update >/dev/null
  (cd "$kept" && apt-get "${options[@]}" download "busybox-static:$architecture" >/dev/null)
  dpkg-deb --extract "$kept"/busybox-static_*.deb "$kept/package"
}

# program: the file in the package. Debian 13 has it below usr.
program() { find "$kept/package/bin" "$kept/package/usr/bin" -name busybox -type f -print -quit 2>/dev/null || true; }

sum() { sha256sum "$(program)" | cut -d' ' -f1; }

is_pinned() { [ -n "$(program)" ] && grep -q "^$(sum)  $architecture " "$pins"; }

# The package that the pins name gives the same image everywhere; another gives another, which is said, and with
# PINNED=1 refused.
complain() {
  echo "busybox for $architecture is not the one in $pins: the shell image has another digest than elsewhere." >&2
  echo "To take this one: $(sum)  $architecture $(dpkg-deb --field "$kept"/busybox-static_*.deb Version)" >&2
  [ "${PINNED:-0}" = 0 ]
}

is_pinned || fetch
[ -n "$(program)" ] || { echo "the package busybox-static for $architecture holds no busybox" >&2; exit 1; }
is_pinned || complain
install -D -m 755 "$(program)" "$folder/bin/busybox"
install -D -m 644 "$kept/package/usr/share/doc/busybox-static/copyright" "$folder/usr/share/licenses/busybox/copyright"
start_on "$platform" "$folder/bin/busybox" --list-full | while read -r command; do
  mkdir -p "$folder/$(dirname "$command")"
  [ -e "$folder/$command" ] || ln -s /bin/busybox "$folder/$command"
done
