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

/** x963 - P-06: WebCrypto has none, so it is made of digests */
async function x963(word, secret, info, size) {
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

async function hkdf(word, secret, info, size, salt) {
	const key = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
	return new Uint8Array(await subtle.deriveBits({ name: 'HKDF', hash: digests[word], salt: salt ?? new Uint8Array(0), info }, key, size * 8));
}

const schemes = { x963, hkdf };
export const hasScheme = ({ scheme, kdf }) => scheme in schemes && kdf in digests;

/** secretOf - Z; an all-zero one stops it, whatever the platform thinks of it */
async function secretOf(privateKey, publicKey) {
	const { name, namedCurve } = privateKey.algorithm;
	const bits = name === 'X25519' ? 256 : curves[namedCurve].field * 8;
	const secret = new Uint8Array(await subtle.deriveBits({ name, public: publicKey }, privateKey, bits));
	if (secret.every((octet) => octet === 0)) throw new Error('all zero');
	return secret;
}

/**
 * agreedKey - the AES key wrap key of an agreement (RFC 5753, RFC 8418)
 * @param {CryptoKey} privateKey for ECDH or X25519, usage deriveBits
 * @param {CryptoKey} publicKey
 */
export async function agreedKey(privateKey, publicKey, { scheme, kdf, wrap_octets, info, salt }, usage) {
	const secret = await secretOf(privateKey, publicKey);
	const octets = await schemes[scheme](kdf, secret, info, wrap_octets, salt);
	secret.fill(0);
	const key = await subtle.importKey('raw', octets, 'AES-KW', false, [usage]);
	octets.fill(0);
	return key;
}

/** derivedKey - RFC 9709: the key for the cipher comes from the content key and the cipher's name */
export async function derivedKey(octets, info, cipher) {
	const key = await subtle.importKey('raw', octets, 'HKDF', false, ['deriveKey']);
	const salt = new TextEncoder().encode('The Cryptographic Message Syntax');
	return subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt, info }, key, { name: cipher.name, length: cipher.length }, false, ['decrypt']);
}

/** verifier - a public key as WebCrypto checks signatures with it; null where it cannot */
export async function verifier(certificate, signer) {
	const hash = digestName(signer.digest);
	let algorithm = null;
	if (signer.algorithm === 'rsa' && certificate.key === 'rsa') algorithm = { name: 'RSASSA-PKCS1-v1_5', hash };
	if (signer.algorithm === 'rsa-pss' && certificate.key === 'rsa') algorithm = { name: 'RSA-PSS', hash, saltLength: signer.pss_salt };
	if (signer.algorithm === 'ecdsa' && certificate.key === 'ec' && certificate.curve in curves) algorithm = { name: 'ECDSA', hash, namedCurve: certificate.curve };
	if (signer.algorithm === 'ed25519' && certificate.key === 'ed25519') algorithm = { name: 'Ed25519' };
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
