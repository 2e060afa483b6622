#!/usr/bin/env bash
# Compiles the worked examples: applies all of docs/worked-examples/*.patch to one copy of this tree, and checks the copy
# with its tests and benchmarks. With --refresh it writes the patches anew, each merged with the last commit: for when
# the lines around a change are no longer those of its patch.
set -euo pipefail
cd "$(dirname "$0")/.."

copy=target/worked-examples
patches=("$PWD"/docs/worked-examples/*.patch)
rm -rf "$copy"

if [ "${1:-}" = --refresh ]; then
    git clone --quiet --shared . "$copy"
    for patch in "${patches[@]}"; do
        if ! git -C "$copy" apply --3way "$patch"; then
            echo "worked-examples: resolve the conflicts in $copy; of a file that moved, change the name in the patch. Then:" >&2
            echo "  git -C $copy add --all && git -C $copy diff --cached >$patch && $0 --refresh" >&2
            exit 1
        fi
        git -C "$copy" diff --cached >"$patch"
        git -C "$copy" reset --quiet --hard
    done
    rm -rf "$copy"
    exit
fi

mkdir -p "$copy"
git ls-files -z --cached --others --exclude-standard |
    tar --create --null --files-from=- --ignore-failed-read | tar --extract --directory "$copy"
for patch in "${patches[@]}"; do
    echo "worked-examples: ${patch##*/}"
    # Below this folder git looks for no repository: the names in a patch are those of the copy.
    (cd "$copy" && GIT_CEILING_DIRECTORIES=$(dirname "$PWD") git apply "$patch")
done
# Another package, because cargo would take two of one name in one folder of artifacts for the same.
sed -i '0,/^name = "usher"$/s//name = "usher-worked-examples"/' "$copy/Cargo.toml" "$copy/Cargo.lock"
target=${CARGO_TARGET_DIR:-$PWD/target}
(cd "$copy" && CARGO_TARGET_DIR=$target cargo check --locked --all-targets --features failpoints)
rm -rf "$copy"
