/* SPDX-License-Identifier: Apache-2.0 */
/* A response is read or refused; each certificate sent along may be asked for, and answers end. */
#include "core/status.h"
#include "crypto/ocsp.h"
#include "must.h"

static void ask_for(const WaxOcsp *ocsp, const WaxCert *cert, const WaxCert *issuer, size_t size)
{
	WaxOcspAnswer answer;
	size_t at = 0, before = 0;

	while (wax_ocsp_next(ocsp, cert, issuer, &at, &answer)) {
		must(at > before && at <= size);
		must(answer.status != WAX_OCSP_NONE);
		before = at;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(WaxOcsp) ocsp = wax_ocsp_parse(WAX_SPAN(data, size), &error);
	const WaxOcspInfo *info;

	must((ocsp != NULL) == (error == NULL));
	if (!ocsp)
		return 0;
	info = wax_ocsp_info(ocsp);
	for (guint i = 0; i < info->certs->len; i++) {
		wax_ignore(wax_ocsp_signed_by(ocsp, info->certs->pdata[i]));
		for (guint j = 0; j < info->certs->len; j++)
			ask_for(ocsp, info->certs->pdata[i], info->certs->pdata[j], size);
	}
	return 0;
}
