/* SPDX-License-Identifier: Apache-2.0 */
/* A revocation list is read or refused; what was read says the same when asked twice. */
#include <string.h>

#include "core/status.h"
#include "crypto/crl.h"
#include "must.h"

static void check_numbers(const WaxCrlInfo *info)
{
	must(!info->is_delta || info->base.n);
	if (info->number.n && info->base.n)
		must(wax_crl_numbers_ordered(info->number, info->base) ||
			wax_crl_numbers_ordered(info->base, info->number));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(WaxCrl) crl = wax_crl_parse(WAX_SPAN(data, size), &error), again = NULL;

	must((crl != NULL) == (error == NULL));
	if (!crl)
		return 0;
	check_numbers(wax_crl_info(crl));
	must((wax_crl_info(crl)->scope.reasons & ~WAX_REASONS_ALL) == 0);
	again = wax_crl_parse(WAX_SPAN(data, size), NULL);
	must(again && wax_crl_info(again)->this_update == wax_crl_info(crl)->this_update &&
		wax_crl_info(again)->unknown_critical == wax_crl_info(crl)->unknown_critical);
	return 0;
}
