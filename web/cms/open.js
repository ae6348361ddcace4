// SPDX-License-Identifier: Apache-2.0
// EnvelopedData and AuthEnvelopedData: the core plans, WebCrypto unwraps and decrypts.
import { refuse } from './fault.js';
import { locate } from './mail.js';
import { agreedKey, cipherName, digestName, join, needKey, same, subtle } from './platform.js';

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

const meant = (recipient, certificate) => (recipient.issuer
	? same(recipient.issuer, certificate.issuer) && same(recipient.serial, certificate.serial)
	: recipient.key_id && certificate.key_id && same(recipient.key_id, certificate.key_id));

/** choose - by identifier, never by trying keys; one attempt for a message */
function choose(core, identities) {
	const known = identities.map((identity) => ({ ...identity, parsed: core.ask('certificate', { der: identity.certificate }) }));
	let unusable = null, count = 0;
	for (const recipient of core.each('recipient')) {
		count++;
		const identity = known.find(({ parsed }) => meant(recipient, parsed));
		if (!identity) continue;
		if (recipient.algorithm === 'rsa-oaep' || recipient.algorithm === 'ecdh') return { recipient, identity };
		unusable = recipient;
	}
	if (unusable?.algorithm === 'rsa') unsupported('the key was wrapped with RSAES-PKCS1-v1_5', 'ask the sender for RSAES-OAEP or ECDH, or open it with the gateway or the command line');
	if (unusable) unsupported(`the key was wrapped in a way that is not known here (${unusable.kind})`, 'open it with the command line');
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

async function unwrapRsa(recipient, keys, cipher) {
	const key = oaepKey(recipient, keys);
	const algorithm = { name: 'RSA-OAEP', ...(recipient.label && { label: recipient.label }) };
	try {
		if (key.usages.includes('unwrapKey')) return await subtle.unwrapKey('raw', recipient.wrapped_key, key, algorithm, cipher.name, false, ['decrypt']);
		const octets = new Uint8Array(await subtle.decrypt(algorithm, key, recipient.wrapped_key));
		const unwrapped = await subtle.importKey('raw', octets, cipher.name, false, ['decrypt']);
		octets.fill(0);
		return unwrapped;
	} catch {
		return failed();
	}
}

async function unwrapAgreed(recipient, keys, cipher) {
	const key = keys.find(({ algorithm }) => algorithm.name === 'ECDH');
	if (!key) refuse('usage', 'the message needs a private key for ECDH: import it with that algorithm');
	needKey(key, ['deriveBits'], 'opening');
	if (!digestName(recipient.kdf)) unsupported(`a key derivation with ${recipient.kdf}`, 'open it with the command line');
	await sized(recipient.wrap_octets * 8);
	try {
		const point = await subtle.importKey('raw', recipient.originator, { name: 'ECDH', namedCurve: key.algorithm.namedCurve }, false, []);
		const wrapping = await agreedKey(key, point, recipient, 'unwrapKey');
		return await subtle.unwrapKey('raw', recipient.wrapped_key, wrapping, 'AES-KW', cipher.name, false, ['decrypt']);
	} catch {
		return failed();
	}
}

/** decrypt - WebCrypto gives out nothing of AES-GCM before the tag is right (C-16) */
async function decrypt(plan, cipher, key, content) {
	try {
		if (key.algorithm.length !== cipher.length) failed();
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
	const unwrap = recipient.algorithm === 'ecdh' ? unwrapAgreed : unwrapRsa;
	const key = await unwrap(recipient, identity.keys, cipher);
	return {
		content: await decrypt(plan, cipher, key, content),
		cipher: plan.cipher,
		keyEncryption: recipient.algorithm,
		encryption: cipher.aead ? 'authenticated' : 'unauthenticated',
		trust: 'not judged',
		notes: found.smimeType && found.smimeType !== type.toLowerCase() ? ['smime_type_disagrees'] : [],
	};
}
