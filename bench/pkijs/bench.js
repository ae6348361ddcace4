// SPDX-License-Identifier: Apache-2.0
// usage: node bench.js FOLDER - a competitor for bench/run (bench/spend.h): PKI.js on the jobs of bench/engine
// It makes and opens the CMS object alone: no MIME, no base64.  A signed content lies inside the
// object, AES-GCM in EnvelopedData: it has no AuthEnvelopedData.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import * as asn1js from "asn1js";
import * as pkijs from "pkijs";

const folder = process.argv[2];
const { subtle } = globalThis.crypto;
pkijs.setEngine("node", new pkijs.CryptoEngine({ name: "node", crypto: globalThis.crypto }));

const DATA = "1.2.840.113549.1.7.1";
const SIGNED = "1.2.840.113549.1.7.2";
const ENVELOPED = "1.2.840.113549.1.7.3";

const pems = (name) =>
	[...readFileSync(`${folder}/${name}`, "latin1").matchAll(/-----BEGIN [^-]*-----([^-]*)-----END/g)]
		.map(([, text]) => Uint8Array.from(Buffer.from(text, "base64")).buffer);
const certificates = (name) => pems(name).map((der) => pkijs.Certificate.fromBER(der));

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
const EC = { name: "ECDSA", namedCurve: "P-256" };
const keys = {
	rsa: await subtle.importKey("pkcs8", pems("rsa.key")[0], RSA, false, ["sign"]),
	ec: await subtle.importKey("pkcs8", pems("ec.key")[0], EC, false, ["sign"]),
};
const decryptionKey = pems("rsa.key")[0];
const chains = { rsa: certificates("rsa-chain.pem"), ec: certificates("ec-chain.pem") };
const roots = certificates("ca.pem");
const many = certificates("many.pem");

function makeLetter(n) {
	const head = Buffer.from("Content-Type: text/plain\r\n\r\n");
	const text = Buffer.alloc(head.length + n);
	head.copy(text);
	for (let i = 0; i < n; i++)
		text[head.length + i] = i % 78 === 76 ? 13 : i % 78 === 77 ? 10 : 65 + (i % 23);
	return text.buffer.slice(text.byteOffset, text.byteOffset + text.length);
}

const wrapped = (contentType, content) => new pkijs.ContentInfo({ contentType, content }).toSchema().toBER(false);

async function attributesOf(letter) {
	const digest = await subtle.digest("SHA-256", letter);
	const one = (type, value) => new pkijs.Attribute({ type, values: [value] });
	return new pkijs.SignedAndUnsignedAttributes({
		type: 0,
		attributes: [
			one("1.2.840.113549.1.9.3", new asn1js.ObjectIdentifier({ value: DATA })),
			one("1.2.840.113549.1.9.5", new asn1js.UTCTime({ valueDate: new Date() })),
			one("1.2.840.113549.1.9.4", new asn1js.OctetString({ valueHex: digest })),
		],
	});
}

async function sign(kind, letter) {
	const [cert] = chains[kind];
	const signed = new pkijs.SignedData({
		version: 1,
		encapContentInfo: new pkijs.EncapsulatedContentInfo({
			eContentType: DATA,
			eContent: new asn1js.OctetString({ valueHex: letter }),
		}),
		signerInfos: [
			new pkijs.SignerInfo({
				version: 1,
				sid: new pkijs.IssuerAndSerialNumber({ issuer: cert.issuer, serialNumber: cert.serialNumber }),
				signedAttrs: await attributesOf(letter),
			}),
		],
		certificates: chains[kind],
	});
	await signed.sign(keys[kind], 0, "SHA-256", letter);
	return wrapped(SIGNED, signed.toSchema(true));
}

async function verify(object) {
	const info = pkijs.ContentInfo.fromBER(object);
	const signed = new pkijs.SignedData({ schema: info.content });
	if (!(await signed.verify({ signer: 0, checkChain: true, trustedCerts: roots })))
		throw new Error("not verified");
}

async function encrypt(name, recipients, letter) {
	const enveloped = new pkijs.EnvelopedData();
	for (const cert of recipients)
		enveloped.addRecipientByCertificate(cert, { oaepHashAlgorithm: "SHA-256" });
	await enveloped.encrypt({ name, length: 256 }, letter);
	return wrapped(ENVELOPED, enveloped.toSchema());
}

async function decrypt(object) {
	const info = pkijs.ContentInfo.fromBER(object);
	const enveloped = new pkijs.EnvelopedData({ schema: info.content });
	const content = await enveloped.decrypt(0, {
		recipientCertificate: chains.rsa[0],
		recipientPrivateKey: decryptionKey,
	});
	if (content.byteLength < 10000) throw new Error("nothing came out");
}

const jobs = {
	"sign-rsa2048": { seal: (m) => sign("rsa", m) },
	"sign-p256": { seal: (m) => sign("ec", m) },
	"verify-rsa2048": { seal: (m) => sign("rsa", m), open: verify },
	"verify-p256": { seal: (m) => sign("ec", m), open: verify },
	"encrypt-gcm": { seal: (m) => encrypt("AES-GCM", [chains.rsa[0]], m) },
	"encrypt-cbc": { seal: (m) => encrypt("AES-CBC", [chains.rsa[0]], m) },
	"encrypt-gcm-100": { seal: (m) => encrypt("AES-GCM", many, m) },
	"decrypt-gcm": { seal: (m) => encrypt("AES-GCM", [chains.rsa[0]], m), open: decrypt },
	"decrypt-cbc": { seal: (m) => encrypt("AES-CBC", [chains.rsa[0]], m), open: decrypt },
};

const cpu = () => {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1e6;
};

async function spend(once, seconds) {
	const began = cpu();
	let runs = 0;
	let spent;
	do {
		await once();
		runs++;
		spent = cpu() - began;
	} while (spent < seconds);
	return `${runs} ${spent}`;
}

let prepared = {};

async function measure(name, n, seconds) {
	const job = jobs[name];
	if (!job) return "missing";
	if (prepared.name !== name || prepared.n !== n) {
		const letter = makeLetter(n);
		const sealed = job.open && (await job.seal(letter));
		prepared = { name, n, once: job.open ? () => job.open(sealed) : () => job.seal(letter) };
	}
	return spend(prepared.once, seconds);
}

for await (const line of createInterface({ input: process.stdin })) {
	const [name, n, seconds] = line.split(" ");
	try {
		console.log(await measure(name, Number(n), Number(seconds)));
	} catch (why) {
		console.log(`failed: ${why.message ?? why}`.replaceAll("\n", " "));
	}
}
