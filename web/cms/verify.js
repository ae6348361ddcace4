// SPDX-License-Identifier: Apache-2.0
// SignedData: arithmetic only.  Whether the certificate is to be believed, and whose it is,
// is not computed here: chain, revocation, dates and addresses are the service's verdict.
import { refuse } from './fault.js';
import { canonical, locate } from './mail.js';
import { curves, digest, digestName, same, verifier } from './platform.js';

const MAX_CERTIFICATES = 64; // L-07
const ID_DATA = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01);

function certificates(core, extra) {
	const all = [...core.each('next_certificate')].map(({ der }) => der);
	if (all.length > MAX_CERTIFICATES) refuse('malformed', `the message carries ${all.length} certificates; ${MAX_CERTIFICATES} are read`);
	return [...all, ...extra].flatMap((der) => {
		try {
			return [{ der, ...core.ask('certificate', { der }) }];
		} catch {
			return []; // what cannot be read signs nothing, and stops nothing (C-13)
		}
	});
}

const named = (signer, certificate) => (signer.issuer
	? same(signer.issuer, certificate.issuer) && same(signer.serial, certificate.serial)
	: signer.key_id && certificate.key_id && same(signer.key_id, certificate.key_id));

/** said - does the public key say that these octets were signed?  null: it cannot be asked */
async function said(core, signer, certificate, content) {
	if (signer.algorithm === 'rsa-pss' && (signer.pss_mgf_digest !== signer.digest || signer.pss_bad_trailer)) return null;
	const check = await verifier(certificate, signer);
	if (!check) return null;
	let { signature } = signer;
	if (signer.algorithm === 'ecdsa') {
		signature = core.ask('ecdsa_halves', { der: signature, field_octets: curves[certificate.curve].field }).r_and_s;
		if (!signature) return false;
	}
	if (!signer.has_attributes) return check(signature, content);
	if (await check(signature, signer.signed_octets)) return true;
	// signed in the order sent, which was not that of DER
	return Boolean(signer.received_octets) && check(signature, signer.received_octets);
}

/** a signing certificate that is named must be this one */
async function essReason(signer, certificate) {
	for (const [hash, word] of [[signer.ess_hash, signer.ess_digest], [signer.ess_v2_hash, signer.ess_v2_digest]]) {
		if (hash && !(digestName(word) && same(await digest(word, certificate.der), hash))) return 'ess_mismatch';
	}
	return null;
}

async function reasonsOf(core, signer, certificate, content) {
	if (!certificate) return [signer.broken_rule, 'no_certificate_of_signer'];
	const can = digestName(signer.digest);
	const hash = can ? await digest(signer.digest, content) : new Uint8Array(0);
	const word = signer.broken_rule || !can ? null : await said(core, signer, certificate, content);
	if (!signer.broken_rule && word === null) return ['signature_unsupported'];
	const { reason } = core.ask('verify_finish', { digest: hash, key_said: word ? 1 : 0 });
	const bare = signer.has_attributes ? [] : ['no_signed_attributes'];
	if (bare.length && content.length <= 65536 && core.ask('looks_like_attributes', { content }).looks) bare.push('attributes_as_content');
	return [reason, ...bare, await essReason(signer, certificate)];
}

async function judge(core, signer, { known, content, typed }) {
	const certificate = known.find((each) => named(signer, each));
	const reasons = [...await reasonsOf(core, signer, certificate, content), typed].filter(Boolean);
	return {
		right: reasons.length === 0,
		reasons,
		algorithm: signer.algorithm,
		digest: signer.digest,
		weak: signer.weak_digest,
		certificate: certificate?.der,
		claimedTime: signer.signing_time === undefined ? undefined : new Date(signer.signing_time * 1000),
		countersignatures: signer.countersignatures,
	};
}

/** word - one word for all signers: as good as the worst of them (V-06) */
function word(signers) {
	if (!signers.length) return 'none';
	if (signers.every(({ right }) => right)) return 'right';
	return signers.every(({ right, reasons }) => right || reasons.every((r) => r === 'signature_unsupported')) ? 'unsupported' : 'wrong';
}

function contentOf(found, answer, given) {
	if (found.kind === 'multipart/signed') {
		if (answer.has_content) refuse('econtent_present', 'the signature of multipart/signed carries content of its own: two contents, one signature');
		return found.content;
	}
	if (answer.has_content && given) refuse('econtent_present', 'the object carries its content: give none beside it');
	if (!answer.has_content && !given) return refuse('usage', 'the signature is detached: give the content that it signs');
	return answer.has_content ? answer.content : canonical(given);
}

export async function verify(core, octets, { content: given, certificates: extra = [] } = {}) {
	const found = locate(core, octets);
	const answer = core.read(found.object);
	if (answer.type !== 'signed-data') refuse('usage', `this is ${answer.type}: it carries no signature to verify`);
	const plan = core.ask('verify_plan');
	const known = certificates(core, extra);
	if (!plan.signers && !answer.has_content && !given && !found.content) return { arithmetic: 'none', signers: [], certificates: known.map(({ der }) => der), trust: 'not judged' };
	const content = contentOf(found, answer, given);
	// S-09: what is signed as something else, a receipt say, may repeat octets of whoever asked for it: it is no mail
	const typed = same(plan.content_type, ID_DATA) ? null : 'content_type_mismatch';
	const signers = [];
	for (const signer of core.each('signer')) signers.push(await judge(core, signer, { known, content, typed }));
	return {
		arithmetic: word(signers),
		signers,
		content,
		certificates: known.map(({ der }) => der),
		outside: found.outside ?? false,
		trust: 'not judged',
	};
}
