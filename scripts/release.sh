#!/usr/bin/env bash
# Builds the program for production, such that the same source gives the same bytes, wherever it lies: no path of this
# machine gets into it. Prints its SHA-256.
set -euo pipefail
cd "$(dirname "$0")/.."

# A released migration never changes: from now on a test holds it to its fingerprint.
for migration in src/store/migrations/*/*.sql; do
    if ! grep --quiet " $migration\$" tests/it/migrations.lock; then
        echo "release: tests/it/migrations.lock has no line for $migration" >&2
        echo "release: cargo test --test it released_migrations_never_change -- --nocapture prints it" >&2
        exit 1
    fi
done

cargo_home=${CARGO_HOME:-$HOME/.cargo}
target=${CARGO_TARGET_DIR:-$PWD/target}
# Of several that fit, the last counts.
export RUSTFLAGS="--remap-path-prefix=$PWD=/usher --remap-path-prefix=$target=/target --remap-path-prefix=$cargo_home=/cargo"
# SQLite and ring are C and assembler.
export CFLAGS="-ffile-prefix-map=$target=/target -ffile-prefix-map=$cargo_home=/cargo"

cargo build --release --locked "$@"
scripts/no-trace.sh "$target/release/usher"
for path in "$PWD" "$target" "$cargo_home"; do
    if grep --quiet --text --fixed-strings "$path" "$target/release/usher"; then
        echo "release: the program holds the path $path" >&2
        exit 1
    fi
done
sha256sum "$target/release/usher"
