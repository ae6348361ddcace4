/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	mime/fields - what the fields of one header block say
 *
 * DESCRIPTION
 *	Look-up of fields in the bytes that mime/split found, Content-Type with
 *	its parameters.  RFC 2047 decoding, for showing and for comparing tags,
 *	is GMime's.  Address lists are mime/addresses.
 *
 * OWNERSHIP
 *	Results are the caller's to free; spans point into the block.
 *
 * ERRORS
 *	None: what cannot be read is absent, and said to be unreadable.
 */
#ifndef WAX_MIME_FIELDS_H
#define WAX_MIME_FIELDS_H

#include <glib.h>

#include "mime/split.h"

/* wax_fields_count - how often a field stands there; the first value in ret_value (may be NULL) */
unsigned wax_fields_count(WaxSpan block, const char *name, WaxSpan *ret_value);

/* wax_field_text - unfolded, without blanks at either end */
char *wax_field_text(WaxSpan value);

/* wax_field_decoded - unfolded and RFC 2047-decoded, valid UTF-8 */
char *wax_field_decoded(WaxSpan value);

/*
 * wax_field_encoded - a UTF-8 text as the value of an unstructured field: RFC 2047 where it
 * needs to be, folded; a control character becomes a blank, so no other field can come of it
 */
char *wax_field_encoded(const char *name, const char *text);

/* wax_mime_warm_up - open the charset conversions that mail needs, before nothing can be opened any more */
void wax_mime_warm_up(void);

typedef struct {
	char *type;	  /* "multipart/signed"; "text/plain" when absent or unreadable */
	char *smime_type; /* lower case; NULL when absent, as below */
	char *protocol;
	char *micalg;
	char *name; /* name= or filename= of Content-Disposition */
	char *boundary;
	char *charset;
	char *hp; /* RFC 9788 */
	char *method;
	char *encoding; /* Content-Transfer-Encoding, lower case; "7bit" when absent */
	bool ambiguous; /* a field or a parameter that decides stands there twice */
} WaxContent;

void wax_content_read(WaxSpan block, WaxContent *ret_content);
void wax_content_clear(WaxContent *content);

/* a file name that stands for S/MIME: .p7m, .p7s, .p7c, .p7z */
bool wax_content_named_smime(const WaxContent *content);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxContent, wax_content_clear)

#endif
