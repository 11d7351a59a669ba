# shellcheck shell=bash
# The open-source projects of tests/real/run. Sourced by it. For each project NAME:
#   fetch_NAME DIR   lays its source into DIR with the ordinary client of its registry
#   NAME_version, NAME_image_env, NAME_suite (the command), NAME_toml (the suite's other keys), NAME_failed (a sed
#   expression that prints how many tests failed), NAME_source (what counts as its lines of code)
#   NAME_file, NAME_good, NAME_fault, NAME_wrong1, NAME_wrong2: the text that is right, the fault put in its place, and
#   two repairs that do not help

# Python: pure, no dependencies, its tests are in the source distribution. BSD licence.
boltons_version=26.2.0
boltons_suite='python3 -m pytest -v -p no:cacheprovider --junitxml=.reports/tests.xml tests'
boltons_toml='format = "junit"
report = ".reports/tests.xml"'
boltons_ignored='.reports/'
boltons_failed='s/^=.* ([0-9]+) failed.*$/\1/p'
boltons_source='*.py'
boltons_file=boltons/iterutils.py
boltons_good='cur_chunk = list(itertools.islice(src_iter, size))'
boltons_fault='cur_chunk = list(itertools.islice(src_iter, size + 1))'
boltons_wrong1='cur_chunk = list(itertools.islice(src_iter, 1, size + 1))'
boltons_wrong2='cur_chunk = list(itertools.islice(src_iter, max(size, 2)))[:size + 1]
        cur_chunk.reverse()'
fetch_boltons() {
    pip3 download --quiet --no-deps --no-binary boltons --dest "$1.part" "boltons==$boltons_version"
    mkdir "$1"
    tar -C "$1" --strip-components=1 --no-same-owner -xzf "$1.part/boltons-$boltons_version.tar.gz"
    rm -rf "$1.part"
}

# Rust: no dependencies, old enough for every packaged compiler, its tests are in the crate. MIT OR Apache-2.0.
fallible_version=0.3.0
fallible_suite='cargo test --offline --lib'
fallible_toml='format = "cargo-test"
env = { CARGO_HOME = "/tmp/cargo" }'
fallible_ignored='target/'
fallible_failed='s/^test result: .* ([0-9]+) failed;.*$/\1/p'
fallible_source='*.rs'
fallible_file=src/lib.rs
fallible_good='            step: step - 1,
            first_take: true,'
fallible_fault='            step,
            first_take: true,'
fallible_wrong1='            step: step + 1,
            first_take: true,'
fallible_wrong2='            step: step - 1,
            first_take: false,'
fetch_fallible() {
    # A crate that depends on it is how cargo itself brings a crate's source.
    mkdir -p "$1.part/src"
    : >"$1.part/src/lib.rs"
    printf '[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\nfallible-iterator = "=%s"\n[workspace]\n' \
        "$fallible_version" >"$1.part/Cargo.toml"
    cargo vendor --quiet --manifest-path "$1.part/Cargo.toml" "$1.part/vendor" >/dev/null
    mv "$1.part/vendor/fallible-iterator" "$1"
    rm -rf "$1.part" "$1/.cargo-checksum.json"
    # An old cargo cannot read the lock file of a new one, so it gets one that it can.
    printf 'version = 3\n\n[[package]]\nname = "fallible-iterator"\nversion = "%s"\n' "$fallible_version" >"$1/Cargo.lock"
}

# JavaScript: its tests are in the package; one dependency, which is kept in the repository. MIT licence.
busboy_version=1.6.0
busboy_suite='node --test test/'
busboy_toml='format = "node-test"'
busboy_ignored='.reports/'
busboy_failed='s/^(#|ℹ) fail ([0-9]+)$/\2/p'
busboy_source='*.js'
busboy_file=lib/utils.js
busboy_good='const subtypeStart = ++i;'
busboy_fault='const subtypeStart = i;'
busboy_wrong1='const subtypeStart = i++;'
busboy_wrong2='const subtypeStart = i + 1;'
fetch_busboy() {
    mkdir "$1.part" "$1"
    (cd "$1.part" && npm pack --silent "busboy@$busboy_version" >/dev/null)
    tar -C "$1" --strip-components=1 --no-same-owner -xzf "$1.part/busboy-$busboy_version.tgz"
    rm -rf "$1.part"
    (cd "$1" && npm install --silent --omit=dev --ignore-scripts --no-package-lock)
}
