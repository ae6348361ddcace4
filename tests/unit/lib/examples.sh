#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: examples.sh SEAL OPEN LIBRARY - the two examples sign, encrypt and open a message
set -eu

# refused COMMAND... - it must fail (a bare ! does not end a script)
refused() {
	if "$@" >/dev/null 2>&1; then exit 1; fi
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for example in seal open; do
	[ "$(wc -l <"$(dirname "$0")/../../../examples/$example.c")" -le 60 ]
done
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=Joe \
	-addext subjectAltName=email:joe@corp.example -keyout "$dir/key.pem" -out "$dir/cert.pem" 2>/dev/null
printf 'From: joe@corp.example\r\nTo: joe@corp.example\r\nSubject: a secret\r\nContent-Type: text/plain\r\n\r\nthe body\r\n' >"$dir/plain"
"$1" "$dir/key.pem,$dir/cert.pem" "$dir/cert.pem" <"$dir/plain" >"$dir/sealed"
grep -q 'smime-type=authEnveloped-data' "$dir/sealed"
refused grep -q 'a secret' "$dir/sealed"
"$2" "$dir/key.pem,$dir/cert.pem" "$dir/cert.pem" <"$dir/sealed" >"$dir/opened"
cat "$dir/opened"
grep -q '^from joe@corp.example: signature valid_trusted, encryption authenticated' "$dir/opened"
grep -q '^1 auth-enveloped' "$dir/opened"
grep -q '^1.1 clear-signed' "$dir/opened"
grep -q 'the body' "$dir/opened"
# through a pipe as well
cat "$dir/sealed" | "$2" "$dir/key.pem,$dir/cert.pem" "$dir/cert.pem" | grep -q 'the body'
# a key that is none, an input that is none
refused "$1" "$dir/plain" "$dir/cert.pem" <"$dir/plain"
refused "$2" "$dir/key.pem,$dir/cert.pem" "$dir/cert.pem" </dev/null
# the library shows its own names and no others
[ -z "$(nm -D --defined-only "$3" | grep -v ' waxwing_\| WAXWING_0')" ]
