// SPDX-License-Identifier: Apache-2.0
// What a platform is asked to do, as JSON in and out: the same file runs in Node and in a page.
// Private keys are imported so that nobody can read them again, and that is tried.
const subtle = () => (globalThis.crypto ?? globalThis.testCrypto).subtle;
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const encode = (octets) => {
	let text = '';
	for (let at = 0; at < octets.length; at += 30000) text += String.fromCharCode(...octets.subarray(at, at + 30000));
	return btoa(text);
};

async function privateKey(pkcs8, algorithm, usage) {
	const key = await subtle().importKey('pkcs8', decode(pkcs8), algorithm, false, [usage]);
	const told = await subtle().exportKey('pkcs8', key).then(() => true, () => false);
	if (key.extractable || told) throw new Error('the private key can be read again');
	return key;
}

const secret = (octets, algorithm, usage) => subtle().importKey('raw', octets, algorithm, false, [usage]);

async function identity({ certificate, pkcs8, kind, hashes = ['SHA-256', 'SHA-1'], usage = 'unwrapKey', keyId, kek, password }) {
	if (password) return { password: await secret(new TextEncoder().encode(password), 'PBKDF2', 'deriveKey') };
	if (kek) return { keyId: decode(keyId), keys: [await secret(decode(kek), 'AES-KW', 'unwrapKey')] };
	if (kind === 'x25519') return { certificate: decode(certificate), keys: [await privateKey(pkcs8, { name: 'X25519' }, 'deriveBits')] };
	const keys = kind === 'rsa'
		? await Promise.all(hashes.map((hash) => privateKey(pkcs8, { name: 'RSA-OAEP', hash }, usage)))
		: [await privateKey(pkcs8, { name: 'ECDH', namedCurve: kind }, 'deriveBits')];
	return { certificate: decode(certificate), keys };
}

const does = {
	look: (cms, job) => cms.look(decode(job.message)),

	async open(cms, job) {
		const answer = await cms.open(decode(job.message), { identities: await Promise.all(job.identities.map(identity)) });
		return { ...answer, content: encode(answer.content) };
	},

	async verify(cms, job) {
		const answer = await cms.verify(decode(job.message), {
			content: job.content && decode(job.content),
			certificates: job.certificates?.map(decode),
		});
		return {
			...answer,
			content: answer.content && encode(answer.content),
			certificates: answer.certificates.map(encode),
			signers: answer.signers.map((signer) => ({ ...signer, certificate: signer.certificate && encode(signer.certificate) })),
		};
	},

	async sign(cms, job) {
		const options = { ...job.options, certificate: decode(job.certificate), chain: job.chain?.map(decode), key: await privateKey(job.pkcs8, job.algorithm, 'sign') };
		if (job.time) options.time = new Date(job.time);
		return { entity: encode(await cms.sign(decode(job.entity), options)) };
	},

	async encrypt(cms, job) {
		return { entity: encode(await cms.encrypt(decode(job.entity), { ...job.options, certificates: job.certificates.map(decode) })) };
	},
};

/** run - one job; a refusal is an answer */
export async function run(cms, job) {
	try {
		return await does[job.does](cms, job);
	} catch (error) {
		return { refused: { name: error.name, code: error.code, reason: error.reason, message: error.message } };
	}
}
