# shellcheck shell=bash
# The base image of the Docker tests, made from Debian's or Ubuntu's packages: no image registry is needed.
# Sourced after common.sh. The tarball is kept in the cache directory under a name that holds the recipe's hash.

# What the image has: a test runner each for Python, JavaScript and Rust, and the usual small tools.
image_packages=python3,python3-pytest,nodejs,cargo,rustc,gcc,libc6-dev,make,ca-certificates,procps
# What it need not have: documents, translations, link-time optimisation and sanitizers.
image_excluded=(
    '/usr/share/man/*' '/usr/share/doc/*' '/usr/share/info/*' '/usr/share/locale/*' '/usr/share/lintian/*'
    '/usr/bin/*lto-dump*' '/usr/lib/gcc/*/*/lto1' '/usr/lib/*/lib?san.so*' '/usr/lib/gcc/*/*/lib?san*'
    '/usr/lib/*/libubsan.so*' '/usr/lib/gcc/*/*/libubsan*'
)

# Prints apt source lines for the distribution's own archives as this machine reaches them, third parties left out.
host_sources() {
    apt-get indextargets --format '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)' 'Created-By: Packages' | sort -u |
        while IFS='|' read -r uri release component origin; do
            case $origin in Debian | Ubuntu) printf 'deb %s %s %s\n' "$uri" "$release" "$component" ;; esac
        done
}

# Prints mmdebstrap options that carry this machine's proxy and certificate settings into its apt.
host_apt_options() {
    apt-config dump | sed -n -E 's/^(Acquire::(http|https)::[^ ]+ ".*");$/--aptopt=\1;/p'
}

# Makes the tarball if it is not cached, and prints its path.
base_image_tarball() {
    local cache codename recipe tarball sources line
    local options=()
    cache=$(cache_dir)
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:?}")
    recipe=$(printf '%s\n' 1 "$codename" "$(dpkg --print-architecture)" "$image_packages" "${image_excluded[@]}" |
        sha256sum | cut -c1-16)
    tarball=$cache/base-$recipe.tar
    (
        # One maker at a time: two runs on one machine share the cache.
        flock 9
        [ -s "$tarball" ] && exit 0
        sources=$(host_sources)
        if [ -z "$sources" ]; then
            may_be_root || die "apt has no package lists: run 'sudo apt-get update'"
            as_root apt-get update -qq
            sources=$(host_sources)
        fi
        [ -n "$sources" ] || die "no Debian or Ubuntu archive among this machine's apt sources"
        for line in "${image_excluded[@]}"; do options+=("--dpkgopt=path-exclude=$line"); done
        while IFS= read -r line; do [ -z "$line" ] || options+=("$line"); done < <(host_apt_options)
        warn "making the base image from $codename's packages (kept in $cache)"
        as_root mmdebstrap --quiet --format=tar --variant=apt --dpkgopt=force-unsafe-io "${options[@]}" \
            --include="$image_packages" "$codename" - - <<<"$sources" >"$tarball.part" ||
            {
                rm -f "$tarball.part"
                die "mmdebstrap could not make the base image"
            }
        mv "$tarball.part" "$tarball"
        # Older recipes' tarballs are of no more use.
        find "$cache" -maxdepth 1 -name 'base-*.tar' ! -name "base-$recipe.tar" -delete
    ) 9>"$cache/base.lock" || return 1
    printf '%s\n' "$tarball"
}
