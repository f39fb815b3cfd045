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
# Away from where cargo puts them: the self-contained programs of packaging/static.sh go to the same place.
mkdir -p "$target/dynamic"
for program in picket-agent picket-collector; do
    install -m 0755 "$target/$machine/release/$program" "$target/dynamic/$program"
done
echo "$target/dynamic"
