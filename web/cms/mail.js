// SPDX-License-Identifier: Apache-2.0
// Where in a message the CMS object lies (by mime/split), and messages around new ones.
import { refuse } from './fault.js';
import { join } from './platform.js';

const PIECE = 65536;
const LINE = 76;
const CR = 13, LF = 10;
const decoder = new TextDecoder('latin1');
const latin = (octets) => (octets ? decoder.decode(octets) : undefined);
const encoder = new TextEncoder();

/** isObject - a bare CMS object, not a message: no header field begins like a BER SEQUENCE */
export const isObject = (octets) => octets[0] === 0x30 && octets[1] >= 0x80;

function header(core, octets, part) {
	const answer = core.ask('header', { block: octets.subarray(part.start, part.body) });
	if (answer.ambiguous) refuse('duplicate_header', 'a field or parameter that says what the part is stands twice: it could be read in two ways');
	return {
		type: (latin(answer.type) ?? 'text/plain'),
		encoding: (latin(answer.encoding) ?? '7bit').trim().toLowerCase(),
		smimeType: latin(answer.smime_type)?.toLowerCase(),
		fileName: (latin(answer.file_name) ?? latin(answer.name) ?? '').toLowerCase(),
		date: latin(answer.date)?.trim(),
	};
}

/** split - every part of a message: its octets lie at start, body, end */
export function split(core, octets) {
	core.ask('split_begin');
	const room = core.room(Math.min(octets.length, PIECE));
	for (let at = 0; at < octets.length; at += PIECE) {
		const piece = octets.subarray(at, at + PIECE);
		core.octets(room.at, piece.length).set(piece);
		core.ask('split_feed', { piece: { at: room.at, n: piece.length } });
	}
	const { parts } = core.ask('split_end');
	return Array.from({ length: parts }, (_, number) => ({ number, ...core.ask('part', { number }) }));
}

/** fromBase64 - white space is skipped, anything else that is no base64 refused (L-20) */
function fromBase64(octets) {
	const text = decoder.decode(octets).replace(/[ \t\r\n]+/g, '');
	if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) refuse('mime_encoding', 'the base64 holds what base64 may not');
	try {
		return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
	} catch {
		return refuse('mime_encoding', 'the base64 ends within a group');
	}
}

function body(octets, part, fields) {
	const raw = octets.subarray(part.body, part.end);
	if (fields.encoding === 'base64') return fromBase64(raw);
	if (['7bit', '8bit', 'binary'].includes(fields.encoding)) return raw;
	return refuse('mime_encoding', `a CMS object in ${fields.encoding} cannot be read: base64, 7bit, 8bit and binary can`);
}

/** canonical - every line end as CRLF, and nothing else changed */
export function canonical(octets) {
	let bare = 0;
	for (let i = 0; i < octets.length; i++) if (octets[i] === LF && octets[i - 1] !== CR) bare++;
	if (!bare) return octets;
	const out = new Uint8Array(octets.length + bare);
	for (let i = 0, to = 0; i < octets.length; i++) {
		if (octets[i] === LF && octets[i - 1] !== CR) out[to++] = CR;
		out[to++] = octets[i];
	}
	return out;
}

const pkcs7 = (type, what) => type === `application/pkcs7-${what}` || type === `application/x-pkcs7-${what}`;

function clearSigned(core, octets, parts) {
	const children = parts.filter((part) => part.parent === 0);
	const signature = children[1] && header(core, octets, children[1]);
	if (children.length !== 2 || !pkcs7(signature.type, 'signature')) refuse('malformed', 'multipart/signed has exactly two parts, the second a pkcs7-signature: this one has not');
	return {
		kind: 'multipart/signed',
		object: body(octets, children[1], signature),
		content: canonical(octets.subarray(children[0].start, children[0].end)),
		outside: parts[0].has_preamble || parts[0].has_epilogue,
	};
}

/**
 * locate - the CMS object of a message's root (or the bare object itself)
 * @returns {{kind: string, object: Uint8Array, content?: Uint8Array, smimeType?: string}}
 */
export function locate(core, octets) {
	if (isObject(octets)) return { kind: 'object', object: octets };
	const parts = split(core, octets);
	const fields = header(core, octets, parts[0]);
	if (fields.type === 'multipart/signed') return clearSigned(core, octets, parts);
	const named = fields.type === 'application/octet-stream' && /\.p7[mscz]$/.test(fields.fileName);
	if (!pkcs7(fields.type, 'mime') && !named) refuse('malformed', `the root of the message is ${fields.type}, neither signed nor encrypted with S/MIME: there is nothing to open or verify`);
	return { kind: 'pkcs7-mime', object: body(octets, parts[0], fields), smimeType: fields.smimeType };
}

/** date - of the header, as milliseconds, or undefined */
export function date(core, octets) {
	const [root] = split(core, octets);
	const at = Date.parse(header(core, octets, root).date);
	return Number.isNaN(at) ? undefined : at;
}

function base64(octets) {
	const block = LINE / 4 * 3 * 256;
	let out = '';
	for (let at = 0; at < octets.length; at += block) {
		out += btoa(String.fromCharCode(...octets.subarray(at, at + block))).replace(/.{1,76}/g, '$&\r\n');
	}
	return out;
}

/** wrapped - an application/pkcs7-mime entity around an object */
export function wrapped(object, smimeType) {
	return encoder.encode(`Content-Type: application/pkcs7-mime; smime-type=${smimeType};\r\n\tname="smime.p7m"\r\n`
		+ 'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7m"\r\n\r\n'
		+ base64(object));
}

/** clearSignedEntity - multipart/signed around content and its detached signature */
export function clearSignedEntity(content, object, micalg, random) {
	const boundary = `=_${Array.from(random, (octet) => octet.toString(16).padStart(2, '0')).join('')}`;
	return join(encoder.encode('Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n'
		+ `\tmicalg=${micalg}; boundary="${boundary}"\r\n\r\n--${boundary}\r\n`),
	content,
	encoder.encode(`\r\n--${boundary}\r\nContent-Type: application/pkcs7-signature; name="smime.p7s"\r\n`
		+ 'Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\n\r\n'
		+ `${base64(object)}--${boundary}--\r\n`));
}
