# shellcheck shell=bash
# The images of the Docker tests, made from Debian's or Ubuntu's packages: no image registry is needed.
# Sourced after common.sh. The tarballs are kept in the cache directory under names that hold their recipe's hash.

# What the image has: a test runner each for Python, JavaScript and Rust, and the usual small tools.
image_packages=python3,python3-pytest,nodejs,cargo,rustc,gcc,libc6-dev,make,ca-certificates,procps
# What the image with a browser has. It is large, so it is an image of its own, for the tests of pages alone. Ubuntu has no
# such package.
browser_packages=python3,python3-pytest,chromium-headless-shell,fonts-dejavu-core,ca-certificates
# What they need not have: documents, translations, link-time optimisation and sanitizers.
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

# Prints the paths of the tarballs of the images; each is made if it is not cached.
base_image_tarball() { image_tarball base "$image_packages"; }
browser_image_tarball() { image_tarball browser "$browser_packages"; }

image_tarball() {
    local name=$1 packages=$2 cache codename recipe tarball sources line
    local options=()
    cache=$(cache_dir)
    # shellcheck source=/dev/null
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:?}")
    recipe=$(printf '%s\n' 1 "$codename" "$(dpkg --print-architecture)" "$packages" "${image_excluded[@]}" |
        sha256sum | cut -c1-16)
    tarball=$cache/$name-$recipe.tar
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
        warn "making the $name image from $codename's packages (kept in $cache)"
        as_root mmdebstrap --quiet --format=tar --variant=apt --dpkgopt=force-unsafe-io "${options[@]}" \
            --include="$packages" "$codename" - - <<<"$sources" >"$tarball.part" ||
            {
                rm -f "$tarball.part"
                die "mmdebstrap could not make the $name image"
            }
        mv "$tarball.part" "$tarball"
        # Older recipes' tarballs are of no more use.
        find "$cache" -maxdepth 1 -name "$name-*.tar" ! -name "$name-$recipe.tar" -delete
    ) 9>"$cache/$name.lock" || return 1
    printf '%s\n' "$tarball"
}
