#!/usr/bin/env bash
# Mutations are known bugs, kept as patches in tests/mutations/. Shows that the simulation finds them (docs/PROOF.md):
# applies all patches to a copy of the tree, each behind a switch, and runs the tests of tests/mutations/test.rs there.
#   scripts/mutations.sh              applies, builds, runs
#   scripts/mutations.sh --refresh    rewrites the patches, as exact diffs against the code of today
set -euo pipefail
cd "$(dirname "$0")/.."

target=${CARGO_TARGET_DIR:-$PWD/target}
copy=$target/mutations
patches=(tests/mutations/*.patch)
sources=(Cargo.toml Cargo.lock build.rs proto src tests docs/METRICS.md)

# Rewrites one patch. Text above the diff stays.
refresh() {
    local patch=$1 folder path
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' RETURN
    for path in $(sed -n 's|^+++ b/||p' "$patch"); do
        if [ ! -e "$path" ]; then
            echo "$patch: there is no $path. If it was moved, write its new path into the patch:" >&2
            echo "    sed -i 's|$path|NEW PATH|' $patch" >&2
            return 1
        fi
        install -D -m 644 "$path" "$folder/a/$path"
        install -D -m 644 "$path" "$folder/b/$path"
    done
    if ! patch --strip=1 --force --quiet --no-backup-if-mismatch --directory="$folder/b" <"$patch" >&2; then
        echo "$patch: the code has changed too much; make the patch again by hand (CONTRIBUTING.md)" >&2
        return 1
    fi
    {
        sed '/^diff --git /,$d' "$patch"
        (cd "$folder" && git diff --no-index --no-prefix --no-color -U3 a b || true) | sed '/^index /d'
    } >"$folder/patch"
    cat "$folder/patch" >"$patch"
}

# Makes the copy, a package of another name (cargo confuses two of one name in one target directory), without the
# program and the benchmarks.
prepare() {
    rm -rf "$copy"
    mkdir -p "$copy"
    cp -r --parents --preserve=timestamps "${sources[@]}" "$copy"
    # In a folder of its own: below a repository, git takes the paths of a patch from the repository's root.
    if ! (cd "$copy" && GIT_CEILING_DIRECTORIES=$target git apply "${patches[@]}"); then
        echo "mutations: the patch above does not apply; try scripts/mutations.sh --refresh (CONTRIBUTING.md)" >&2
        exit 1
    fi
    cp tests/mutations/switch.rs "$copy/src/mutations.rs"
    printf '\n/// The switch of the mutations.\npub mod mutations;\n' >>"$copy/src/lib.rs"
    cp tests/mutations/test.rs "$copy/tests/it/main.rs"
    rm "$copy/src/main.rs"
    awk '/^\[/ { left_out = /^\[\[(bin|test|bench)\]\]/ } !left_out' Cargo.toml |
        sed '0,/^name = "usher"$/s//name = "usher-mutations"/' >"$copy/Cargo.toml"
    sed -i 's/^name = "usher"$/name = "usher-mutations"/' "$copy/Cargo.lock"
}

case ${1-} in
    --refresh)
        failed=0
        for patch in "${patches[@]}"; do
            refresh "$patch" || failed=1
        done
        git --no-pager diff --stat -- tests/mutations
        exit "$failed"
        ;;
    '') ;;
    *) echo "usage: scripts/mutations.sh [--refresh]" >&2 && exit 2 ;;
esac

# An unchanged copy is kept, so that it is not compiled again.
state=$(find "${sources[@]}" scripts/mutations.sh -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [ "$(cat "$copy/state" 2>/dev/null)" != "$state" ]; then
    prepare
    echo "$state" >"$copy/state"
fi
# The features of `make test`, so that all dependencies are compiled already.
cargo test --locked --manifest-path "$copy/Cargo.toml" --target-dir "$target" --features failpoints --test it -- \
    --nocapture --skip simulation::
