# shellcheck shell=bash
# Words shared by the test scripts: saying what happens, failing, becoming root, and where caches live.
# Sourced, never run. The caller has set `root` to the top of the checkout.

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
    warn "error: $*"
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Runs a command as root: directly, or through sudo when it asks for no password.
may_be_root() { [ "$(id -u)" -eq 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Debian keeps dockerd, mount helpers and the like where an ordinary user's PATH does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
export PATH

# The directory that outlives a run: the base image's tarball and downloaded projects. Never inside the tree.
cache_dir() {
    local dir
    if [ -n "${DOGWATCH_TEST_CACHE:-}" ]; then
        dir=$DOGWATCH_TEST_CACHE
    elif [ -n "${XDG_CACHE_HOME:-}" ]; then
        dir=$XDG_CACHE_HOME/dogwatch-tests
    elif [ -n "${HOME:-}" ] && [ -w "$HOME" ]; then
        dir=$HOME/.cache/dogwatch-tests
    elif [ "$(id -u)" -eq 0 ]; then
        dir=/var/cache/dogwatch-tests
    else
        dir=${TMPDIR:-/tmp}/dogwatch-tests-$(id -u)
    fi
    mkdir -p "$dir" || die "cannot make the cache directory $dir; set DOGWATCH_TEST_CACHE to a place that can be written"
    printf '%s\n' "$dir"
}

# Where cargo puts the executable is cargo's to say: executable_of CARGO-COMMAND... builds what is still to be built.
executable_of() {
    local program
    program=$("$@" --quiet --message-format=json | sed -n -E 's/^.*"executable":"([^"]*\/dogwatch)".*$/\1/p' | tail -n 1)
    [ -x "$program" ] || die "cargo built no executable named dogwatch"
    printf '%s\n' "$program"
}

# Waits until a command succeeds: wait_for SECONDS WHAT COMMAND...
wait_for() {
    local limit=$1 what=$2 deadline
    shift 2
    deadline=$((SECONDS + limit))
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || {
            warn "$what: not within $limit s"
            return 1
        }
        sleep 0.1
    done
}
