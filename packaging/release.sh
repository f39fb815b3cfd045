#!/bin/sh
# Builds both release programs, the agent laid out by a profile where that can be (packaging/profile.sh); prints the directory
# that holds them.
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
machine=$(rustc -vV | sed -n 's/^host: //p')
flag=$(packaging/profile.sh)
RUSTFLAGS="${RUSTFLAGS:-} $flag" cargo build --locked --release --target "$machine" -p picket-agent >&2
cargo build --locked --release --target "$machine" -p picket-collector >&2
echo "$target/$machine/release"
