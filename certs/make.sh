#!/bin/sh
# Makes certificates for an authority that does not use the CA that `sealane init` makes. Needs openssl 3.
set -eu

usage() {
    cat >&2 <<'TEXT'
usage: make.sh ca NAME DIR        a certificate authority of your own: DIR/ca.key, DIR/ca.pem
       make.sh node NAME DIR      a node certificate from DIR/ca.key: DIR/tls.key, DIR/tls.pem
       make.sh request NAME DIR   a request for somebody else's CA: DIR/tls.key, DIR/tls.csr
NAME is the authority's name, such as customs.xa.example. An existing tls.key is used again; nothing is overwritten.
TEXT
    exit 2
}

fail() {
    echo "make.sh: $1" >&2
    exit 1
}

refuse_existing() {
    if [ -e "$1" ]; then
        fail "$1 exists already: move it away first"
    fi
}

# What a peer demands of a node certificate: exactly one dNSName, and use at both ends of a connection.
extensions() {
    cat <<TEXT
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth, clientAuth
subjectAltName = DNS:$name
TEXT
}

make_ca() {
    refuse_existing "$dir/ca.key"
    refuse_existing "$dir/ca.pem"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/ca.key"
    # The CA can name this authority only, so a stolen ca.key cannot pass for another one.
    openssl req -x509 -new -sha256 -key "$dir/ca.key" -out "$dir/ca.pem" -days 3650 \
        -subj "/CN=$(printf '%s CA' "$name" | cut -c1-64)" \
        -addext "keyUsage = critical, keyCertSign, cRLSign" \
        -addext "nameConstraints = critical, permitted;DNS:$name"
}

make_tls_key() {
    if [ ! -e "$dir/tls.key" ]; then
        openssl genpkey -algorithm ED25519 -out "$dir/tls.key"
    fi
}

make_request() {
    refuse_existing "$dir/tls.csr"
    make_tls_key
    extensions >"$scratch/extensions"
    {
        printf '[req]\ndistinguished_name = dn\nreq_extensions = ext\nprompt = no\n[dn]\nCN = sealane node\n[ext]\n'
        cat "$scratch/extensions"
    } >"$scratch/request.cnf"
    openssl req -new -config "$scratch/request.cnf" -key "$dir/tls.key" -out "$dir/tls.csr"
}

make_node() {
    refuse_existing "$dir/tls.pem"
    [ -e "$dir/ca.key" ] || fail "$dir/ca.key is missing: run 'make.sh ca $name $dir' first"
    make_tls_key
    extensions >"$scratch/extensions"
    openssl req -new -key "$dir/tls.key" -subj "/CN=sealane node" -out "$scratch/tls.csr"
    openssl x509 -req -sha256 -in "$scratch/tls.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" \
        -set_serial "0x4$(openssl rand -hex 15)" -days 90 -extfile "$scratch/extensions" -out "$dir/tls.pem"
    openssl verify -CAfile "$dir/ca.pem" "$dir/tls.pem"
}

[ $# -eq 3 ] || usage
command=$1
name=$2
dir=$3

case $name in
    *[!a-z0-9.-]* | .* | *. | *..* | -* | *-) fail "'$name' is not an authority name: use lower-case letters, digits, hyphens and dots" ;;
    *.*) ;;
    *) fail "'$name' is not an authority name: it needs at least two parts, such as customs.xa.example" ;;
esac

# Keys are for the node's own user alone.
umask 077
mkdir -p "$dir"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

case $command in
    ca) make_ca ;;
    node) make_node ;;
    request) make_request ;;
    *) usage ;;
esac
