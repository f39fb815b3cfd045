#!/bin/sh
# Self-contained programs, for hosts with an older C library and without libpcap. Called by `make static`; they go to
# target/static. The agent takes its frames by its own ring alone (see docs/install.md).
set -eu
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
machine=$(uname -m)-unknown-linux-gnu
PROFILE=${PROFILE:-release}
flag=""
if [ "$PROFILE" = release ]; then flag=$(packaging/profile.sh); fi
# A target that is named keeps the flags away from build scripts and procedural macros, which cannot be static.
export RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static"
RUSTFLAGS="$RUSTFLAGS $flag" cargo build --locked --profile "$PROFILE" --target "$machine" -p picket-agent --no-default-features
cargo build --locked --profile "$PROFILE" --target "$machine" -p picket-collector
built=$target/$machine/$([ "$PROFILE" = dev ] && echo debug || echo "$PROFILE")
mkdir -p "$target/static"
for program in picket-agent picket-collector; do
    if readelf -d "$built/$program" | grep -q NEEDED; then
        echo "static: $built/$program still needs shared libraries" >&2
        exit 1
    fi
    install -m 0755 "$built/$program" "$target/static/$program"
    echo "$target/static/$program"
done
