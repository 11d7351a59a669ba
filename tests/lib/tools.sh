# shellcheck shell=bash
# The tools stage: finds what the tests need and installs what is missing from Debian's or Ubuntu's packages.
# Sourced after common.sh.

# Prints the packages that are missing for the parts named: build, demo, docker, process, hosts, real.
missing_packages() {
    local part
    for part in "$@"; do
        case $part in
        build)
            have git || echo git
            have cc || echo gcc
            have readelf || echo binutils
            # The executable is linked statically, which needs the C library's archive.
            if ! have cc || [ ! -f "$(cc -print-file-name=libc.a)" ]; then echo libc6-dev; fi
            ;;
        docker)
            have dockerd || echo docker.io
            # Newer releases package the client apart from the daemon.
            if ! have docker; then
                if apt-cache show docker-cli >/dev/null 2>&1; then echo docker-cli; else echo docker.io; fi
            fi
            have docker-registry || echo docker-registry
            have mmdebstrap || echo mmdebstrap
            have flock || echo util-linux
            have sshd || echo openssh-server
            have ssh || echo openssh-client
            control_groups_mounted || echo cgroupfs-mount
            ;;
        process) have bwrap || echo bubblewrap ;;
        demo)
            # Where Docker answers the demo pulls its image; elsewhere it works in the process sandbox.
            if ! have docker || ! docker info >/dev/null 2>&1; then
                have bwrap || echo bubblewrap
                [ -e /usr/bin/python3 ] || echo python3
            fi
            ;;
        hosts)
            have ssh || echo openssh-client
            [ -x /usr/sbin/sshd ] || echo openssh-server
            have busybox || echo busybox
            ;;
        real)
            have python3 || echo python3
            { have pip3 || have pip; } || echo python3-pip
            have npm || echo npm
            ;;
        esac
    done | sort -u
}

control_groups_mounted() { grep -q ' cgroup2\? ' /proc/self/mounts; }

# Installs what is missing for the parts named, or says what to install; Rust has to have what checks of the source need.
need_tools() {
    need_rust
    cargo fmt --version >/dev/null 2>&1 || die "rustfmt is missing: run 'rustup component add rustfmt'"
    cargo clippy --version >/dev/null 2>&1 || die "clippy is missing: run 'rustup component add clippy'"
    need_packages "$@"
}

need_rust() {
    have cargo && have rustc || die "Rust is not installed: install it with rustup (see rust-version in Cargo.toml)"
}

# The same for those who only build.
need_packages() {
    local missing
    need_rust
    missing=$(missing_packages "$@" | xargs)
    if [ -n "$missing" ]; then
        have apt-get || die "these Debian packages or their like are needed: $missing"
        may_be_root || die "please install what is missing: sudo apt-get install --no-install-recommends $missing"
        say "installing: $missing"
        as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
        # Looked up again: only now are the package lists fresh, and one name depends on them.
        missing=$(missing_packages "$@" | xargs)
        # shellcheck disable=SC2086 # a list of package names
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
        control_groups_mounted || ! have cgroupfs-mount || as_root cgroupfs-mount
        hash -r
        missing=$(missing_packages "$@" | xargs)
        [ -z "$missing" ] || die "still missing after the installation: $missing"
    fi
    say "$(rustc --version); $(git --version)"
    if have dockerd; then say "$(dockerd --version)"; fi
}
