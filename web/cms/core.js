// SPDX-License-Identifier: Apache-2.0
// One instance of the module serves one operation at a time.  Questions take inputs by
// name and give answers by name (wasm/exchange.h), so no structure is known on both sides.
import { CmsFault } from './fault.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PIECE = 65536;
const LIMIT = 4 * 1024 * 1024; // L-03: octets before, and after, the content
const [NUMBER, FLAG, TEXT, OCTETS] = Array.from('nfto', (kind) => kind.charCodeAt(0));
const KEEP = 8; // instances that wait to be used again

/** An instance: `ask` for answers, `put` octets into its memory. */
export class Core {
	constructor(module) {
		this.exports = new WebAssembly.Instance(module).exports;
		this.names = new Map();
		this.texts = new Map();
		this.begin();
	}

	/** begin - forget, and wipe, everything of the last operation */
	begin() {
		this.exports.begin();
		this.names.clear();
	}

	/** octets - memory as it is now: growing it makes older views useless */
	octets(at, n) {
		return new Uint8Array(this.exports.memory.buffer, at, n);
	}

	room(n) {
		const at = this.exports.room(n) >>> 0;
		if (!at) throw new CmsFault({ code: 'CMS-004', reason: 'cms_too_large' }, `the module may not have ${n} octets more: the input is larger than its limits`);
		return { at, n };
	}

	put(bytes) {
		const room = this.room(bytes.length);
		this.octets(room.at, room.n).set(bytes);
		return room;
	}

	/** place - an input as octets of the module's memory: text, number, bytes or a room */
	place(value) {
		if (value instanceof Uint8Array) return this.put(value);
		if (typeof value === 'object') return value;
		return this.put(encoder.encode(String(value)));
	}

	name(word) {
		if (!this.names.has(word)) this.names.set(word, this.put(encoder.encode(word)));
		return this.names.get(word);
	}

	/** ask - answers of one export; throws what it refuses */
	ask(question, inputs = {}) {
		this.exports.ask();
		for (const [word, value] of Object.entries(inputs)) {
			if (value === undefined || value === null) continue;
			const name = this.name(word);
			const { at, n } = this.place(value);
			if (!this.exports.set(name.at, name.n, at, n)) throw new TypeError(`${question} takes too many inputs`);
		}
		const good = this.exports[question]();
		const answers = this.answers();
		if (!good) throw new CmsFault(answers);
		return answers;
	}

	/** text - of a constant of the module */
	text(at) {
		if (!this.texts.has(at)) {
			const from = new Uint8Array(this.exports.memory.buffer, at);
			this.texts.set(at, decoder.decode(from.subarray(0, from.indexOf(0))));
		}
		return this.texts.get(at);
	}

	answers() {
		const words = new Uint32Array(this.exports.memory.buffer, this.exports.answers(), this.exports.answer_count() * 4);
		const out = {};
		for (let i = 0; i < words.length; i += 4) out[this.text(words[i + 1])] = this.value(words[i], words[i + 2], words[i + 3]);
		return out;
	}

	value(kind, first, second) {
		switch (kind) {
		case NUMBER: return (second | 0) * 2 ** 32 + first;
		case FLAG: return first === 1;
		case TEXT: return this.text(first);
		case OCTETS: return this.octets(first, second).slice();
		default: return null;
		}
	}

	/**
	 * read - a whole CMS object, in pieces of any size (C-04)
	 * @param {Uint8Array} object
	 * @param {number} [piece] octets handed over at once
	 * @returns what `end` answers, and `content`: its octets, joined
	 */
	read(object, piece = PIECE) {
		const side = Math.min(object.length + 16, LIMIT);
		this.ask('reader', { head: this.room(side), tail: this.room(side) });
		const room = this.room(Math.min(piece, object.length));
		const content = new Uint8Array(object.length);
		let n = 0;
		for (let at = 0; at < object.length; at += piece) {
			const next = object.subarray(at, at + piece);
			this.octets(room.at, next.length).set(next);
			const answer = this.ask('feed', { piece: { at: room.at, n: next.length } });
			content.set(this.octets(room.at, answer.content), n);
			n += answer.content;
		}
		return { ...this.ask('end'), content: content.subarray(0, n) };
	}

	/** each - answers of a question that is asked until there are no more */
	*each(question) {
		for (let answer = this.ask(question); answer.more; answer = this.ask(question)) yield answer;
	}
}

/** Instances of one module, lent to one operation each. */
export class Pool {
	constructor(module) {
		this.module = module;
		this.idle = [];
	}

	/** with - runs `work(core)`; what it left in memory is wiped before the instance is used again */
	async with(work) {
		const core = this.idle.pop() ?? new Core(this.module);
		let sound = true;
		try {
			return await work(core);
		} catch (error) {
			// a module that trapped is not asked again
			sound = !(error instanceof WebAssembly.RuntimeError);
			throw error;
		} finally {
			if (sound) core.begin();
			if (sound && this.idle.length < KEEP) this.idle.push(core);
		}
	}
}
