/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of a certificate (RFC 5280 4.1) what names it and what its key is: nothing here says
 * whether anybody should believe it.
 */
#include "asn1/ber.h"
#include "asn1/der.h"
#include "asn1/algorithms.h"
#include "exchange.h"

#define EXPLICIT(n) (WAX_TAG_CONTEXT | WAX_TAG_CONSTRUCTED | (n))

WAX_OID(oid_rsa, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01);
WAX_OID(oid_pss, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a);
WAX_OID(oid_ec, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
WAX_OID(oid_x25519, 0x2b, 0x65, 0x6e);
WAX_OID(oid_ed25519, 0x2b, 0x65, 0x70);
WAX_OID(oid_p256, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07);
WAX_OID(oid_p384, 0x2b, 0x81, 0x04, 0x00, 0x22);
WAX_OID(oid_p521, 0x2b, 0x81, 0x04, 0x00, 0x23);
WAX_OID(oid_key_identifier, 0x55, 0x1d, 0x0e);

typedef struct {
	WaxSpan issuer, serial, serial_whole, key, key_id;
} Certificate;

static bool skip(WaxBer *in, uint8_t tag, WaxFault *fault)
{
	WaxSpan ignored;

	return wax_ber_take(in, tag, &ignored, fault);
}

static bool read_extension(WaxSpan extension, Certificate *out, WaxFault *fault)
{
	WaxBer in = wax_ber(extension);
	WaxSpan oid, value;

	if (!wax_ber_take(&in, WAX_TAG_OID, &oid, fault))
		return false;
	if (wax_ber_peek(&in) == WAX_TAG_BOOLEAN && !skip(&in, WAX_TAG_BOOLEAN, fault))
		return false;
	if (!wax_ber_take(&in, WAX_TAG_OCTET_STRING, &value, fault))
		return false;
	return !wax_span_equal(oid, oid_key_identifier) ||
	       wax_ber_only(value, WAX_TAG_OCTET_STRING, &out->key_id, fault);
}

static bool read_extensions(WaxBer *in, Certificate *out, WaxFault *fault)
{
	WaxSpan body, list, extension;

	while (!wax_ber_at_end(in) && wax_ber_peek(in) != EXPLICIT(3)) {
		WaxElement unique_id;

		if (!wax_ber_next(in, &unique_id, fault))
			return false;
	}
	if (wax_ber_at_end(in))
		return true;
	if (!wax_ber_take(in, EXPLICIT(3), &body, fault) ||
		!wax_ber_only(body, WAX_TAG_SEQUENCE, &list, fault))
		return false;
	for (WaxBer each = wax_ber(list); !wax_ber_at_end(&each);)
		if (!wax_ber_take(&each, WAX_TAG_SEQUENCE, &extension, fault) ||
			!read_extension(extension, out, fault))
			return false;
	return true;
}

static bool read_certificate(WaxSpan der, Certificate *out, WaxFault *fault)
{
	WaxSpan body, tbs;
	WaxBer in;

	if (!wax_ber_only(der, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &tbs, fault))
		return false;
	in = wax_ber(tbs);
	if (wax_ber_peek(&in) == EXPLICIT(0) && !skip(&in, EXPLICIT(0), fault))
		return false;
	if (!wax_ber_take_whole(&in, WAX_TAG_INTEGER, &out->serial_whole, fault) ||
		!skip(&in, WAX_TAG_SEQUENCE, fault) ||
		!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &out->issuer, fault) ||
		!skip(&in, WAX_TAG_SEQUENCE, fault) || !skip(&in, WAX_TAG_SEQUENCE, fault) ||
		!wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &out->key, fault))
		return false;
	return wax_ber_only(out->serial_whole, WAX_TAG_INTEGER, &out->serial, fault) &&
	       read_extensions(&in, out, fault);
}

static const char *curve_word(WaxSpan parameters)
{
	WaxSpan oid;

	if (!wax_ber_only(parameters, WAX_TAG_OID, &oid, NULL))
		return "unknown";
	return wax_span_equal(oid, oid_p256)   ? "P-256"
	       : wax_span_equal(oid, oid_p384) ? "P-384"
	       : wax_span_equal(oid, oid_p521) ? "P-521"
					       : "unknown";
}

static const char *key_word(WaxSpan oid)
{
	return wax_span_equal(oid, oid_rsa)	  ? "rsa"
	       : wax_span_equal(oid, oid_pss)	  ? "rsa-pss"
	       : wax_span_equal(oid, oid_ec)	  ? "ec"
	       : wax_span_equal(oid, oid_x25519)  ? "x25519"
	       : wax_span_equal(oid, oid_ed25519) ? "ed25519"
						  : "unknown";
}

static bool put_key(WaxSpan key, WaxFault *fault)
{
	WaxSpan body, algorithm, oid, parameters;
	WaxBer in;

	if (!wax_ber_only(key, WAX_TAG_SEQUENCE, &body, fault))
		return false;
	in = wax_ber(body);
	if (!wax_ber_take(&in, WAX_TAG_SEQUENCE, &algorithm, fault) ||
		!wax_ber_algorithm(algorithm, &oid, &parameters, fault))
		return false;
	web_put_octets("spki", key);
	web_put_text("key", key_word(oid));
	web_put_text("curve", curve_word(parameters));
	return true;
}

/* certificate: der -> issuer, serial, issuer_and_serial, key_id, spki, key, curve */
WEB_EXPORT(certificate)
{
	Certificate c = { .key_id = WAX_SPAN_NONE };
	WaxSpan der = web_input("der");
	WaxDer id = wax_der(web_take(der.n + 16), der.n + 16);
	WaxFault fault = { WAX_R_CMS_TOO_LARGE, 0 };

	if (!id.p || !read_certificate(der, &c, &fault) || !put_key(c.key, &fault))
		return web_refuse(&fault);
	wax_der_raw(&id, c.serial_whole);
	wax_der_raw(&id, c.issuer);
	wax_der_wrap(&id, WAX_TAG_SEQUENCE, 0);
	web_put_octets("issuer", c.issuer);
	web_put_octets("serial", c.serial);
	web_put_octets("issuer_and_serial", wax_der_span(&id));
	web_put_octets("key_id", c.key_id);
	return true;
}

/* put_half - an INTEGER of an Ecdsa-Sig-Value as octets of the field's size (P-04) */
static bool put_half(WaxBer *in, uint8_t *to, size_t size)
{
	WaxSpan value;

	if (!wax_ber_take(in, WAX_TAG_INTEGER, &value, NULL) || value.n == 0 || value.p[0] & 0x80)
		return false;
	if (value.n > 1 && value.p[0] == 0) {
		/* one zero stands before a high bit, and nowhere else */
		if (!(value.p[1] & 0x80))
			return false;
		value = (WaxSpan){ value.p + 1, value.n - 1 };
	}
	if (value.n > size)
		return false;
	__builtin_memcpy(to + size - value.n, value.p, value.n);
	return true;
}

/* ecdsa_halves: der, field_octets -> r_and_s, or null when it is no Ecdsa-Sig-Value */
WEB_EXPORT(ecdsa_halves)
{
	int64_t size = web_input_number("field_octets");
	uint8_t *room = size > 0 && size <= 66 ? web_take((size_t)size * 2) : NULL;
	WaxSpan body;
	WaxBer in;
	bool good;

	good = room && wax_ber_only(web_input("der"), WAX_TAG_SEQUENCE, &body, NULL);
	if (good) {
		in = wax_ber(body);
		good = put_half(&in, room, (size_t)size) &&
		       put_half(&in, room + size, (size_t)size) && wax_ber_at_end(&in);
	}
	web_put_octets("r_and_s", good ? (WaxSpan){ room, (size_t)size * 2 } : WAX_SPAN_NONE);
	return true;
}
