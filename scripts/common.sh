# shellcheck shell=bash
# Sourced by every script here: the project's root, the folders for built tools, and a few words.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"

# Peers that the tests start, and tools that the checks need. Both are kept between runs.
TEST_TOOLS=$ROOT/target/test-tools
CI_TOOLS=$ROOT/target/ci-tools
PATH=$TEST_TOOLS/bin:$CI_TOOLS/bin:$PATH
export PATH

say() { printf '\n== %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }
in_ci() { [ "${CI:-}" = 1 ] || [ "${CI:-}" = true ]; }

# cargo_tool NAME: a cargo subcommand in its pinned version, built once, and built cheaply: compiling it takes
# longer than all that it will ever compute here.
cargo_tool() {
  local version
  case $1 in
    cargo-deny) version=0.20.2 ;;
    cargo-fuzz) version=0.13.2 ;;
    *) echo "$1 is not pinned" >&2; return 1 ;;
  esac
  [ -x "$CI_TOOLS/bin/$1" ] && grep -qF "\"$1 $version " "$CI_TOOLS/.crates.toml" && return
  say "building $1 $version"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install "$1" --version "$version" --locked --force --quiet --root "$CI_TOOLS"
}
