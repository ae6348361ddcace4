// SPDX-License-Identifier: Apache-2.0
import { Pool } from './core.js';
import { encrypt } from './encrypt.js';
import { locate } from './mail.js';
import { open } from './open.js';
import { sign } from './sign.js';
import { verify } from './verify.js';

export { CmsFault } from './fault.js';

/**
 * @typedef {object} Identity one of: a certificate with its keys, a key's name with the key, a password
 * @property {Uint8Array} [certificate] DER
 * @property {Uint8Array} [keyId] the name of a key known to both sides
 * @property {CryptoKey[]} [keys] the private key, imported for RSA-OAEP (once for each digest), ECDH or
 *   X25519, or the AES-KW key of that name; not extractable, usage unwrapKey (or decrypt), or deriveBits
 * @property {CryptoKey} [password] imported for PBKDF2, usage deriveKey
 *
 * @typedef {object} Opened
 * @property {Uint8Array} content the MIME entity inside; it may be signed: give it to verify
 * @property {'authenticated'|'unauthenticated'} encryption CBC proves nothing about the content
 * @property {string} cipher
 * @property {string} keyEncryption
 * @property {string[]} notes
 * @property {'not judged'} trust
 *
 * @typedef {object} SignerArithmetic
 * @property {boolean} right the value fits content and key; nothing is said about whose key it is
 * @property {string[]} reasons labels of the product's table of reasons
 * @property {string} algorithm
 * @property {string} digest
 * @property {boolean} weak
 * @property {Uint8Array} [certificate]
 * @property {Date} [claimedTime]
 * @property {number} countersignatures
 *
 * @typedef {object} Verified
 * @property {'right'|'wrong'|'unsupported'|'none'} arithmetic
 * @property {SignerArithmetic[]} signers
 * @property {Uint8Array} [content] what was signed
 * @property {Uint8Array[]} certificates all that were carried or given
 * @property {boolean} [outside] text stands before or after the signed part: never show it
 * @property {'not judged'} trust
 */

/** S/MIME over WebCrypto.  Every operation has a core of its own: run as many at once as you like. */
export class Cms {
	#pool;

	/** @param {WebAssembly.Module} module */
	constructor(module) {
		this.#pool = new Pool(module);
	}

	/**
	 * What stands at the root of a message (or what a bare object is)?
	 * @param {Uint8Array} octets
	 * @returns {Promise<{kind: string, type: string}>}
	 */
	look(octets) {
		return this.#pool.with((core) => {
			const found = locate(core, octets);
			return { kind: found.kind, type: core.read(found.object).type };
		});
	}

	/**
	 * Decrypts one layer.  Nothing is given out before an AEAD's tag is right.
	 * @param {Uint8Array} octets a message, or a bare CMS object
	 * @param {{identities: Identity[]}} options
	 * @returns {Promise<Opened>}
	 */
	open(octets, options) {
		return this.#pool.with((core) => open(core, octets, options));
	}

	/**
	 * Checks the arithmetic of one layer's signatures: no chain, no date, no address.
	 * @param {Uint8Array} octets a message, or a bare CMS object
	 * @param {{content?: Uint8Array, certificates?: Uint8Array[]}} [options] of a detached bare object, and of a signer who sent none
	 * @returns {Promise<Verified>}
	 */
	verify(octets, options) {
		return this.#pool.with((core) => verify(core, octets, options));
	}

	/**
	 * Signs a MIME entity: multipart/signed, or opaque.
	 * @param {Uint8Array} entity
	 * @param {{certificate: Uint8Array, chain?: Uint8Array[], key: CryptoKey, time?: Date|null, opaque?: boolean, encryptionCertificate?: Uint8Array}} options
	 * @returns {Promise<Uint8Array>} a MIME entity: put the message's own fields before it
	 */
	sign(entity, options) {
		return this.#pool.with((core) => sign(core, entity, options));
	}

	/**
	 * Encrypts a MIME entity for certificates.
	 * @param {Uint8Array} entity
	 * @param {{certificates: Uint8Array[], cipher?: string}} options
	 * @returns {Promise<Uint8Array>} a MIME entity
	 */
	encrypt(entity, options) {
		return this.#pool.with((core) => encrypt(core, entity, options));
	}
}

/**
 * @param {Response|Promise<Response>|Uint8Array|WebAssembly.Module} source waxwing-cms.wasm
 * @returns {Promise<Cms>}
 */
export async function load(source) {
	const given = await source;
	if (given instanceof WebAssembly.Module) return new Cms(given);
	return new Cms(await WebAssembly.compile(given instanceof Uint8Array ? given : await given.arrayBuffer()));
}
