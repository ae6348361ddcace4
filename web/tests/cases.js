// SPDX-License-Identifier: Apache-2.0
// What every platform must do, judged by openssl and the native waxwing in both directions.
import assert from 'node:assert/strict';
import { constants, createCipheriv, hkdfSync, publicEncrypt, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { World, kinds, text } from './world.js';

const curves = kinds.filter((kind) => kind !== 'rsa');
const agreements = [['-keyopt', 'ecdh_kdf_md:sha256'], [], ['-keyopt', 'ecdh_kdf_md:sha512', '-keyopt', 'ecdh_cofactor_mode:1'], ['-keyid'], ['-stream']];
const b64 = (octets) => Buffer.from(octets).toString('base64');
const plain = (answer, field = 'content') => {
	assert.ok(!answer.refused, JSON.stringify(answer.refused));
	return Buffer.from(answer[field], 'base64');
};
const asIdentity = ({ certificate, pkcs8, kind }) => ({ certificate: b64(certificate), pkcs8: b64(pkcs8), kind });
const signing = {
	rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
	'rsa-pss': { name: 'RSA-PSS', hash: 'SHA-256' },
	...Object.fromEntries(curves.map((namedCurve) => [namedCurve, { name: 'ECDSA', namedCurve }])),
};
const refused = (answer, reason) => assert.equal(answer.refused?.reason, reason, JSON.stringify(answer).slice(0, 300));

const idData = Buffer.from('06092a864886f70d010701', 'hex');

/** flipped - copies of an encrypted object in DER with one bit changed: in wrapped key, content, tag */
function flipped(object, aead) {
	const content = object.length - 1 - (aead ? 18 : 0);
	const places = { wrapped: object.lastIndexOf(idData) - 12, content: content - (aead ? 0 : 16), ...(aead && { tag: object.length - 1 }) };
	return Object.entries(places).map(([place, at]) => {
		const copy = Buffer.from(object);
		copy[at] ^= 1;
		return [place, copy];
	});
}

const tlv = (tag, ...bodies) => {
	const body = Buffer.concat(bodies.map((each) => (typeof each === 'string' ? Buffer.from(each, 'hex') : each)));
	const size = body.length < 128 ? [body.length] : [0x82, body.length >> 8, body.length & 255];
	return Buffer.concat([Buffer.from([tag, ...size]), body]);
};

/** withAttributes - AuthEnvelopedData whose authAttrs are authenticated, too (RFC 5083 2.2): openssl cannot make it */
function withAttributes(world, me, attributes, derived) {
	const [key, nonce] = [randomBytes(16), randomBytes(12)];
	const gcm = tlv(0x30, '0609608648016503040106', tlv(0x30, tlv(0x04, nonce), '020110'));
	// RFC 9709: the key is derived with the identifier that stands as parameter
	const algorithm = derived ? tlv(0x30, '060b2a864886f70d010910031f', gcm) : gcm;
	const used = derived ? Buffer.from(hkdfSync('sha256', key, 'The Cryptographic Message Syntax', gcm, 16)) : key;
	const cipher = createCipheriv('aes-128-gcm', used, nonce);
	cipher.setAAD(tlv(0x31, attributes));
	const content = Buffer.concat([cipher.update(text), cipher.final()]);
	const wrapped = publicEncrypt({ key: world.read(me.pem), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, key);
	const identifier = world.openssl('x509', '-in', me.pem, '-noout', '-ext', 'subjectKeyIdentifier').toString().match(/(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/)[0].replaceAll(':', '');
	const recipient = tlv(0x30, '020102', tlv(0x80, identifier), tlv(0x30, '06092a864886f70d010107', '3000'), tlv(0x04, wrapped));
	const info = tlv(0x30, idData, algorithm, tlv(0x80, content));
	return tlv(0x30, '060b2a864886f70d0109100117', tlv(0xa0, tlv(0x30, '020100', tlv(0x31, recipient), info, tlv(0xa1, attributes), tlv(0x04, cipher.getAuthTag()))));
}

/**
 * cases - tests of one platform
 * @param {string} name
 * @param {{start: () => Promise, run: (job: object) => Promise<object>, stop: () => Promise}} platform
 */
export function cases(name, platform) {
	let world;
	const open = (message, ...people) => platform.run({ does: 'open', message: b64(message), identities: people.map(asIdentity) });
	const verify = (message, more = {}) => platform.run({ does: 'verify', message: b64(message), ...more });
	const sign = (entity, person, algorithm, options = {}, more = {}) => platform.run({ does: 'sign', entity: b64(entity), certificate: b64(person.certificate), pkcs8: b64(person.pkcs8), algorithm, options, ...more });
	const encrypt = (entity, people, options = {}) => platform.run({ does: 'encrypt', entity: b64(entity), certificates: people.map(({ certificate }) => b64(certificate)), options });
	const it = (what, work) => test(`${name}: ${what}`, work);

	it('starts', async () => {
		world = new World();
		await platform.start();
	});

	for (const cipher of ['aes-128-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm']) {
		for (const digest of ['sha1', 'sha256']) {
			it(`opens ${cipher} for RSA-OAEP with ${digest}, made by openssl`, async () => {
				const me = world.people.rsa;
				const made = world.made(text, '-encrypt', `-${cipher}`, '-recip', me.pem, '-keyopt', 'rsa_padding_mode:oaep', '-keyopt', `rsa_oaep_md:${digest}`);
				const answer = await open(made, me);
				assert.equal(plain(answer).toString(), text);
				assert.equal(answer.encryption, cipher.endsWith('gcm') ? 'authenticated' : 'unauthenticated');
				assert.equal(answer.trust, 'not judged');
			});
		}
		for (const curve of curves) {
			it(`opens ${cipher} for ECDH on ${curve}, made by openssl`, async () => {
				const me = world.people[curve];
				for (const more of cipher === 'aes-256-gcm' ? agreements : agreements.slice(0, 1)) {
					const made = world.made(text, '-encrypt', `-${cipher}`, ...(more[0] === '-keyid' ? more : []), '-recip', me.pem, ...(more[0] === '-keyid' ? [] : more));
					assert.equal(plain(await open(made, me)).toString(), text, more.join(' '));
				}
			});
		}
	}

	it('opens what the native waxwing sealed, for each kind of key, and both ways of unwrapping', async () => {
		for (const kind of kinds) for (const cipher of ['aes256-cbc', 'aes256-gcm', 'aes128-gcm']) {
			const me = world.people[kind];
			const sealed = world.sealed(world.message(Buffer.from(text)), '--to-cert', world.stranger.pem, '--to-cert', me.pem, '--oaep', '--cipher', cipher);
			assert.match(plain(await open(sealed, me)).toString(), /the figures: caf=C3=A9/);
			if (kind !== 'rsa') continue;
			const answer = await platform.run({ does: 'open', message: b64(sealed), identities: [{ ...asIdentity(me), usage: 'decrypt' }] });
			assert.match(plain(answer).toString(), /the figures: caf=C3=A9/);
		}
	});

	it('says why a key wrapped with RSA v1.5 stays closed, and names what to do', async () => {
		const me = world.people.rsa;
		const answer = await open(world.made(text, '-encrypt', '-aes-256-cbc', '-recip', me.pem), me);
		refused(answer, 'algorithm_unsupported');
		assert.match(answer.refused.message, /PKCS1-v1_5.*WebCrypto.*(OAEP|command line)/);
	});

	it('says why Triple DES stays closed, and who is no recipient', async () => {
		const me = world.people.rsa;
		refused(await open(world.made(text, '-encrypt', '-des3', '-recip', me.pem), me), 'algorithm_unsupported');
		refused(await open(world.made(text, '-encrypt', '-aes-256-cbc', '-recip', me.pem), world.people['P-256']), 'no_key');
	});

	it('fails in one way, whatever was altered (R-46), and gives nothing out before the tag is right (C-16)', async () => {
		const said = new Set();
		for (const me of [world.people.rsa, world.people['P-256']]) for (const cipher of ['aes-256-gcm', 'aes-128-cbc']) {
			const oaep = me.kind === 'rsa' ? ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256'] : [];
			const aead = cipher.endsWith('gcm');
			// of CBC the block before the last one holds the bit: that is the last octet of the padding
			const made = world.made('sixteen octets..', '-encrypt', '-binary', '-outform', 'DER', `-${cipher}`, '-recip', me.pem, ...oaep);
			assert.equal(plain(await open(made, me)).length, 16);
			for (const [place, altered] of flipped(made, aead)) {
				const answer = await open(altered, me);
				refused(answer, 'decrypt_failed');
				assert.equal(answer.content, undefined, place);
				said.add(JSON.stringify(answer.refused));
			}
		}
		assert.equal(said.size, 1);
	});

	it('tells a tag that is shorter than announced (T-27)', async () => {
		const me = world.people['P-256'];
		const made = world.made(text, '-encrypt', '-aes-256-gcm', '-recip', me.pem, '-outform', 'DER');
		const cut = Buffer.from(made);
		// ICVlen is the INTEGER 16 behind the nonce of 12 octets
		const at = cut.indexOf(Buffer.from('020110', 'hex'));
		cut[at + 2] = 12;
		refused(await open(cut, me), 'tag_length');
	});

	it('authenticates attributes beside the content, and no others', async () => {
		const me = world.people.rsa;
		const attribute = tlv(0x30, '06092a864886f70d010903', tlv(0x31, idData));
		const made = withAttributes(world, me, attribute);
		assert.equal(plain(await open(made, me)).toString(), text);
		const altered = Buffer.from(made);
		altered[altered.lastIndexOf(idData) + idData.length - 1] = 2;
		refused(await open(altered, me), 'decrypt_failed');
	});

	it('opens what was encrypted under a derived key (RFC 9709)', async () => {
		const me = world.people.rsa;
		const made = withAttributes(world, me, tlv(0x30, '06092a864886f70d010903', tlv(0x31, idData)), true);
		assert.equal(plain(await open(made, me)).toString(), text);
	});

	it('opens with a key known to both sides, and with a password, made by openssl', async () => {
		const openAs = (message, identity) => platform.run({ does: 'open', message: b64(message), identities: [identity] });
		for (const cipher of ['-aes-128-cbc', '-aes-256-gcm']) for (const size of [16, 32]) {
			const [kek, id] = [Buffer.alloc(size, 7), Buffer.from('0102', 'hex')];
			const made = world.made(text, '-encrypt', cipher, '-secretkey', kek.toString('hex'), '-secretkeyid', id.toString('hex'));
			assert.equal(plain(await openAs(made, { kek: b64(kek), keyId: b64(id) })).toString(), text);
			refused(await openAs(made, { kek: b64(Buffer.alloc(size, 8)), keyId: b64(id) }), 'decrypt_failed');
			refused(await openAs(made, { kek: b64(kek), keyId: b64(Buffer.from('03', 'hex')) }), 'no_key');
		}
		const made = world.made(text, '-encrypt', '-aes-256-cbc', '-pwri_password', 'secret');
		assert.equal(plain(await openAs(made, { password: 'secret' })).toString(), text);
		refused(await openAs(made, { password: 'wrong' }), 'decrypt_failed');
	});

	it('encrypts to X25519 and opens it, as the native waxwing does', async () => {
		const me = world.edward('x25519');
		for (const cipher of ['aes256-gcm', 'aes128-cbc']) {
			const entity = plain(await encrypt(text, [world.people.rsa, me], { cipher }), 'entity');
			assert.equal(plain(await open(entity, me)).toString(), text);
			assert.match(world.opened(world.message(entity), '--identity', `${me.key},${me.pem}`).content.toString(), /100 %/);
			assert.match(plain(await open(world.sealed(world.message(Buffer.from(text)), '--to-cert', me.pem, '--cipher', cipher), me)).toString(), /100 %/);
		}
	});

	it('signs with Ed25519 and verifies it, as the native waxwing does', async () => {
		const me = world.edward('ed25519');
		const entity = plain(await sign(text, me, { name: 'Ed25519' }), 'entity');
		assert.equal((await verify(entity)).arithmetic, 'right');
		const verdict = world.opened(world.message(entity));
		assert.equal(verdict.signature, 'valid_trusted', JSON.stringify(verdict.reasons));
		const sealed = world.sealed(world.message(Buffer.from(text)), '--sign', `${me.key},${me.pem}`);
		assert.equal((await verify(sealed)).arithmetic, 'right');
		assert.deepEqual((await verify(Buffer.from(sealed.toString().replace('100 %', '900 %')))).signers[0].reasons, ['digest_mismatch']);
	});

	for (const [kind, extra] of [['rsa', []], ['rsa', ['-keyopt', 'rsa_padding_mode:pss']], ['P-256', []], ['P-384', ['-md', 'sha384']], ['P-521', ['-md', 'sha512']]]) {
		it(`verifies ${kind} ${extra.join(' ')}, made by openssl: clear, opaque, bare, streamed`, async () => {
			const me = world.people[kind];
			for (const form of [[], ['-nodetach'], ['-nodetach', '-outform', 'DER'], ['-nodetach', '-stream', '-outform', 'DER'], ['-keyid']]) {
				// openssl 3.0 cannot write PSS as a stream
				if (form.includes('-stream') && extra.includes('rsa_padding_mode:pss')) continue;
				const made = world.made(text, '-sign', ...form, '-signer', me.pem, '-inkey', me.key, ...extra, '-binary');
				const answer = await verify(made);
				assert.equal(answer.arithmetic, 'right', `${form.join(' ')} ${JSON.stringify(answer).slice(0, 200)}`);
				assert.equal(answer.trust, 'not judged');
				assert.equal(answer.signers[0].certificate, b64(me.certificate));
				assert.ok(Math.abs(new Date(answer.signers[0].claimedTime) - Date.now()) < 600000);
				assert.equal(plain(answer).toString(), text);
			}
		});
	}

	it('verifies what the native waxwing signed, and refuses it altered', async () => {
		for (const kind of kinds) for (const how of [[], ['--opaque'], ...(kind === 'rsa' ? [['--pss']] : [])]) {
			const me = world.people[kind];
			const sealed = world.sealed(world.message(Buffer.from(text)), '--sign', `${me.key},${me.pem}`, ...how);
			assert.equal((await verify(sealed)).arithmetic, 'right');
			if (how.length) continue;
			const altered = Buffer.from(sealed.toString('latin1').replace('100 %', '900 %'), 'latin1');
			const answer = await verify(altered);
			assert.equal(answer.arithmetic, 'wrong');
			assert.deepEqual(answer.signers[0].reasons, ['digest_mismatch']);
		}
	});

	it('takes line ends as the signer made them (R-25): a message in LF is what it was in CRLF', async () => {
		const me = world.people.rsa;
		const sealed = world.sealed(world.message(Buffer.from(text)), '--sign', `${me.key},${me.pem}`);
		assert.equal((await verify(Buffer.from(sealed.toString('latin1').replaceAll('\r\n', '\n'), 'latin1'))).arithmetic, 'right');
	});

	it('believes no signature without attributes, by a stranger\'s key, or with two contents', async () => {
		const me = world.people.rsa;
		const bare = await verify(world.made(text, '-sign', '-noattr', '-nodetach', '-signer', me.pem, '-inkey', me.key));
		assert.equal(bare.arithmetic, 'wrong');
		assert.deepEqual(bare.signers[0].reasons, ['no_signed_attributes']);

		const signature = world.made(text, '-sign', '-binary', '-outform', 'DER', '-signer', me.pem, '-inkey', me.key);
		const altered = Buffer.from(signature);
		altered[altered.length - 1] ^= 1;
		assert.deepEqual((await verify(altered, { content: b64(text) })).signers[0].reasons, ['signature_mismatch']);
		assert.equal((await verify(signature, { content: b64(text) })).arithmetic, 'right');
		refused(await verify(signature), 'usage');

		// T-25: signed as a receipt, shown as a mail
		const receipt = ['-sign', '-binary', '-econtent_type', '1.2.840.113549.1.9.16.1.1', '-outform', 'DER', '-signer', me.pem, '-inkey', me.key];
		for (const answer of [await verify(world.made(text, ...receipt, '-nodetach')), await verify(world.made(text, ...receipt), { content: b64(text) })]) {
			assert.equal(answer.arithmetic, 'wrong');
			assert.deepEqual(answer.signers[0].reasons, ['content_type_mismatch']);
		}

		const nobody = world.made(text, '-sign', '-nocerts', '-nodetach', '-signer', me.pem, '-inkey', me.key);
		assert.deepEqual((await verify(nobody)).signers[0].reasons, ['no_certificate_of_signer']);
		assert.equal((await verify(nobody, { certificates: [b64(me.certificate)] })).arithmetic, 'right');

		const opaque = world.made(text, '-sign', '-nodetach', '-outform', 'DER', '-signer', me.pem, '-inkey', me.key);
		const twice = Buffer.from(`Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n--b\r\n${text}\r\n--b\r\nContent-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n${b64(opaque)}\r\n--b--\r\n`);
		refused(await verify(twice), 'econtent_present');
		refused(await verify(Buffer.from(twice.toString().replace('--b--', '--b\r\nContent-Type: text/plain\r\n\r\nthird\r\n--b--'))), 'malformed');
		refused(await verify(Buffer.from(twice.toString().replace('\r\n\r\n', '\r\nContent-Type: text/html\r\n\r\n'))), 'duplicate_header');
	});

	it('is as good as the worst of two signers, and lists both', async () => {
		const { rsa, 'P-256': ec } = world.people;
		const made = world.made(text, '-sign', '-nodetach', '-outform', 'DER', '-signer', rsa.pem, '-inkey', rsa.key, '-signer', ec.pem, '-inkey', ec.key);
		const good = await verify(made);
		assert.equal(good.arithmetic, 'right');
		assert.equal(good.signers.length, 2);
		const altered = Buffer.from(made);
		altered[altered.length - 1] ^= 1;
		const answer = await verify(altered);
		assert.equal(answer.arithmetic, 'wrong');
		assert.deepEqual(answer.signers.map(({ right }) => right).sort(), [false, true]);
	});

	it('marks SHA-1 as weak, and says of MD5 that it cannot be checked here', async () => {
		const me = world.people.rsa;
		const made = (md) => world.made(text, '-sign', '-nodetach', '-md', md, '-signer', me.pem, '-inkey', me.key);
		const sha1 = await verify(made('sha1'));
		assert.deepEqual([sha1.arithmetic, sha1.signers[0].weak], ['right', true]);
		assert.equal((await verify(made('md5'))).arithmetic, 'unsupported');
	});

	for (const [kind, algorithm] of Object.entries(signing)) {
		it(`signs with ${kind}: openssl and the native waxwing believe it, clear and opaque`, async () => {
			const me = world.people[kind === 'rsa-pss' ? 'rsa' : kind];
			const root = world.openssl('x509', '-in', 'root.pem', '-outform', 'DER');
			for (const opaque of [false, true]) {
				const entity = plain(await sign(text, me, algorithm, { opaque }, { chain: [b64(root)] }), 'entity');
				world.write('signed', entity);
				assert.equal(world.openssl('cms', '-verify', '-in', 'signed', '-CAfile', 'root.pem', '-purpose', 'any').toString(), text);
				const verdict = world.opened(world.message(entity));
				assert.deepEqual([verdict.signature, verdict.reasons.filter((reason) => reason !== 'no_revocation_source')], ['valid_trusted', []]);
				assert.equal((await verify(entity)).arithmetic, 'right');
			}
		});
	}

	it('claims no time for a message that waited (S-90), nor when none is wanted', async () => {
		const me = world.people.rsa;
		const old = `Date: ${new Date(Date.now() - 3600000).toUTCString()}\r\n${text}`;
		const claimed = async (entity, options) => (await verify(plain(await sign(entity, me, signing.rsa, options), 'entity'))).signers[0].claimedTime;
		assert.equal(await claimed(old), undefined);
		assert.equal(await claimed(text, { time: null }), undefined);
		assert.ok(await claimed(text));
	});

	it('refuses to sign with a key that is not the certificate\'s, with SHA-1, or eight-bit in clear', async () => {
		const me = world.people.rsa;
		refused(await sign(text, { ...me, pkcs8: world.stranger.pkcs8 }, signing.rsa), 'key_mismatch');
		refused(await sign(text, me, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' }), 'usage');
		refused(await sign('Content-Type: text/plain; charset=utf-8\r\n\r\ncaf\u00e9\r\n', me, signing.rsa), 'mime_encoding');
	});

	for (const cipher of ['aes256-gcm', 'aes128-gcm', 'aes256-cbc', 'aes128-cbc']) {
		it(`encrypts with ${cipher} to RSA and every curve: openssl and the native waxwing open it`, async () => {
			const people = Object.values(world.people);
			const entity = plain(await encrypt(text, people, { cipher }), 'entity');
			world.write('encrypted', entity);
			for (const me of people) {
				assert.equal(world.openssl('cms', '-decrypt', '-in', 'encrypted', '-recip', me.pem, '-inkey', me.key).toString(), text);
				const verdict = world.opened(world.message(entity), '--identity', `${me.key},${me.pem}`);
				assert.equal(verdict.encryption, cipher.endsWith('gcm') ? 'authenticated' : 'unauthenticated');
				assert.match(verdict.content.toString(), /100 %/);
				assert.equal(plain(await open(entity, me)).toString(), text);
			}
			refused(await open(entity, world.stranger), 'no_key');
		});
	}

	it('refuses weak ciphers and keys, and what is no certificate', async () => {
		refused(await encrypt(text, [world.people.rsa], { cipher: '3des-cbc' }), 'algorithm_unsupported');
		refused(await encrypt(text, [{ certificate: Buffer.from('3000', 'hex') }]), 'der_truncated');
		world.openssl('req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-config', 'world.cnf', '-subj', '/CN=Short', '-keyout', 'short.key', '-outform', 'DER', '-out', 'short.der');
		refused(await encrypt(text, [{ certificate: world.read('short.der') }]), 'key_weak');
	});

	it('signs, encrypts, opens and verifies one message whole; both judges see both layers', async () => {
		const me = world.people['P-256'];
		const sealed = plain(await encrypt(plain(await sign(text, me, signing['P-256']), 'entity'), [me, world.people.rsa]), 'entity');
		assert.deepEqual(await platform.run({ does: 'look', message: b64(sealed) }), { kind: 'pkcs7-mime', type: 'authEnveloped-data' });
		const inner = plain(await open(sealed, me));
		assert.equal((await verify(inner)).arithmetic, 'right');
		const verdict = world.opened(world.message(sealed), '--identity', `${world.people.rsa.key},${world.people.rsa.pem}`);
		assert.deepEqual([verdict.signature, verdict.encryption], ['valid_trusted', 'authenticated']);
	});

	it('does many things at once without mixing them', async () => {
		const me = world.people['P-256'];
		const texts = Array.from({ length: 24 }, (_, i) => text.replace('100', String(i)));
		const sealed = await Promise.all(texts.map((each) => encrypt(each, [me])));
		const answers = await Promise.all(sealed.map((each) => open(plain(each, 'entity'), me)));
		assert.deepEqual(answers.map((answer) => plain(answer).toString()), texts);
	});

	it('opens and verifies 8 MB', async () => {
		const me = world.people['P-256'];
		const large = `Content-Type: text/plain\r\n\r\n${'0123456789abcdef0123456789abcdef\r\n'.repeat(250000)}`;
		const made = world.made(large, '-sign', '-nodetach', '-binary', '-stream', '-outform', 'DER', '-signer', me.pem, '-inkey', me.key);
		assert.equal((await verify(made)).arithmetic, 'right');
		assert.equal(plain(await open(world.made(large, '-encrypt', '-binary', '-aes-256-gcm', '-outform', 'DER', '-recip', me.pem), me)).length, large.length);
	});

	it('ends', async () => {
		await platform.stop();
		world.end();
	});
}
