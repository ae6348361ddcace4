/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing cert pack: certificates as a certs-only object (RFC 8551 3.8) */
#include "cli/input.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "cms/sign.h"
#include "core/status.h"
#include "crypto/cert.h"

static bool pack(const GPtrArray *certs, const char *out, GError **error)
{
	g_autofree WaxSpan *spans = g_new(WaxSpan, certs->len);
	g_auto(WaxOutput) output = { .fd = -1 };
	g_autofree uint8_t *tail_room = NULL;
	uint8_t head_room[256];
	WaxDer head = wax_der(head_room, sizeof head_room), tail;
	size_t room = 256;
	WaxFault fault;

	for (guint i = 0; i < certs->len; i++) {
		spans[i] = wax_cert_info(certs->pdata[i])->der;
		room += spans[i].n;
	}
	tail_room = g_malloc(room);
	tail = wax_der(tail_room, room);
	if (!wax_cms_sign_all(NULL, 0, spans, certs->len, NULL, &head, &tail, &fault))
		return wax_fail_fault(error, &fault, "certs-only");
	return wax_output_open(out, &output, error) &&
	       wax_sink_write(&output.sink, wax_der_span(&head), error) &&
	       wax_sink_write(&output.sink, wax_der_span(&tail), error) &&
	       wax_output_commit(&output, error);
}

int wax_cli_cert_pack(int argc, char **argv)
{
	const char *file = NULL, *out = NULL;
	const WaxOption options[] = { { "--out", WAX_OPTION_TEXT, &out } };
	g_autoptr(GPtrArray) certs = NULL;
	g_autoptr(GError) error = NULL;

	if (!wax_options_read(argc, argv, options, G_N_ELEMENTS(options), &file, &error) ||
		!wax_certs_load(file, &certs, &error) || !pack(certs, out, &error))
		return wax_cli_report("cert pack", error);
	return 0;
}
