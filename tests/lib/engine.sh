# shellcheck shell=bash
# A Docker engine of the tests' own: its own data, state, socket and containerd, never the machine's.
# Sourced after common.sh. Everything lives in one directory, whose name tells a later run whose it was.

engine_dir=
engine_socket=
registry_pid=
registry_address=

# Docker settings of the caller must not lead a test to another engine.
unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION DOCKER_DRIVER

tests_docker() { docker --config "$engine_dir/client" --host "unix://$engine_socket" "$@"; }

# The moment a process started, in clock ticks since boot: with its id it names one process for good.
# Prints nothing for one that has ended, be it collected by its parent or not.
started_at() { sed -n -E 's/^.*\) ([^ZX] .*)$/\1/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# Starts the engine: start_engine. Sets engine_dir and engine_socket.
start_engine() {
    reap_lost_engines
    engine_dir=$(mktemp -d /var/tmp/dogwatch-engine.XXXXXX)
    engine_socket=$engine_dir/docker.sock
    mkdir "$engine_dir/client"
    printf '%s %s\n' "$$" "$(started_at $$)" >"$engine_dir/owner"
    # The machine's own daemon settings are not ours.
    make_runtimes
    settings_of >"$engine_dir/settings.json"
    launch_engine
    say "engine: $(tests_docker info --format '{{.ServerVersion}}, storage {{.Driver}}, cgroup v{{.CgroupVersion}}')"
}

# Runtimes that are not what they are called: `copy` is runc, and so is `runsc`, which by its name would be gVisor; in `deaf` a
# container lacks the directory of its gateway.
make_runtimes() {
    local runc
    runc=$(command -v runc || echo /usr/sbin/runc)
    mkdir -p "$engine_dir/runtimes"
    printf '#!/bin/sh\nexec %s "$@"\n' "$runc" >"$engine_dir/runtimes/copy"
    cp "$engine_dir/runtimes/copy" "$engine_dir/runtimes/runsc"
    cat >"$engine_dir/runtimes/deaf" <<EOF
#!/bin/sh
bundle=
for word; do
    if [ "\$bundle" = next ]; then bundle=\$word; fi
    if [ "\$word" = --bundle ]; then bundle=next; fi
done
if [ -f "\$bundle/config.json" ]; then
    perl -0pi -e 's/,\{"destination":"\/dogwatch\/gateway"[^}]*\}//' "\$bundle/config.json"
fi
exec $runc "\$@"
EOF
    chmod 755 "$engine_dir"/runtimes/*
}

# Prints the daemon's settings: those that are given, and the runtimes.
settings_of() {
    local known
    known="\"copy\": {\"path\": \"$engine_dir/runtimes/copy\"}, \"runsc\": {\"path\": \"$engine_dir/runtimes/runsc\"}"
    known="$known, \"deaf\": {\"path\": \"$engine_dir/runtimes/deaf\"}"
    if command -v crun >/dev/null; then known="$known, \"crun\": {\"path\": \"$(command -v crun)\"}"; fi
    printf '{%s"runtimes": {%s}}\n' "${1:+$1, }" "$known"
}

# Starts dockerd in engine_dir, for the first time or again, and waits until it answers.
launch_engine() {
    # One name for as long as the directory lives: a restarted engine must find its containers.
    local namespace=dogwatch-${engine_dir##*.}
    # A session of its own, so that Ctrl-C reaches this script first. The proxies of the caller are not for 127.0.0.1.
    # No bridge and no packet filter: containers have no network or the host's.
    as_root env -u HTTP_PROXY -u HTTPS_PROXY -u http_proxy -u https_proxy setsid dockerd \
        --host "unix://$engine_socket" --group "$(id -g)" --data-root "$engine_dir/data" --exec-root "$engine_dir/exec" \
        --pidfile "$engine_dir/pid" --config-file "$engine_dir/settings.json" \
        --containerd-namespace "$namespace" --containerd-plugins-namespace "$namespace-plugins" \
        --bridge=none --iptables=false --ip6tables=false \
        </dev/null >>"$engine_dir/log" 2>&1 &
    if ! wait_for 60 "the tests' Docker engine" tests_docker version; then
        tail -n 30 "$engine_dir/log" >&2
        die "dockerd did not start; its log is above"
    fi
}

# Stops dockerd, which takes its running containers down, and starts it again; for tests/lib/restart-engine.
restart_engine() {
    local pid
    pid=$(cat "$engine_dir/pid")
    is_process_of "$pid" "$engine_dir" || die "no engine works in $engine_dir"
    as_root kill -TERM "$pid"
    wait_for 60 "the engine's end" gone "$pid" || die "dockerd did not stop"
    launch_engine
}

# Ends the engine of a directory with all that it started, then removes the directory.
# Containers and volumes of this engine are all the tests': nobody else knows its socket.
end_engine() {
    local dir=$1 pid ids
    local client=(docker --config "$dir/client" --host "unix://$dir/docker.sock")
    pid=$(cat "$dir/pid" 2>/dev/null || true)
    if [ -n "$pid" ] && is_process_of "$pid" "$dir"; then
        ids=$(timeout 20 "${client[@]}" ps -aq --no-trunc 2>/dev/null | xargs || true)
        # shellcheck disable=SC2086 # a list of ids
        if [ -n "$ids" ]; then timeout 60 "${client[@]}" rm -f -v $ids >/dev/null || true; fi
        as_root kill -TERM "$pid" 2>/dev/null || true
        wait_for 20 "the engine's end" gone "$pid" || as_root kill -KILL "$pid" 2>/dev/null || true
    fi
    # What a killed engine leaves behind: its containerd, the shims with their containers, and mounts.
    for pid in $(processes_of "$dir"); do as_root kill -KILL "$pid" 2>/dev/null || true; done
    awk -v dir="$dir/" 'index($2, dir) == 1 { print $2 }' /proc/self/mounts | sort -r |
        while IFS= read -r mount; do as_root umount -l "$mount" || true; done
    as_root rm -rf --one-file-system "$dir"
}

gone() { [ -z "$(started_at "$1")" ]; }

# Whether a process was started with this directory in its arguments.
is_process_of() { tr '\0' '\n' <"/proc/$1/cmdline" 2>/dev/null | grep -qF -- "$2/"; }

# Prints the ids of dockerd, containerd, shims and registry that work in this directory, and of the containers' processes.
processes_of() {
    local entry pid
    for entry in /proc/[0-9]*; do
        pid=${entry#/proc/}
        case $(cat "$entry/comm" 2>/dev/null) in
        dockerd | containerd* | docker-registry)
            is_process_of "$pid" "$1" || continue
            cat "$entry"/task/*/children 2>/dev/null | xargs -r -n 1
            echo "$pid"
            ;;
        esac
    done | sort -u
    return 0
}

# A run that was killed outright leaves its engine; the next run ends it, if its owner is truly gone.
reap_lost_engines() {
    local dir owner start
    for dir in /var/tmp/dogwatch-engine.*; do
        [ -O "$dir" ] && [ ! -L "$dir" ] && [ -f "$dir/owner" ] || continue
        read -r owner start <"$dir/owner" || continue
        [ "$(started_at "$owner")" = "$start" ] && continue
        say "ending what a killed run left: $dir"
        end_engine "$dir"
    done
}

# Imports the base image and a tiny one (a single file) under the names that the tests are told.
import_images() {
    local tarball
    tarball=$(base_image_tarball)
    tests_docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        "$tarball" dogwatch-test-base:1 >/dev/null
    mkdir "$engine_dir/tiny"
    printf 'nothing else is in this image\n' >"$engine_dir/tiny/only-file"
    tar -C "$engine_dir/tiny" --owner=0 --group=0 -cf - only-file | tests_docker import - dogwatch-test-tiny:1 >/dev/null
    tests_docker image ls --format '{{.Repository}}:{{.Tag}} {{.Size}}'
}

# The same for the image with a browser; `browser_image` is its name, or `none` where the distribution has no such package.
import_browser_image() {
    local tarball
    browser_image=none
    apt-cache show chromium-headless-shell >/dev/null 2>&1 || {
        warn "this distribution has no package chromium-headless-shell: the tests of pages are left out"
        return 0
    }
    tarball=$(browser_image_tarball)
    browser_image=dogwatch-test-browser:1
    tests_docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        "$tarball" "$browser_image" >/dev/null
}

# Serves dogwatch-test-small:1 (8 MB) from a registry on this machine, so that pulling can be tested.
start_registry() {
    local port try
    mkdir "$engine_dir/registry" "$engine_dir/small"
    for try in 1 2 3 4 5; do
        port=$((20000 + (RANDOM + try) % 12000))
        cat >"$engine_dir/registry.yml" <<EOF
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: $engine_dir/registry}, delete: {enabled: true}}
http: {addr: 127.0.0.1:$port}
EOF
        setsid docker-registry serve "$engine_dir/registry.yml" </dev/null >"$engine_dir/registry.log" 2>&1 &
        registry_pid=$!
        # Ours only if the process still lives: a port that is taken ends it at once.
        if wait_for 10 "the registry on port $port" answers "$port" && kill -0 "$registry_pid" 2>/dev/null; then
            head -c 8000000 /dev/urandom >"$engine_dir/small/bytes"
            tar -C "$engine_dir/small" -cf - bytes | tests_docker import - "127.0.0.1:$port/dogwatch-test-small:1" >/dev/null
            tests_docker push -q "127.0.0.1:$port/dogwatch-test-small:1" >/dev/null
            tests_docker image rm "127.0.0.1:$port/dogwatch-test-small:1" >/dev/null
            registry_address=127.0.0.1:$port
            say "registry: $registry_address"
            return 0
        fi
        stop_registry
    done
    tail -n 20 "$engine_dir/registry.log" >&2
    die "docker-registry did not start; its log is above"
}

answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

stop_registry() {
    [ -n "$registry_pid" ] || return 0
    kill -TERM "$registry_pid" 2>/dev/null || true
    wait "$registry_pid" 2>/dev/null || true
    registry_pid=
}

# Ends registry and engine; safe to call twice.
stop_engine() {
    stop_registry
    [ -n "$engine_dir" ] || return 0
    end_engine "$engine_dir"
    engine_dir=
}
