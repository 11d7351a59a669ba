# Installs a package with each package manager by the way out, and tries what must not be. Prints a line for each.
set -u
cd /work
mirror=$(cat mirror) other=$(cat other) tls=$(cat tls)
failed=0
ok() { echo "OK $*"; }
no() {
    echo "WRONG $*"
    failed=1
}
wants() {
    what=$1 wanted=$2
    shift 2
    said=$("$@" 2>&1)
    case $said in
    *"$wanted"*) ok "$what" ;;
    *) no "$what: $said" ;;
    esac
}

wants environment "http://127.0.0.1:3649 http://127.0.0.1:3649 http://127.0.0.1:3649 http://127.0.0.1:3649" \
    sh -c 'echo $http_proxy $https_proxy $HTTP_PROXY $HTTPS_PROXY'
fetch() { python3 -c 'import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.argv[1], timeout=20).read())' "$1"; }

pip=$(ls /usr/share/python-wheels/pip-*.whl 2>/dev/null | head -n 1)
if [ -z "$pip" ] && fetch "$mirror/tools/pip.whl" >/tmp/pip.whl 2>/dev/null; then pip=/tmp/pip.whl; fi
if [ -n "$pip" ]; then
    install() {
        python3 "$pip/pip" install --no-cache-dir --disable-pip-version-check --retries 0 --target /opt/python \
            --index-url "$1/simple/" --trusted-host "${1#http://}" dwhello
    }
    wants "pip asks another host" "No matching distribution" install "$other"
    wants pip "Successfully installed dwhello" install "$mirror"
    wants "pip's package" "hello from pip" env PYTHONPATH=/opt/python python3 -c 'import dwhello; print(dwhello.hello())'
else
    echo "SKIPPED pip: neither the image nor this machine has its wheel"
fi

if fetch "$mirror/tools/npm.tar" >/tmp/npm.tar 2>/dev/null; then
    tar -xf /tmp/npm.tar -C /tmp
    mkdir -p /opt/js && cd /opt/js && echo '{}' >package.json
    install() {
        node /tmp/npm/bin/npm-cli.js install --no-audit --no-fund --no-update-notifier --fetch-retries 0 \
            --cache /tmp/npm-cache --registry "$1/npm/" dwhello
    }
    wants "npm asks another host" "403" install "$other"
    wants npm "added 1 package" install "$mirror"
    wants "npm's package" "hello from npm" node -e 'console.log(require("dwhello")())'
    cd /work
else
    echo "SKIPPED npm: this machine has none to lend"
fi

mkdir -p /opt/rust/src && cd /opt/rust
export CARGO_HOME=/opt/cargo
mkdir -p "$CARGO_HOME"
printf '[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ndwhello = "1.0"\n' >Cargo.toml
printf 'fn main() {\n    println!("{}", dwhello::hello());\n}\n' >src/main.rs
# Indexes by HTTP alone are older than this cargo's promise of them.
export RUSTC_BOOTSTRAP=1
install() {
    printf '[source.crates-io]\nreplace-with = "mirror"\n[source.mirror]\nregistry = "sparse+%s/index/"\n[net]\nretry = 0\n' \
        "$1" >"$CARGO_HOME/config.toml"
    cargo -Z sparse-registry run --quiet
}
wants "cargo asks another host" "403" install "$other"
wants cargo "hello from cargo" install "$mirror"
cd /work

rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/*
# User 0 has no capabilities here, so apt can neither become its own user nor write into that one's directory.
apt() { apt-get -o APT::Sandbox::User=root -o Dir::Cache=/tmp/apt -o Acquire::Retries=0 "$@"; }
mkdir -p /tmp/apt/archives/partial
echo "deb [trusted=yes] $other/debs ./" >/etc/apt/sources.list
wants "apt asks another host" "403" apt update
echo "deb [trusted=yes] $mirror/debs ./" >/etc/apt/sources.list
apt update && apt install -y dwhello
wants apt "hello from apt" dwhello

https() { python3 -c 'import ssl, sys, urllib.request as r
print(r.urlopen(sys.argv[1], timeout=20, context=ssl.create_default_context(cafile="ca.pem")).read().decode())' "$1"; }
wants https "hello from the mirror" https "$tls/hello"
wants "https to another host" "403 dogwatch: host not on the list" https "https://other.example.org/hello"
wants "an address" "400 dogwatch: not a host name" https "https://2130706433/hello"
wants "metadata" "HTTP Error 400" fetch "http://169.254.169.254/latest/meta-data"
wants "a port" "port not open" fetch "http://mirror.example.org/hello"
wants "a name" "name resolution" python3 -c 'import socket; print(socket.getaddrinfo("pypi.org", 443))'
wants "an address by itself" "unreachable" \
    python3 -c 'import socket; print(socket.create_connection(("1.1.1.1", 53), 5))'
wants "a datagram" "unreachable" \
    python3 -c 'import socket; print(socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("1.1.1.1", 53)))'
interfaces=$(sed -e 1,2d -e 's/:.*//' -e 's/ //g' /proc/net/dev | grep -v '^\(lo\|tunl0\|sit0\|ip6tnl0\)$')
[ -z "$interfaces" ] && ok "no interface but lo" || no "interfaces: $interfaces"
exit $failed
