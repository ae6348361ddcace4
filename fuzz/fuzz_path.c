/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates, lists and responses one after the other: the first certificate is the leaf, the last
 * one the anchor.  Whatever they say, a path that stands is a chain of signatures up to that anchor.
 */
#include <string.h>

#include "asn1/ber.h"
#include "must.h"
#include "trust/address.h"
#include "trust/revocation.h"

#define AT 1800000000

typedef struct {
	GPtrArray *certs, *crls, *ocsps;
} Bundle;

/* is_response - an OCSPResponse begins with an ENUMERATED */
static bool is_response(WaxSpan der)
{
	WaxSpan body;
	WaxBer in = wax_ber(der);

	return wax_ber_take(&in, WAX_TAG_SEQUENCE, &body, NULL) && body.n && body.p[0] == 0x0a;
}

static void sort(Bundle *bundle, WaxSpan der)
{
	WaxOcsp *ocsp = is_response(der) ? wax_ocsp_parse(der, NULL) : NULL;
	WaxCert *cert = ocsp ? NULL : wax_cert_parse(der, NULL);
	WaxCrl *crl = ocsp || cert ? NULL : wax_crl_parse(der, NULL);

	if (ocsp)
		g_ptr_array_add(bundle->ocsps, ocsp);
	if (cert)
		g_ptr_array_add(bundle->certs, cert);
	if (crl)
		g_ptr_array_add(bundle->crls, crl);
}

static void check_chain(const GPtrArray *chain, const WaxCert *anchor)
{
	const WaxCert *last = chain->pdata[chain->len - 1];

	must(memcmp(wax_cert_info(last)->sha256, wax_cert_info(anchor)->sha256, 32) == 0);
	for (guint i = 0; i + 1 < chain->len; i++) {
		must(wax_cert_signed_by(chain->pdata[i], chain->pdata[i + 1]));
		must(wax_cert_named_issuer(chain->pdata[i], chain->pdata[i + 1]));
		must(wax_cert_names_permitted(chain->pdata[i + 1], chain->pdata[0]));
		must(!wax_cert_info(chain->pdata[i])->unknown_critical);
	}
}

static void judge(const Bundle *bundle)
{
	g_autoptr(WaxAnchor) anchor =
		wax_anchor_new(bundle->certs->pdata[bundle->certs->len - 1], NULL, false);
	g_autoptr(GPtrArray) anchors = g_ptr_array_new();
	WaxPathQuestion question = { .anchors = anchors,
		.untrusted = bundle->certs,
		.at = AT,
		.purpose = WAX_PURPOSE_SIGN };
	WaxRevocationSources sources = { .crls = bundle->crls, .ocsps = bundle->ocsps };
	g_auto(WaxPathVerdict) verdict = { 0 };

	g_ptr_array_add(anchors, anchor);
	verdict = wax_trust_path(bundle->certs->pdata[0], &question);
	must(verdict.chain && verdict.chain->len);
	if (verdict.reason == WAX_R_NONE)
		check_chain(verdict.chain, anchor->cert);
	must(wax_trust_revocation(verdict.chain, &question, &sources) != WAX_R_TRUST_REVOKED ||
		bundle->crls->len || bundle->ocsps->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) certs = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_cert_unref),
			     crls = g_ptr_array_new_with_free_func((GDestroyNotify)wax_crl_free),
			     ocsps = g_ptr_array_new_with_free_func(
				     (GDestroyNotify)wax_ocsp_free);
	Bundle bundle = { certs, crls, ocsps };
	WaxBer in = wax_ber(WAX_SPAN(data, size));
	WaxSpan der;

	while (wax_ber_take_whole(&in, WAX_TAG_SEQUENCE, &der, NULL))
		sort(&bundle, der);
	if (certs->len)
		judge(&bundle);
	return 0;
}
