// SPDX-License-Identifier: Apache-2.0
// Whatever comes in, the module neither traps nor reads where it must not, and its memory stays
// bounded.  Reading behind an input is seen because the input ends where memory ends: there it
// would trap.  (The C of the rooms is fuzzed with sanitizers natively; this is the module as shipped.)
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Core } from '../cms/core.js';
import { isObject, locate } from '../cms/mail.js';
import { MODULE, World, kinds, text } from './world.js';

const MUTATIONS = 20000;
const LIMIT = 32 * 1024 * 1024;
const PAGE = 65536;
const module = new WebAssembly.Module(readFileSync(MODULE));

let state = Number(process.env.WAXWING_SEED ?? 1);
function random(n) {
	state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
	return Math.floor(state / 2 ** 32 * n);
}

/** seeds - valid inputs of every kind */
function seeds() {
	const world = new World();
	const { rsa, 'P-256': ec } = world.people;
	const oaep = ['-keyopt', 'rsa_padding_mode:oaep'];
	const all = [
		world.made(text, '-sign', '-nodetach', '-outform', 'DER', '-signer', rsa.pem, '-inkey', rsa.key, '-signer', ec.pem, '-inkey', ec.key),
		world.made(text, '-sign', '-nodetach', '-stream', '-outform', 'DER', '-signer', ec.pem, '-inkey', ec.key),
		world.made(text, '-sign', '-outform', 'DER', '-signer', rsa.pem, '-inkey', rsa.key, '-keyopt', 'rsa_padding_mode:pss'),
		world.made(text, '-encrypt', '-aes-256-gcm', '-outform', 'DER', '-recip', rsa.pem, ...oaep, '-recip', ec.pem),
		world.made(text, '-encrypt', '-aes-128-cbc', '-stream', '-outform', 'DER', '-recip', ec.pem, '-recip', rsa.pem),
		world.made(text, '-sign', '-signer', ec.pem, '-inkey', ec.key),
		world.made(text, '-encrypt', '-aes-256-gcm', '-recip', ec.pem),
		...kinds.map((kind) => world.people[kind].certificate),
	];
	world.end();
	return all;
}

const inputs = seeds();

function mutated(seed) {
	const octets = Uint8Array.from(seed);
	if (random(3) === 0) return octets.subarray(0, random(octets.length));
	for (let n = 1 + random(3); n; n--) octets[random(octets.length)] ^= 1 << random(8);
	if (random(4) === 0) {
		const at = random(octets.length), from = random(octets.length), n = random(40);
		octets.copyWithin(at, from, from + n);
	}
	return octets;
}

/** atEnd - a room of n octets whose last octet is the last of memory */
const atEnd = (core, n) => ({ at: core.exports.memory.buffer.byteLength - n, n });

function putAtEnd(core, octets) {
	const room = atEnd(core, octets.length);
	core.octets(room.at, room.n).set(octets);
	return room;
}

function feed(core, octets, head, tail) {
	core.ask('reader', { head, tail });
	core.ask('feed', { piece: core.put(octets) });
	return core.ask('end');
}

/** plans - everything that can be asked about an object that was read */
function plans(core, end) {
	if (end.type === 'signed-data') {
		core.ask('verify_plan');
		for (const { der } of core.each('next_certificate')) core.ask('certificate', { der });
		for (const signer of core.each('signer')) {
			core.ask('ecdsa_halves', { der: putAtEnd(core, signer.signature), field_octets: 32 });
			core.ask('verify_finish', { digest: new Uint8Array(32), key_said: 1 });
		}
	} else {
		core.ask('open_plan');
		Array.from(core.each('recipient'));
	}
}

/** ways - each lets another buffer end where memory ends */
const ways = {
	object(core, octets) {
		const room = putAtEnd(core, octets);
		core.ask('reader', { head: core.room(octets.length + 16), tail: core.room(octets.length + 16) });
		core.ask('feed', { piece: room });
		plans(core, core.ask('end'));
	},
	head(core, octets) {
		const { head_octets: n } = feed(core, octets, core.room(octets.length + 16), core.room(octets.length + 16));
		core.begin();
		plans(core, feed(core, octets, atEnd(core, n), core.room(octets.length + 16)));
	},
	tail(core, octets) {
		const { tail_octets: n } = feed(core, octets, core.room(octets.length + 16), core.room(octets.length + 16));
		core.begin();
		plans(core, feed(core, octets, core.room(octets.length + 16), atEnd(core, n)));
	},
	certificate(core, octets) {
		core.ask('certificate', { der: putAtEnd(core, octets) });
	},
	header(core, octets) {
		core.ask('header', { block: putAtEnd(core, octets) });
	},
	mail(core, octets) {
		core.ask('split_begin');
		core.ask('split_feed', { piece: putAtEnd(core, octets) });
		const { parts } = core.ask('split_end');
		for (let number = 0; number < parts; number++) core.ask('part', { number });
		core.begin();
		plans(core, core.read(locate(core, octets).object));
	},
};

const waysFor = (octets) => (isObject(octets) ? ['object', 'head', 'tail', 'certificate'] : ['header', 'mail']);

test(`${MUTATIONS} mutated inputs: no trap, no reading behind the end, memory bounded`, () => {
	const core = new Core(module);
	core.room(LIMIT / 4);
	core.begin();
	const size = core.exports.memory.buffer.byteLength;
	const count = { read: 0, refused: 0 };
	for (let i = 0; i < MUTATIONS; i++) {
		const seed = inputs[random(inputs.length)];
		const octets = mutated(seed);
		const words = waysFor(seed);
		const way = words[random(words.length)];
		core.begin();
		try {
			ways[way](core, octets);
			count.read++;
		} catch (error) {
			assert.equal(error.name, 'CmsFault', `mutation ${i} by ${way}: ${error.stack}\n${Buffer.from(octets).toString('base64')}`);
			count.refused++;
		}
		assert.equal(core.exports.memory.buffer.byteLength, size);
	}
	// neither all refused nor all read: the mutations reach what lies behind the first octets
	assert.ok(count.read > MUTATIONS / 20 && count.refused > MUTATIONS / 20, JSON.stringify(count));
});

test('a room that is one octet short is told, not overrun', () => {
	const core = new Core(module);
	core.room(LIMIT / 4);
	for (const seed of inputs.filter((each) => isObject(each) && each.includes(Buffer.from('2a864886f70d0107', 'hex')))) {
		core.begin();
		const ample = () => core.room(seed.length + 16);
		const { head_octets: head, tail_octets: tail } = feed(core, seed, ample(), ample());
		for (const rooms of [[head - 1, tail], ...(tail ? [[head, tail - 1]] : [])]) {
			core.begin();
			// one of them ends where memory ends
			const [first, second] = rooms[0] < head ? [atEnd(core, rooms[0]), ample()] : [ample(), atEnd(core, rooms[1])];
			assert.throws(() => feed(core, seed, first, second), { name: 'CmsFault', reason: 'cms_too_large' });
		}
	}
});

test('the module needs nobody: no imports, C-01 as the linker sees it', () => {
	assert.deepEqual(WebAssembly.Module.imports(module), []);
});

test('the unaltered inputs are read in every way: the guards stand exactly at the end', () => {
	const core = new Core(module);
	core.room(LIMIT / 4);
	for (const seed of inputs) {
		const certificate = isObject(seed) && !seed.includes(Buffer.from('2a864886f70d0107', 'hex'));
		for (const way of certificate ? ['certificate'] : waysFor(seed).filter((each) => each !== 'certificate')) {
			core.begin();
			ways[way](core, seed);
		}
	}
});

test('no input makes the module take more than its limit, and a large one is refused with a reason', () => {
	const core = new Core(module);
	assert.throws(() => { for (;;) core.room(PAGE * 16); }, { name: 'CmsFault', reason: 'cms_too_large' });
	assert.ok(core.exports.memory.buffer.byteLength <= LIMIT);
	core.begin();
	// a head of 5 MB: more than L-03 allows
	const head = Buffer.concat([Buffer.from('308006092a864886f70d010702a080308002010131840050000004840000000a', 'hex'), Buffer.alloc(5 << 20)]);
	assert.throws(() => core.read(head), { name: 'CmsFault' });
});

test('what one operation left in memory is wiped before the next', () => {
	const core = new Core(module);
	const secret = Buffer.from('the content of the last message');
	core.put(secret);
	const find = () => Buffer.from(core.exports.memory.buffer).includes(secret);
	assert.ok(find());
	core.begin();
	assert.ok(!find());
});

test('nested and endless beginnings end in linear time (C-06)', () => {
	const core = new Core(module);
	for (const octets of [Buffer.alloc(1 << 20, Buffer.from('3080', 'hex')), Buffer.alloc(1 << 20, Buffer.from('2480', 'hex'))]) {
		core.begin();
		assert.throws(() => core.read(octets), { name: 'CmsFault' });
	}
	const began = Date.now();
	core.begin();
	const answer = core.read(Buffer.concat([
		Buffer.from('308006092a864886f70d010702a0803080020101310f300d06096086480165030402010500308006092a864886f70d010701a0802480', 'hex'),
		Buffer.alloc(3 << 20, Buffer.from('040155', 'hex')),
		Buffer.from('0000'.repeat(3) + '3100' + '0000'.repeat(3), 'hex')]));
	assert.equal(answer.content_octets, 1 << 20);
	assert.ok(Date.now() - began < 5000);
});
