// SPDX-License-Identifier: Apache-2.0
// SignedData with the send profile's attributes: the core writes, WebCrypto signs.
import { refuse } from './fault.js';
import { canonical, clearSignedEntity, date, wrapped } from './mail.js';
import { crypto, curves, digest, digestWord, join, needKey, subtle, verifier } from './platform.js';

const OLD = 50 * 60 * 1000; // S-90
const micalg = { sha256: 'sha-256', sha384: 'sha-384', sha512: 'sha-512' };

/** plan - which signature and digest this key makes */
function plan(key) {
	const { name, hash, namedCurve } = key.algorithm;
	if (name === 'ECDSA') return { algorithm: 'ecdsa', digest: curves[namedCurve].digest, how: { name, hash: `SHA-${curves[namedCurve].digest.slice(3)}` } };
	if (name === 'Ed25519') return { algorithm: 'ed25519', digest: 'sha512', how: { name } };
	const word = digestWord(hash?.name);
	if (!micalg[word]) refuse('usage', `nothing is signed with ${hash?.name ?? name}: import the key for RSASSA-PKCS1-v1_5, RSA-PSS or ECDSA with SHA-256 or more`);
	if (name === 'RSASSA-PKCS1-v1_5') return { algorithm: 'rsa', digest: word, how: { name } };
	if (name === 'RSA-PSS') return { algorithm: 'rsa-pss', digest: word, how: { name, saltLength: Number(word.slice(3)) / 8 } };
	return refuse('usage', `a key for ${name} signs nothing here: import it for RSASSA-PKCS1-v1_5, RSA-PSS, ECDSA or Ed25519`);
}

/** when - the time that is claimed; none for a message that waited (S-90) */
function when(core, entity, time) {
	if (time === null) return undefined;
	const now = (time ?? new Date()).getTime();
	const written = date(core, entity);
	return written !== undefined && now - written > OLD ? undefined : Math.floor(now / 1000);
}

/** signature - made, and checked at once against the certificate: a wrong pair is told here, not by the reader */
async function signature(core, certificate, key, how, attributes) {
	const made = new Uint8Array(await subtle.sign(how.how, key, attributes));
	const check = await verifier(certificate, { algorithm: how.algorithm, digest: how.digest, pss_salt: how.how.saltLength });
	if (!check || !await check(made, attributes)) refuse('key_mismatch', 'the private key does not belong to the certificate: give the certificate of this key');
	return how.algorithm === 'ecdsa' ? core.ask('ecdsa_value', { r_and_s: made }).der : made;
}

export async function sign(core, octets, { certificate, chain = [], key, time, opaque = false, encryptionCertificate }) {
	const entity = canonical(octets);
	if (!opaque && entity.some((octet) => octet > 127)) refuse('mime_encoding', 'the entity has octets above 127, which a server on the way may change: encode its parts in base64 or quoted-printable, or sign opaquely');
	needKey(key, ['sign'], 'signing');
	const how = plan(key);
	const parsed = core.ask('certificate', { der: certificate });
	const { attributes } = core.ask('sign_plan', {
		digest: how.digest,
		algorithm: how.algorithm,
		issuer_and_serial: parsed.issuer_and_serial,
		certificate_sha256: await digest('sha256', certificate),
		message_digest: await digest(how.digest, entity),
		signing_time: when(core, entity, time),
		encryption_certificate: encryptionCertificate && core.ask('certificate', { der: encryptionCertificate }).issuer_and_serial,
	});
	const { head, tail } = core.ask('sign_finish', {
		signature: await signature(core, parsed, key, how, attributes),
		certificates: join(certificate, ...chain),
		content_octets: opaque ? entity.length : undefined,
	});
	if (opaque) return wrapped(join(head, entity, tail), 'signed-data');
	return clearSignedEntity(entity, join(head, tail), micalg[how.digest], crypto.getRandomValues(new Uint8Array(15)));
}
