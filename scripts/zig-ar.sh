#!/usr/bin/env bash
# The archiver that belongs to zig-cc.sh.
exec "$(dirname "${BASH_SOURCE[0]}")/../target/ci-tools/zig/ziglang/zig" ar "$@"
