// SPDX-License-Identifier: Apache-2.0
// Certificates and messages for one run, and the judges: openssl and the native waxwing.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MODULE = process.env.WAXWING_WASM ?? '';
const WAXWING = process.env.WAXWING ?? '';
export const FROM = 'alice@corp.example';

const keys = {
	rsa: ['-newkey', 'rsa:2048'],
	'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
	'P-384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
	'P-521': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521'],
};
export const kinds = Object.keys(keys);
const edwards = { ed25519: 'digitalSignature', x25519: 'keyAgreement' };

const config = `[req]
distinguished_name=dn
[dn]
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[rsa]
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=emailProtection
subjectAltName=email:${FROM}
subjectKeyIdentifier=hash
[ec]
keyUsage=critical,digitalSignature,keyAgreement
extendedKeyUsage=emailProtection
subjectAltName=email:${FROM}
subjectKeyIdentifier=hash
`;

export const text = 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nDear Bob,\r\nthe figures: caf=C3=A9, 100 %.\r\n';

/** A folder of its own, with a root and a person for each kind of key. */
export class World {
	constructor() {
		this.folder = mkdtempSync(join(tmpdir(), 'waxwing-web-'));
		this.write('world.cnf', config);
		this.openssl('req', '-x509', ...keys['P-256'], '-nodes', '-config', 'world.cnf', '-extensions', 'ca', '-subj', '/CN=Root', '-days', '3650', '-keyout', 'root.key', '-out', 'root.pem');
		this.people = Object.fromEntries(kinds.map((kind) => [kind, this.person(kind, `Alice ${kind}`)]));
		this.stranger = this.person('rsa', 'Stranger');
	}

	person(kind, name) {
		const file = name.replaceAll(' ', '-');
		this.openssl('req', '-new', ...keys[kind], '-nodes', '-config', 'world.cnf', '-subj', `/CN=${name}`, '-keyout', `${file}.key`, '-out', `${file}.csr`);
		this.openssl('x509', '-req', '-in', `${file}.csr`, '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '730', '-extfile', 'world.cnf', '-extensions', kind === 'rsa' ? 'rsa' : 'ec', '-out', `${file}.pem`);
		this.openssl('x509', '-in', `${file}.pem`, '-outform', 'DER', '-out', `${file}.der`);
		this.openssl('pkcs8', '-topk8', '-nocrypt', '-in', `${file}.key`, '-outform', 'DER', '-out', `${file}.p8`);
		return { kind, key: `${file}.key`, pem: `${file}.pem`, certificate: this.read(`${file}.der`), pkcs8: this.read(`${file}.p8`) };
	}

	/** edward - a person with a key of Ed25519 or X25519, certified by the root */
	edward(kind) {
		this.openssl('genpkey', '-algorithm', kind, '-out', `${kind}.key`);
		this.openssl('pkey', '-in', `${kind}.key`, '-pubout', '-out', `${kind}.pub`);
		this.write(`${kind}.cnf`, `keyUsage=critical,${edwards[kind]}\nextendedKeyUsage=emailProtection\nsubjectAltName=email:${FROM}\nsubjectKeyIdentifier=hash\n`);
		this.openssl('req', '-new', '-key', this.people.rsa.key, '-config', 'world.cnf', '-subj', `/CN=Alice ${kind}`, '-out', 'any.csr');
		this.openssl('x509', '-req', '-in', 'any.csr', '-force_pubkey', `${kind}.pub`, '-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-days', '730', '-extfile', `${kind}.cnf`, '-out', `${kind}.pem`);
		this.openssl('x509', '-in', `${kind}.pem`, '-outform', 'DER', '-out', `${kind}.der`);
		this.openssl('pkcs8', '-topk8', '-nocrypt', '-in', `${kind}.key`, '-outform', 'DER', '-out', `${kind}.p8`);
		return { kind, key: `${kind}.key`, pem: `${kind}.pem`, certificate: this.read(`${kind}.der`), pkcs8: this.read(`${kind}.p8`) };
	}

	write(name, octets) {
		writeFileSync(join(this.folder, name), octets);
		return name;
	}

	read(name) {
		return readFileSync(join(this.folder, name));
	}

	run(program, words, { good = true } = {}) {
		const done = spawnSync(program, words, { cwd: this.folder, maxBuffer: 1 << 28 });
		if (done.error) throw done.error;
		if (good && done.status !== 0) throw new Error(`${program} ${words.join(' ')}: ${done.status}\n${done.stderr}`);
		return done;
	}

	openssl(...words) {
		return this.run('openssl', words).stdout;
	}

	/** made - what `openssl cms` writes of an entity */
	made(entity, ...words) {
		this.write('entity', entity);
		this.openssl('cms', ...words, '-in', 'entity', '-out', 'made');
		return this.read('made');
	}

	/** message - an entity behind the fields of a message */
	message(entity) {
		return Buffer.concat([Buffer.from(`From: Alice <${FROM}>\r\nTo: bob@partner.example\r\nSubject: figures\r\nDate: ${new Date().toUTCString()}\r\nMIME-Version: 1.0\r\n`), entity]);
	}

	sealed(message, ...words) {
		this.write('message', message);
		this.run(WAXWING, ['seal', 'message', '--from', FROM, '--out', 'sealed', ...words]);
		return this.read('sealed');
	}

	/** opened - the verdict of the native program, and what it found inside */
	opened(message, ...words) {
		this.write('message', message);
		const { stdout } = this.run(WAXWING, ['open', 'message', '--json', '--out', 'opened', '--anchor', 'root.pem', ...words]);
		return { ...JSON.parse(stdout).verdict, content: this.read('opened') };
	}

	end() {
		rmSync(this.folder, { recursive: true });
	}
}
