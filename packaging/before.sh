#!/bin/sh
# Both programs of the release before, for the tests of F28: of the commit named (default: the last tag). Prints their folder,
# for PICKET_BEFORE. They are built like those under test, beside them.
#   packaging/before.sh [COMMIT]
set -eu
cd "$(dirname "$0")/.."
commit=${1:-$(git describe --tags --abbrev=0 2>/dev/null || true)}
if [ -z "$commit" ]; then
    echo "before: there is no tag yet; name a commit" >&2
    exit 2
fi
name=$(git rev-parse --short "$commit^{commit}")
target=${CARGO_TARGET_DIR:-$(pwd)/target}
folder=$target/before-$name
if [ ! -x "$folder/picket-collector" ]; then
    work=$(mktemp -d)
    trap 'git worktree remove --force "$work/tree" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
    git worktree add --detach --quiet "$work/tree" "$name"
    (cd "$work/tree" && CARGO_TARGET_DIR="$folder/build" cargo build --locked --quiet -p picket-agent -p picket-collector)
    for program in picket-agent picket-collector; do
        install -m 0755 "$folder/build/debug/$program" "$folder/$program"
    done
    rm -rf "$folder/build"
fi
echo "$folder"
