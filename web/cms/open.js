// SPDX-License-Identifier: Apache-2.0
// EnvelopedData and AuthEnvelopedData: the core plans, WebCrypto unwraps and decrypts.
import { refuse } from './fault.js';
import { locate } from './mail.js';
import { passwordKey } from './password.js';
import { agreedKey, cipherName, derivedKey, digestName, hasScheme, join, needKey, same, subtle } from './platform.js';

/** whatever went wrong once a key was tried, this is what is said */
function failed() {
	refuse('decrypt_failed', 'the message cannot be decrypted: it was altered, or was not made for this key');
}

function unsupported(what, instead) {
	refuse('algorithm_unsupported', `${what}, which WebCrypto does not do here: ${instead}`);
}

/** sized - AES-192 is missing in some browsers: said before a key is used */
async function sized(length) {
	if (length !== 192) return;
	try {
		await subtle.generateKey({ name: 'AES-CBC', length }, false, ['decrypt']);
	} catch {
		unsupported('the message needs AES-192', 'open it elsewhere, or ask the sender for AES-128 or AES-256');
	}
}

const named = (recipient, certificate) => (recipient.issuer
	? same(recipient.issuer, certificate.issuer) && same(recipient.serial, certificate.serial)
	: recipient.key_id && certificate.key_id && same(recipient.key_id, certificate.key_id));

/** meant - is this recipient the one that the identity is? */
function meant(recipient, identity) {
	if (recipient.kind === 'pwri') return Boolean(identity.password);
	if (recipient.kind === 'kekri') return Boolean(identity.keyId) && same(recipient.key_id, identity.keyId);
	return Boolean(identity.parsed) && named(recipient, identity.parsed);
}

const ways = { 'rsa-oaep': unwrapRsa, ecdh: unwrapAgreed, x25519: unwrapAgreed, kek: unwrapKek, password: unwrapPassword };

/** choose - by identifier, never by trying keys; one attempt for a message */
function choose(core, identities) {
	const known = identities.map((identity) => ({ ...identity, parsed: identity.certificate && core.ask('certificate', { der: identity.certificate }) }));
	let unusable = null, count = 0;
	for (const recipient of core.each('recipient')) {
		count++;
		const identity = known.find((each) => meant(recipient, each));
		if (!identity) continue;
		if (recipient.algorithm in ways && !recipient.wrap_weak) return { recipient, identity };
		unusable = recipient;
	}
	if (unusable?.algorithm === 'rsa') unsupported('the key was wrapped with RSAES-PKCS1-v1_5', 'ask the sender for RSAES-OAEP or ECDH, or open it with the gateway or the command line');
	if (unusable) unsupported(`the key was wrapped in a way that is not known here (${unusable.kind}, ${unusable.algorithm})`, 'open it with the command line');
	return refuse('no_key', `the message has ${count} recipients and none of the ${identities.length} identities is among them`);
}

function oaepKey(recipient, keys) {
	const hash = digestName(recipient.oaep_digest);
	if (!hash || recipient.oaep_digest !== recipient.oaep_mgf_digest) unsupported(`RSAES-OAEP with ${recipient.oaep_digest} and MGF1 with ${recipient.oaep_mgf_digest}`, 'one digest for both is what browsers have; open it with the command line');
	const key = keys.find(({ algorithm }) => algorithm.name === 'RSA-OAEP' && algorithm.hash.name === hash);
	if (!key) refuse('usage', `the message needs the key for RSA-OAEP with ${hash}, and WebCrypto ties a key to one digest: import it for ${hash} as well and give both`);
	needKey(key, ['unwrapKey', 'decrypt'], 'opening');
	return key;
}

/** target - what is unwrapped: of RFC 9709 the octets, since a key is derived from them; else a key that cannot be read */
const target = (plan, cipher) => [cipher.name, Boolean(plan.cek_info), ['decrypt']];

async function unwrapRsa(recipient, { keys }, plan, cipher) {
	const key = oaepKey(recipient, keys);
	const algorithm = { name: 'RSA-OAEP', ...(recipient.label && { label: recipient.label }) };
	try {
		if (key.usages.includes('unwrapKey')) return await subtle.unwrapKey('raw', recipient.wrapped_key, key, algorithm, ...target(plan, cipher));
		const octets = new Uint8Array(await subtle.decrypt(algorithm, key, recipient.wrapped_key));
		const unwrapped = await subtle.importKey('raw', octets, ...target(plan, cipher));
		octets.fill(0);
		return unwrapped;
	} catch {
		return failed();
	}
}

async function unwrapAgreed(recipient, { keys }, plan, cipher) {
	const name = recipient.algorithm === 'ecdh' ? 'ECDH' : 'X25519';
	const key = keys.find(({ algorithm }) => algorithm.name === name);
	if (!key) refuse('usage', `the message needs a private key for ${name}: import it with that algorithm`);
	needKey(key, ['deriveBits'], 'opening');
	if (!hasScheme(recipient)) unsupported(`a key derivation with ${recipient.kdf} (${recipient.scheme})`, 'open it with the command line');
	await sized(recipient.wrap_octets * 8);
	try {
		const theirs = await subtle.importKey('raw', recipient.originator, key.algorithm, false, []);
		const wrapping = await agreedKey(key, theirs, recipient, 'unwrapKey');
		return await subtle.unwrapKey('raw', recipient.wrapped_key, wrapping, 'AES-KW', ...target(plan, cipher));
	} catch {
		return failed();
	}
}

async function unwrapKek(recipient, { keys }, plan, cipher) {
	const key = keys.find(({ algorithm }) => algorithm.name === 'AES-KW');
	needKey(key, ['unwrapKey'], 'opening');
	try {
		return await subtle.unwrapKey('raw', recipient.wrapped_key, key, 'AES-KW', ...target(plan, cipher));
	} catch {
		return failed();
	}
}

async function unwrapPassword(recipient, { password }, plan, cipher) {
	needKey(password, ['deriveKey'], 'opening');
	const kek = cipherName(recipient.kek_cipher);
	if (!kek || kek.aead || (recipient.prf !== 'sha1' && !digestName(recipient.prf))) unsupported(`a password with ${recipient.prf} and ${recipient.kek_cipher}`, 'open it with the command line');
	await sized(kek.length);
	try {
		const octets = await passwordKey(recipient, password, kek);
		const key = await subtle.importKey('raw', octets, ...target(plan, cipher));
		octets.fill(0);
		return key;
	} catch {
		return failed();
	}
}

/** contentKey - of the right length, derived where the message says so */
async function contentKey(key, plan, cipher) {
	if (key.algorithm.length !== cipher.length) failed();
	if (!plan.cek_info) return key;
	const octets = new Uint8Array(await subtle.exportKey('raw', key));
	const derived = await derivedKey(octets, plan.cek_info, cipher);
	octets.fill(0);
	return derived;
}

/** decrypt - WebCrypto gives out nothing of AES-GCM before the tag is right (C-16) */
async function decrypt(plan, cipher, key, content) {
	try {
		const octets = cipher.aead
			? await subtle.decrypt({ name: cipher.name, iv: plan.iv, tagLength: plan.tag.length * 8, additionalData: plan.aad ?? new Uint8Array(0) }, key, join(content, plan.tag))
			: await subtle.decrypt({ name: cipher.name, iv: plan.iv }, key, content);
		return new Uint8Array(octets);
	} catch {
		return failed();
	}
}

export async function open(core, octets, { identities }) {
	const found = locate(core, octets);
	const { type, content } = core.read(found.object);
	if (type !== 'enveloped-data' && type !== 'authEnveloped-data') refuse('usage', `this is ${type}, which is not encrypted: use verify`);
	const plan = core.ask('open_plan');
	const cipher = cipherName(plan.cipher);
	if (!cipher) unsupported(`the content is encrypted with ${plan.cipher === 'unknown' ? 'a cipher that is not known here' : plan.cipher}`, 'open it with the command line, or ask the sender for AES');
	const { recipient, identity } = choose(core, identities);
	await sized(cipher.length);
	const key = await contentKey(await ways[recipient.algorithm](recipient, identity, plan, cipher), plan, cipher);
	return {
		content: await decrypt(plan, cipher, key, content),
		cipher: plan.cipher,
		keyEncryption: recipient.algorithm,
		encryption: cipher.aead ? 'authenticated' : 'unauthenticated',
		trust: 'not judged',
		notes: found.smimeType && found.smimeType !== type.toLowerCase() ? ['smime_type_disagrees'] : [],
	};
}
