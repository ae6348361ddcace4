// SPDX-License-Identifier: Apache-2.0

/**
 * A refusal: `code` and `reason` are those of the product's table of reasons, `at` the
 * octet of the input where it was met.  `message` names what, why and what to do.
 */
export class CmsFault extends Error {
	constructor({ code, reason, at }, message) {
		super(message ?? `the object cannot be read: ${reason} at octet ${at} (${code})`);
		this.name = 'CmsFault';
		this.code = code;
		this.reason = reason;
		this.at = at ?? 0;
	}
}

const codes = {
	algorithm_unsupported: 'CMS-006',
	econtent_present: 'CMS-011',
	decrypt_failed: 'CMS-015',
	no_key: 'CMS-016',
	malformed: 'MIM-001',
	mime_encoding: 'MIM-005',
	duplicate_header: 'MIM-006',
	usage: 'GEN-005',
	key_mismatch: 'KEY-002',
	key_weak: 'KEY-003',
};

/** refuse - a CmsFault of the table, with a sentence for people */
export function refuse(reason, message) {
	throw new CmsFault({ code: codes[reason], reason }, message);
}
