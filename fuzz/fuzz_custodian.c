/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the key process: whoever asks for whatever gets one answer, and no key is used
 * without a ticket.  First octet: who asks; next two: type; the rest: the frame.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/status.h"
#include "keys/custodian/custodian.h"
#include "keys/proto/requests.h"
#include "must.h"

static WaxCustodian *custodian;

static void start(void)
{
	g_autofree char *folder = g_dir_make_tmp("waxwing-fuzz-XXXXXX", NULL);
	g_autofree char *kek = NULL;

	must(folder && wax_custodian_new(folder, &custodian, NULL));
	kek = g_build_filename(folder, "kek", NULL);
	(void)g_unlink(kek);
	(void)g_rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned peers[] = { WAX_PEER_GATED, WAX_PEER_MAILD, WAX_PEER_CAD, 0 };
	g_autoptr(WaxFrame) request = NULL, reply = NULL;
	g_autoptr(GError) error = NULL;
	unsigned who, type;

	if (size < 2)
		return 0;
	if (!custodian)
		start();
	who = peers[data[0] & 3];
	type = WAX_KEY_STATUS + data[1] % 14;
	/* a passphrase costs Argon2id's time and memory by design, a new key RSA's */
	if (type == WAX_KEY_UNLOCK || type == WAX_KEY_PROTECT || type == WAX_KEY_GENERATE)
		return 0;
	request = wax_frame_from_bytes((uint16_t)type, WAX_SPAN(data + 2, size - 2));
	if (!request)
		return 0;
	reply = wax_custodian_answer(custodian, who, request);
	must(reply != NULL);
	if (wax_frame_check(reply, &error)) {
		/* no ticket was opened with a key, so nothing can have been signed or unwrapped */
		must(type != WAX_KEY_UNWRAP && type != WAX_KEY_SIGN && type != WAX_KEY_ISSUE);
		must(who != 0);
	} else {
		must(wax_class_of(error) != WAX_CLASS_BUG);
	}
	return 0;
}
