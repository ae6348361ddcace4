// SPDX-License-Identifier: Apache-2.0
// What WebCrypto calls the algorithms, and the little arithmetic around it.
import { refuse } from './fault.js';

/** crypto - node 18 has it as a module alone */
export const crypto = globalThis.crypto ?? (await import('node:crypto')).webcrypto;
export const subtle = crypto.subtle;

const digests = { sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' };
const words = Object.fromEntries(Object.entries(digests).map(([word, name]) => [name, word]));
const ciphers = { gcm: 'AES-GCM', cbc: 'AES-CBC' };

/** digestName - undefined where WebCrypto has none of that name */
export const digestName = (word) => digests[word];
export const digestWord = (name) => words[name];
export const digest = async (word, octets) => new Uint8Array(await subtle.digest(digests[word], octets));

export const curves = {
	'P-256': { field: 32, digest: 'sha256' },
	'P-384': { field: 48, digest: 'sha384' },
	'P-521': { field: 66, digest: 'sha512' },
};

/** cipherName - "aes256-gcm" as WebCrypto's algorithm and key size, or undefined */
export function cipherName(word) {
	const [, bits, mode] = /^aes(128|192|256)-(gcm|cbc)$/.exec(word) ?? [];
	return mode && { name: ciphers[mode], length: Number(bits), aead: mode === 'gcm' };
}

export function join(...pieces) {
	const out = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		out.set(piece, at);
		at += piece.length;
	}
	return out;
}

export const same = (a, b) => a.length === b.length && a.every((octet, i) => octet === b[i]);

/** kdf - X9.63 (P-06): WebCrypto has none, so it is made of digests */
export async function kdf(word, secret, info, size) {
	let out = new Uint8Array(0);
	for (let counter = 1; out.length < size; counter++) {
		const count = new Uint8Array(4);
		new DataView(count.buffer).setUint32(0, counter);
		const block = join(secret, count, info);
		out = join(out, await digest(word, block));
		block.fill(0);
	}
	return out.subarray(0, size);
}

/**
 * agreedKey - the AES key wrap key of an ECDH (RFC 5753)
 * @param {CryptoKey} privateKey usage deriveBits
 * @param {CryptoKey} publicKey
 */
export async function agreedKey(privateKey, publicKey, { kdf: word, wrap_octets, shared_info }, usage) {
	const bits = curves[privateKey.algorithm.namedCurve].field * 8;
	const secret = new Uint8Array(await subtle.deriveBits({ name: 'ECDH', public: publicKey }, privateKey, bits));
	const octets = await kdf(word, secret, shared_info, wrap_octets);
	secret.fill(0);
	const key = await subtle.importKey('raw', octets, 'AES-KW', false, [usage]);
	octets.fill(0);
	return key;
}

/** verifier - a public key as WebCrypto checks signatures with it; null where it cannot */
export async function verifier(certificate, signer) {
	const hash = digestName(signer.digest);
	let algorithm = null;
	if (signer.algorithm === 'rsa' && certificate.key === 'rsa') algorithm = { name: 'RSASSA-PKCS1-v1_5', hash };
	if (signer.algorithm === 'rsa-pss' && certificate.key === 'rsa') algorithm = { name: 'RSA-PSS', hash, saltLength: signer.pss_salt };
	if (signer.algorithm === 'ecdsa' && certificate.key === 'ec' && certificate.curve in curves) algorithm = { name: 'ECDSA', hash, namedCurve: certificate.curve };
	if (!algorithm || !hash) return null;
	try {
		const key = await subtle.importKey('spki', certificate.spki, algorithm, false, ['verify']);
		return (signature, octets) => subtle.verify(algorithm, key, signature, octets);
	} catch {
		return null;
	}
}

/** needKey - a CryptoKey that may do one of these */
export function needKey(key, usages, what) {
	if (!(key?.usages ?? []).some((usage) => usages.includes(usage))) refuse('usage', `${what} needs a CryptoKey with the usage ${usages.join(' or ')}: import it so (it need not be extractable)`);
}
