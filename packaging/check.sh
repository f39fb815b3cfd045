#!/bin/sh
# Formatting, lints with warnings denied, documents, dependency policy. Called by `make check` and .ci/run.
set -eu
echo "== formatting"
cargo fmt --all --check
echo "== clippy"
cargo clippy --locked --workspace --all-targets -q -- -D warnings
echo "== documents"
# Public text may name a private item: readers of the source find it, and the page shows the name.
RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --locked --workspace --no-deps -q
echo "== dependency policy"
# Of every platform in the lock file, which a build for this one does not fetch; a machine without network has them or says so.
cargo fetch --locked -q
cargo deny --offline --log-level error check bans licenses sources
if ls "$HOME"/.cargo/advisory-db* >/dev/null 2>&1; then
    cargo deny --offline check advisories
else
    echo "NOTE: no advisory database on this machine; advisories were not checked (cargo deny fetch)"
fi
