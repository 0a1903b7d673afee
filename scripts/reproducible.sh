#!/usr/bin/env bash
# reproducible.sh: the image (linux/amd64, or PLATFORMS), and the same again from a copy of the sources in another
# folder, with nothing of the first build, another home of crates, another time zone and another mask for new files.
# Both must have the same digests.
. "$(dirname "$0")/common.sh"
export PLATFORMS=${PLATFORMS:-linux/amd64}
. scripts/platforms.sh
commit_facts

other=$(mktemp -d)
trap 'rm -rf "$other"' EXIT
copy=$other/another/folder
crates=$other/crates

# The copy has the tools and packages that are pinned by their digests, and no object file.
lay_out() {
  mkdir -p "$copy/target" "$crates"
  git ls-files -z --cached --others --exclude-standard | tar --create --null --files-from - |
    tar --extract --directory "$copy"
  ln -s "$CI_TOOLS" "$ROOT/target/busybox" "$copy/target/"
  # Crates are not fetched twice. The path by which the compiler sees them differs all the same.
  ln -s "${CARGO_HOME:-$HOME/.cargo}"/{registry,config.toml} "$crates/"
  [ -e "$crates/config.toml" ] || rm "$crates/config.toml"
}

scripts/image.sh
lay_out
say "again in $copy"
(
  cd "$copy"
  umask 077
  TZ=Asia/Kolkata CARGO_HOME=$crates scripts/image.sh
)

say "the two"
for platform in $PLATFORMS; do
  sha256sum "$(binary_of "$platform")" "$copy/$(binary_of "$platform")"
done
if ! diff "target/image/index.json" "$copy/target/image/index.json"; then
  diff <(ls target/image/blobs/sha256) <(ls "$copy/target/image/blobs/sha256") || true
  echo "the same sources gave two images" >&2
  exit 1
fi
echo "The same digests from two folders."
