#!/usr/bin/env bash
# Runs of countersign and cosign side by side on the same image. There are none yet.
. "$(dirname "$0")/common.sh"

echo "no paired runs yet"
