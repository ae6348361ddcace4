/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The door of the key process: whoever asks for whatever gets one answer, and no key is used
 * without a ticket.  First octet: who asks; the next: type; the rest: the frame.  With the top bit of the
 * type set it is UNWRAP with a good ticket, and the rest says what stands in its fields.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/status.h"
#include "keys/custodian/custodian.h"
#include "keys/proto/requests.h"
#include "must.h"

#define HANDLE 1

static WaxCustodian *custodian;
static const uint8_t ticket[WAX_TICKET_SIZE] = { 0x5a };
static GByteArray *record; /* of a key whose every answer is checked: nothing that is made up opens with it */

static WaxFrame *asked(unsigned who, WaxFrame *request)
{
	WaxFrame *reply = wax_custodian_answer(custodian, who, request);

	wax_frame_free(request);
	return reply;
}

static void make_key(void)
{
	g_autoptr(WaxFrame) reply = NULL;
	WaxFrame *request = wax_frame_new(WAX_KEY_GENERATE);
	WaxSpan made;

	wax_frame_put_str(request, "bob");
	wax_frame_put_str(request, "encrypt");
	wax_frame_put_u64(request, 1);
	wax_frame_put_str(request, "x25519");
	reply = asked(WAX_PEER_CAD, request);
	must(wax_frame_check(reply, NULL) && wax_frame_get_span(reply, &made, NULL));
	record = g_byte_array_append(g_byte_array_new(), made.p, (guint)made.n);
}

static void open_ticket(void)
{
	g_autoptr(WaxFrame) reply = NULL, closed = NULL;
	WaxFrame *request = wax_frame_new(WAX_KEY_TICKET_CLOSE);

	wax_frame_put_span(request, WAX_SPAN(ticket, sizeof ticket));
	closed = asked(WAX_PEER_GATED, request);
	request = wax_frame_new(WAX_KEY_TICKET_OPEN);
	wax_frame_put_span(request, WAX_SPAN(ticket, sizeof ticket));
	wax_frame_put_u32(request, 1);
	wax_frame_put_u32(request, 1);
	wax_frame_put_u32(request, 1);
	wax_frame_put_u32(request, HANDLE);
	wax_frame_put_span(request, WAX_SPAN(record->data, record->len));
	reply = asked(WAX_PEER_GATED, request);
	must(wax_frame_check(reply, NULL));
}

static uint8_t take(WaxSpan *in)
{
	uint8_t value = in->n ? in->p[0] : 0;

	if (in->n)
		*in = WAX_SPAN(in->p + 1, in->n - 1);
	return value;
}

static void put_piece(WaxFrame *request, WaxSpan *in)
{
	size_t wanted = take(in), n = MIN(wanted, in->n);

	wax_frame_put_span(request, WAX_SPAN(in->p, n));
	*in = WAX_SPAN(in->p + n, in->n - n);
}

/* unwrap - with its ticket and every field of its kind, whatever stands in them */
static WaxFrame *unwrap(WaxSpan in)
{
	WaxFrame *request = wax_frame_new(WAX_KEY_UNWRAP);

	open_ticket();
	wax_frame_put_span(request, WAX_SPAN(ticket, sizeof ticket));
	wax_frame_put_u32(request, HANDLE);
	wax_frame_put_u32(request, take(&in)); /* alg */
	put_piece(request, &in);	       /* wrapped */
	wax_frame_put_u32(request, take(&in)); /* key size */
	wax_frame_put_u32(request, take(&in)); /* digest */
	wax_frame_put_u32(request, take(&in)); /* mgf digest */
	put_piece(request, &in);	       /* label */
	put_piece(request, &in);	       /* originator */
	put_piece(request, &in);	       /* curve */
	wax_frame_put_bool(request, take(&in) & 1);
	wax_frame_put_u32(request, take(&in)); /* kdf scheme */
	wax_frame_put_u32(request, take(&in)); /* kdf digest */
	put_piece(request, &in);	       /* salt */
	put_piece(request, &in);	       /* info */
	wax_frame_put_u32(request, take(&in)); /* wrap */
	return request;
}

static void start(void)
{
	g_autofree char *folder = g_dir_make_tmp("waxwing-fuzz-XXXXXX", NULL);
	g_autofree char *kek = NULL;

	must(folder && wax_custodian_new(folder, &custodian, NULL));
	kek = g_build_filename(folder, "kek", NULL);
	(void)g_unlink(kek);
	(void)g_rmdir(folder);
	make_key();
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
	type = data[1] & 0x80 ? WAX_KEY_UNWRAP : WAX_KEY_STATUS + data[1] % 14;
	/* a passphrase costs Argon2id's time and memory by design, a new key RSA's */
	if (type == WAX_KEY_UNLOCK || type == WAX_KEY_PROTECT || type == WAX_KEY_GENERATE)
		return 0;
	request = data[1] & 0x80 ? unwrap(WAX_SPAN(data + 2, size - 2))
				 : wax_frame_from_bytes((uint16_t)type, WAX_SPAN(data + 2, size - 2));
	if (!request)
		return 0;
	reply = wax_custodian_answer(custodian, who, request);
	must(reply != NULL);
	if (wax_frame_check(reply, &error)) {
		/* the one key there is signs nothing, and no wrapped key was made for it */
		must(type != WAX_KEY_UNWRAP && type != WAX_KEY_SIGN && type != WAX_KEY_ISSUE);
		must(who != 0);
	} else {
		must(wax_class_of(error) != WAX_CLASS_BUG);
	}
	return 0;
}
