// SPDX-License-Identifier: Apache-2.0
// EnvelopedData and AuthEnvelopedData for certificates: a fresh key and nonce each time (S-48).
import { refuse } from './fault.js';
import { canonical, wrapped } from './mail.js';
import { agreedKey, cipherName, crypto, curves, join, subtle } from './platform.js';

const TAG = 16;
const RSA_BITS = 2048; // S-06

async function forRsa(parsed, contentKey) {
	const key = await subtle.importKey('spki', parsed.spki, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['wrapKey']);
	if (key.algorithm.modulusLength < RSA_BITS) refuse('key_weak', `an RSA key of ${key.algorithm.modulusLength} bits is too short to encrypt to: the recipient needs one of ${RSA_BITS} or more`);
	return { algorithm: 'rsa-oaep', wrapped_key: new Uint8Array(await subtle.wrapKey('raw', contentKey, key, { name: 'RSA-OAEP' })) };
}

async function agreed(core, parsed, contentKey) {
	const x25519 = parsed.key === 'x25519';
	const algorithm = x25519 ? { name: 'X25519' } : { name: 'ECDH', namedCurve: parsed.curve };
	const theirs = await subtle.importKey('spki', parsed.spki, algorithm, false, []);
	const ours = await subtle.generateKey(algorithm, false, ['deriveBits']);
	const agreement = {
		scheme: x25519 ? 'hkdf' : 'x963',
		kdf: x25519 ? 'sha256' : curves[parsed.curve].digest,
		wrap_octets: contentKey.algorithm.length / 8,
	};
	const { info } = core.ask('agreement_info', { wrap_octets: agreement.wrap_octets });
	const wrapping = await agreedKey(ours.privateKey, theirs, { ...agreement, info }, 'wrapKey');
	return {
		algorithm: x25519 ? 'x25519' : 'ecdh',
		...agreement,
		originator: new Uint8Array(await subtle.exportKey('raw', ours.publicKey)),
		wrapped_key: new Uint8Array(await subtle.wrapKey('raw', contentKey, wrapping, 'AES-KW')),
	};
}

async function addRecipient(core, der, contentKey) {
	const parsed = core.ask('certificate', { der });
	let recipient;
	if (parsed.key === 'rsa') recipient = await forRsa(parsed, contentKey);
	else if (parsed.key === 'x25519' || (parsed.key === 'ec' && parsed.curve in curves)) recipient = await agreed(core, parsed, contentKey);
	else refuse('algorithm_unsupported', `a certificate with a key of the kind ${parsed.key} (${parsed.curve}) cannot be encrypted to here: RSA, P-256, P-384, P-521 and X25519 can`);
	core.ask('seal_recipient', { ...recipient, issuer_and_serial: parsed.issuer_and_serial });
}

async function generate(cipher) {
	try {
		return await subtle.generateKey({ name: cipher.name, length: cipher.length }, true, ['encrypt']);
	} catch {
		return refuse('algorithm_unsupported', `this platform has no AES with ${cipher.length} bits: choose aes256-gcm or aes128-gcm`);
	}
}

export async function encrypt(core, octets, { certificates, cipher: word = 'aes256-gcm' }) {
	const cipher = cipherName(word);
	if (!cipher) refuse('algorithm_unsupported', `${word} is no cipher to encrypt with: aes128-gcm, aes256-gcm, aes128-cbc and aes256-cbc are`);
	const entity = canonical(octets);
	const contentKey = await generate(cipher);
	const iv = crypto.getRandomValues(new Uint8Array(cipher.aead ? 12 : 16));
	const sealed = new Uint8Array(await subtle.encrypt({ name: cipher.name, iv, ...(cipher.aead && { tagLength: TAG * 8 }) }, contentKey, entity));
	const octetsOut = sealed.length - (cipher.aead ? TAG : 0);
	core.ask('seal_begin', { count: certificates.length });
	for (const der of certificates) await addRecipient(core, der, contentKey);
	const { head } = core.ask('seal_head', { cipher: word, iv, cipher_octets: octetsOut });
	const { tail } = core.ask('seal_tail', { cipher: word, tag: sealed.subarray(octetsOut) });
	return wrapped(join(head, sealed.subarray(0, octetsOut), tail), cipher.aead ? 'authEnveloped-data' : 'enveloped-data');
}
