// SPDX-License-Identifier: Apache-2.0
// PWRI-KEK (RFC 3211 2.3) over WebCrypto, whose AES-CBC always pads: what is decrypted without
// padding gets one more block that decrypts to a whole block of it.
import { digestName, join, subtle } from './platform.js';

const BLOCK = 16;

async function decryptBlocks(key, iv, blocks) {
	const last = blocks.subarray(blocks.length - BLOCK);
	const padding = new Uint8Array(await subtle.encrypt({ name: 'AES-CBC', iv: last }, key, new Uint8Array(0)));
	return new Uint8Array(await subtle.decrypt({ name: 'AES-CBC', iv }, key, join(blocks, padding)));
}

/** unwrapped - the key behind its check octets; every failure is one */
async function unwrapped(key, iv, wrapped) {
	if (wrapped.length < 2 * BLOCK || wrapped.length % BLOCK) throw new Error('no key');
	const split = wrapped.length - BLOCK;
	const inner = await decryptBlocks(key, wrapped.subarray(split - BLOCK, split), wrapped.subarray(split));
	const outer = join(await decryptBlocks(key, inner, wrapped.subarray(0, split)), inner);
	const plain = await decryptBlocks(key, iv, outer);
	const [n] = plain;
	const differ = [1, 2, 3].reduce((found, i) => found | (plain[i] ^ plain[i + 3] ^ 0xff), 0);
	if (differ | (n < 3) | (n > plain.length - 4)) throw new Error('no key');
	const octets = plain.slice(4, 4 + n);
	plain.fill(0);
	return octets;
}

/** passwordKey - the content key that a password opens; `password` is a CryptoKey for PBKDF2 */
export async function passwordKey(recipient, password, kek) {
	const how = { name: 'PBKDF2', hash: digestName(recipient.prf), salt: recipient.salt, iterations: recipient.iterations };
	const key = await subtle.deriveKey(how, password, { name: kek.name, length: kek.length }, false, ['encrypt', 'decrypt']);
	return unwrapped(key, recipient.iv, recipient.wrapped_key);
}
