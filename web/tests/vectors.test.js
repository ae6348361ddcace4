// SPDX-License-Identifier: Apache-2.0
// The same inputs give the same octets here and in every native build (C-10), and an object
// is read the same however it is cut (C-04).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Core } from '../cms/core.js';
import { MODULE } from './world.js';

const read = (name) => readFileSync(new URL(name, import.meta.url), 'utf8');
const listed = new Map(read('../../tests/unit/cms/vectors.sha256').trim().split('\n').map((line) => [line.slice(66), line.slice(0, 64)]));
const sha256 = (octets) => createHash('sha256').update(octets).digest('hex');
const core = new Core(new WebAssembly.Module(readFileSync(MODULE)));

/** those of the rooms alone: a module of its own around the vectors' C */
function* vectors() {
	const { memory, vector_name: name, vector, vector_size: size } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.env.WAXWING_VECTORS))).exports;
	for (let i = 0; name(i); i++) {
		const label = new Uint8Array(memory.buffer, name(i));
		const at = vector(i);
		const n = size(i);
		yield [Buffer.from(label.subarray(0, label.indexOf(0))).toString(), new Uint8Array(memory.buffer, at, n).slice()];
	}
}

test('the rooms in WebAssembly make every vector as native builds do', () => {
	const made = new Map([...vectors()].map(([name, octets]) => [name, sha256(octets)]));
	assert.deepEqual(made, listed);
});

const filler = (n, seed) => Uint8Array.from({ length: n }, (_, i) => seed + i * 7);
const content = Buffer.from('Content-Type: text/plain\r\n\r\nhello\r\n');
const issuerAndSerial = Buffer.from('30173011310f300d06035504030c06566563746f7202021234', 'hex');
const digestSize = { sha256: 32, sha384: 48, sha512: 64 };

function signed(form, algorithm, digest) {
	const { attributes } = core.ask('sign_plan', {
		algorithm,
		digest,
		issuer_and_serial: issuerAndSerial,
		certificate_sha256: filler(32, 3),
		message_digest: filler(digestSize[digest], 5),
		signing_time: 1795523109,
		encryption_certificate: algorithm === 'ecdsa' ? issuerAndSerial : null,
	});
	if (form === 'attributes') return attributes;
	const { head, tail } = core.ask('sign_finish', {
		signature: filler(64, 9),
		certificates: Buffer.from('30030201053000', 'hex'),
		content_octets: form === 'opaque' ? content.length : null,
	});
	return Buffer.concat(form === 'opaque' ? [head, content, tail] : [head, tail]);
}

function sealed(cipher) {
	const each = { issuer_and_serial: issuerAndSerial };
	core.ask('seal_begin', { count: 3 });
	core.ask('seal_recipient', { ...each, algorithm: 'rsa-oaep', wrapped_key: filler(256, 11) });
	core.ask('seal_recipient', { ...each, algorithm: 'ecdh', wrapped_key: filler(40, 13), originator: filler(65, 17), scheme: 'x963', kdf: 'sha256', wrap_octets: 32 });
	core.ask('seal_recipient', { ...each, algorithm: 'rsa', wrapped_key: filler(256, 11) });
	const { head } = core.ask('seal_head', { cipher, iv: filler(cipher.endsWith('gcm') ? 12 : 16, 19), cipher_octets: 48 });
	const { tail } = core.ask('seal_tail', { cipher, tag: filler(16, 23) });
	return Buffer.concat([head, filler(48, 29), tail ?? []]);
}

/** object - the vector of this name, made through the binding; null for those that it has no question for */
function object(name) {
	core.begin();
	const [form, ...words] = name.split(' ');
	if (['attributes', 'detached', 'opaque'].includes(form)) return signed(form, ...words);
	if (form === 'sealed') return sealed(words[0]);
	if (name === 'ecdsa value') return core.ask('ecdsa_value', { r_and_s: filler(64, 0xfb) }).der;
	if (name === 'shared info') return core.ask('agreement_info', { wrap_octets: 32 }).info;
	return null;
}

const names = [...listed.keys()].filter((name) => object(name));

test('the binding makes them, too', () => {
	assert.ok(names.length >= 13);
	for (const name of names) assert.equal(sha256(object(name)), listed.get(name), name);
});

/** summary - all that is read of an object in these pieces; a refusal is part of it */
function summary(octets, pieces) {
	core.begin();
	try {
		core.ask('reader', { head: core.room(65536), tail: core.room(65536) });
		const room = core.room(octets.length);
		const found = [];
		let at = 0;
		for (const n of pieces) {
			core.octets(room.at, n).set(octets.subarray(at, at + n));
			found.push(core.octets(room.at, core.ask('feed', { piece: { at: room.at, n } }).content).slice());
			at += n;
		}
		const end = core.ask('end');
		const plan = core.ask(end.type === 'signed-data' ? 'verify_plan' : 'open_plan');
		const rest = end.type === 'signed-data' ? [...core.each('next_certificate'), ...core.each('signer')] : [...core.each('recipient')];
		return JSON.stringify([sha256(Buffer.concat(found)), end, plan, rest]);
	} catch (error) {
		if (error.name !== 'CmsFault') throw error;
		return `${error.code} at ${error.at}`;
	}
}

const pieces = (n, size) => Array.from({ length: Math.ceil(n / size) }, (_, i) => Math.min(size, n - i * size));
const objects = () => names.filter((name) => /^(detached|opaque|sealed)/.test(name)).map((name) => [name, Buffer.from(object(name))]);

test('an object is read the same however it is cut: every place, and octet by octet', () => {
	for (const [name, octets] of objects()) {
		const whole = summary(octets, [octets.length]);
		assert.match(whole, /-data/i, name);
		for (let at = 1; at < octets.length; at++) assert.equal(summary(octets, [at, octets.length - at]), whole, `${name} cut at ${at}`);
		for (const size of [1, 2, 7]) assert.equal(summary(octets, pieces(octets.length, size)), whole, `${name} in pieces of ${size}`);
	}
});

test('a broken object is refused for the same reason at the same octet however it is cut', () => {
	for (const [name, octets] of objects()) for (let at = 1; at < octets.length; at += 7) {
		for (const broken of [octets.subarray(0, at), Buffer.concat([octets.subarray(0, at), octets.subarray(at + 1)])]) {
			assert.equal(summary(broken, pieces(broken.length, 1)), summary(broken, [broken.length]), `${name} broken at ${at}`);
		}
	}
});

test('a large one in BER, in random pieces', () => {
	let state = 1;
	const random = (n) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return (state >>> 8) % n; };
	const strings = Array.from({ length: 4000 }, (_, i) => {
		const body = filler(random(200), i);
		return Buffer.concat([Buffer.from(body.length < 128 ? [4, body.length] : [4, 0x81, body.length]), body]);
	});
	const octets = Buffer.concat([
		Buffer.from('308006092a864886f70d010702a0803080020101310f300d06096086480165030402010500308006092a864886f70d010701a0802480', 'hex'),
		...strings,
		Buffer.from('0000'.repeat(3) + '3100' + '0000'.repeat(3), 'hex'),
	]);
	const whole = summary(octets, [octets.length]);
	assert.match(whole, /signed-data/);
	for (let round = 0; round < 20; round++) {
		const cuts = [];
		for (let left = octets.length; left;) {
			const n = Math.min(left, 1 + random(round < 10 ? 50 : 5000));
			cuts.push(n);
			left -= n;
		}
		assert.equal(summary(octets, cuts), whole);
	}
});
