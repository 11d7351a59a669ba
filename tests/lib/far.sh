# shellcheck shell=bash
# Another machine for the tests: a second Docker engine and an sshd, both in a mount namespace of their own, whose /root and
# /tmp are others than here, and which knows one user more: dog, who may use Docker. Sourced after engine.sh, whose engine lends
# its base image.
#
# $far_dir holds what a test needs: port, host_key.pub, user_key, docker.sock (for a look behind the back), sshd-start.

far_dir=

start_far() {
    local near=$engine_dir near_socket=$engine_socket port try file
    far_dir=$(mktemp -d /var/tmp/dogwatch-engine.XXXXXX)
    chmod 711 "$far_dir"
    mkdir "$far_dir/client" "$far_dir/root" "$far_dir/dog"
    for file in passwd group shadow; do as_root cp "/etc/$file" "$far_dir/$file"; done
    # The socket belongs to the group of whoever runs the tests.
    as_root sed -i -E "s/^([^:]*:[^:]*:$(id -g):.*[^:])\$/\\1,dog/; s/^([^:]*:[^:]*:$(id -g):)\$/\\1dog/" "$far_dir/group"
    echo 'dog:x:12345:' | as_root tee -a "$far_dir/group" >/dev/null
    echo "dog:x:12345:12345::$far_dir/dog:/bin/sh" | as_root tee -a "$far_dir/passwd" >/dev/null
    echo 'dog:*:19000:0:99999:7:::' | as_root tee -a "$far_dir/shadow" >/dev/null
    as_root chown 12345:12345 "$far_dir/dog"
    printf '%s %s\n' "$$" "$(started_at $$)" >"$far_dir/owner"
    echo '{}' >"$far_dir/settings.json"
    ssh-keygen -q -t ed25519 -N '' -f "$far_dir/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$far_dir/user_key"
    cp "$far_dir/user_key.pub" "$far_dir/authorized_keys"
    as_root mkdir -p /run/sshd
    # The namespace lives as long as dockerd does.
    engine_dir=$far_dir engine_socket=$far_dir/docker.sock
    engine_world=(unshare -m --propagation private sh -c
        'mount --bind "$1/root" /root && mount -t tmpfs tmpfs /tmp &&
        for file in passwd group shadow; do mount --bind "$1/$file" "/etc/$file" || exit; done; shift; exec "$@"' sh "$far_dir")
    launch_engine
    engine_world=()
    docker --config "$near/client" --host "unix://$near_socket" save dogwatch-test-base:1 | tests_docker load >/dev/null
    engine_dir=$near engine_socket=$near_socket
    printf '#!/bin/sh\nexec nsenter -m -t "$(cat %s/pid)" /usr/sbin/sshd -f %s/sshd_config -E %s/sshd.log\n' \
        "$far_dir" "$far_dir" "$far_dir" >"$far_dir/sshd-start"
    chmod 755 "$far_dir/sshd-start"
    for try in 1 2 3 4 5; do
        port=$((20000 + (RANDOM + try) % 12000))
        cat >"$far_dir/sshd_config" <<CONFIG
Port $port
ListenAddress 127.0.0.1
HostKey $far_dir/host_key
AuthorizedKeysFile $far_dir/authorized_keys
PidFile $far_dir/sshd.pid
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
AllowStreamLocalForwarding yes
CONFIG
        as_root "$far_dir/sshd-start" && wait_for 10 "the sshd on port $port" test -s "$far_dir/sshd.pid" && break
    done
    test -s "$far_dir/sshd.pid" || die "sshd did not start; see $far_dir/sshd.log"
    echo "$port" >"$far_dir/port"
    say "another machine: port $port, $far_dir"
}

# Safe to call twice.
stop_far() {
    [ -n "$far_dir" ] || return 0
    end_engine "$far_dir"
    far_dir=
}
