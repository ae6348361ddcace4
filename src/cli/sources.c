/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sources.h"

#include <string.h>

#include "core/status.h"

void wax_sources_init(WaxSources *sources)
{
	*sources = (WaxSources){ 0 };
	sources->crl_files = g_ptr_array_new();
	sources->ocsp_files = g_ptr_array_new();
	sources->crls = g_ptr_array_new_with_free_func((GDestroyNotify)wax_crl_free);
	sources->ocsps = g_ptr_array_new_with_free_func((GDestroyNotify)wax_ocsp_free);
}

void wax_sources_done(WaxSources *sources)
{
	g_clear_pointer(&sources->crl_files, g_ptr_array_unref);
	g_clear_pointer(&sources->ocsp_files, g_ptr_array_unref);
	g_clear_pointer(&sources->crls, g_ptr_array_unref);
	g_clear_pointer(&sources->ocsps, g_ptr_array_unref);
}

static bool read_nonce(WaxSources *sources, GError **error)
{
	const char *text = sources->nonce_text;
	size_t n = text ? strlen(text) : 0;

	if (!text)
		return true;
	if (n == 0 || n % 2 || n > 2 * sizeof sources->nonce ||
		strspn(text, "0123456789abcdefABCDEF") != n)
		return wax_fail(error, WAX_R_USAGE,
			"--ocsp-nonce wants 1 to 128 octets in hexadecimal, not '%s'", text);
	for (size_t i = 0; i < n / 2; i++)
		sources->nonce[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) << 4 |
					      g_ascii_xdigit_value(text[2 * i + 1]));
	sources->nonce_n = n / 2;
	return true;
}

bool wax_sources_load(WaxSources *sources, GError **error)
{
	if (!read_nonce(sources, error))
		return false;
	for (guint i = 0; i < sources->crl_files->len; i++) {
		WaxCrl *crl = wax_crl_load(sources->crl_files->pdata[i], error);

		if (!crl)
			return false;
		g_ptr_array_add(sources->crls, crl);
	}
	for (guint i = 0; i < sources->ocsp_files->len; i++) {
		WaxOcsp *ocsp = wax_ocsp_load(sources->ocsp_files->pdata[i], error);

		if (!ocsp)
			return false;
		g_ptr_array_add(sources->ocsps, ocsp);
	}
	return true;
}

WaxRevocationSources wax_sources_question(const WaxSources *sources, bool demanded)
{
	return (WaxRevocationSources){ .crls = sources->crls,
		.ocsps = sources->ocsps,
		.nonce = WAX_SPAN(sources->nonce, sources->nonce_n),
		.demanded = demanded && sources->crls->len + sources->ocsps->len > 0 };
}
