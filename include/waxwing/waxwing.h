/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	waxwing - sign, encrypt, decrypt and verify e-mail messages (S/MIME 4.0)
 *
 * SYNOPSIS
 *	waxwing *w = waxwing_new();
 *	waxwing_set_signer(w, "me.p12", "password");
 *	waxwing_add_recipient(w, "bob.pem");
 *	if (waxwing_seal(w, in, out) != 0)
 *		fprintf(stderr, "%s\n", waxwing_error(w));
 *	waxwing_free(w);
 *
 * DESCRIPTION
 *	A waxwing holds what operations need: keys, certificates, choices.  A
 *	waxwing_message is a message that was judged; its texts live as long
 *	as it does.  Descriptors may be files or pipes; memory does not depend
 *	on the size of the message.  Trust is what was added as an anchor; the
 *	system's certificates never count.
 *
 *	Functions return 0, or an exit code in the style of sysexits.h: 64
 *	asked wrongly, 65 malformed, 66 no input, 75 try again, 77 not
 *	permitted.  waxwing_error says what happened.
 *
 *	A waxwing is used by one thread at a time; different ones are
 *	independent.
 *
 * OWNERSHIP
 *	What _new and _open give is freed by _free, which takes NULL.
 *
 * ERRORS
 *	As above; a bad signature is no error but a verdict.
 */
#ifndef WAXWING_H
#define WAXWING_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct waxwing waxwing;
typedef struct waxwing_message waxwing_message;

const char *waxwing_version(void);

waxwing *waxwing_new(void);
void waxwing_free(waxwing *w);

/* the text of the last failure, and its stable label ("password_wrong"); "" when there was none */
const char *waxwing_error(const waxwing *w);
const char *waxwing_error_label(const waxwing *w);

/* spec: "KEY.p12", "KEY.pem" or "KEY.pem,CERT.pem"; password may be NULL */
int waxwing_add_identity(waxwing *w, const char *spec, const char *password);
int waxwing_set_signer(waxwing *w, const char *spec, const char *password);

/*
 * files with certificates, PEM or DER; a recipient's is the first of its file, and one that is added
 * twice is encrypted to once
 */
int waxwing_add_recipient(waxwing *w, const char *path);
int waxwing_add_anchor(waxwing *w, const char *path);
int waxwing_add_crl(waxwing *w, const char *path);

/* a file with one OCSP response in DER, as `openssl ocsp -respout` writes it */
int waxwing_add_ocsp(waxwing *w, const char *path);

/*
 * "aes256-gcm", "aes128-gcm", "aes256-cbc" or "aes128-cbc"; when nothing is set, the strongest that all
 * recipients' certificates announce (RFC 4262), and aes256-cbc when one of them announces nothing
 */
int waxwing_set_cipher(waxwing *w, const char *name);

enum {
	WAXWING_OPAQUE = 1,	     /* sign as one object instead of multipart/signed */
	WAXWING_PROTECT_HEADERS = 2, /* RFC 9788: hide the subject, sign the fields */
	WAXWING_OAEP = 4,	     /* RSA recipients by OAEP */
	WAXWING_HISTORIC = 8,	     /* judge old mail by the standards of its time */
	WAXWING_SHY_HEADERS = 16,    /* as PROTECT_HEADERS; names and time zone are hidden, too */
	WAXWING_LEGACY_DISPLAY = 32, /* what is hidden stands in the text, for older programs */
};
void waxwing_set_flags(waxwing *w, unsigned flags);

/* judge at this time (seconds since 1970) instead of now */
void waxwing_set_time(waxwing *w, int64_t seconds);

/*
 * sign with the signer, encrypt to the recipients, or both, as they are set; 65 and nothing written
 * when a recipient's certificate has ended ("expired"), has not begun ("not_yet_valid"), only signs
 * ("sign_only") or has an RSA key below 2048 bits ("key_weak"), by the clock whatever
 * waxwing_set_time says; who issued it and whether it is revoked is not asked
 */
int waxwing_seal(waxwing *w, int in, int out);

/* judge; `in` must stay open until the message is freed */
int waxwing_open(waxwing *w, int in, waxwing_message **ret_message);
void waxwing_message_free(waxwing_message *message);

const char *waxwing_message_signature(
	const waxwing_message *message); /* "valid_trusted", "none", ... */
const char *waxwing_message_encryption(
	const waxwing_message *message);			  /* "authenticated", "none", ... */
const char *waxwing_message_from(const waxwing_message *message); /* "" when there is none */

size_t waxwing_message_layers(const waxwing_message *message);
const char *waxwing_layer_kind(
	const waxwing_message *message, size_t layer); /* "clear-signed", ... */
const char *waxwing_layer_part(const waxwing_message *message, size_t layer);
size_t waxwing_layer_signers(const waxwing_message *message, size_t layer);
const char *waxwing_signer_subject(const waxwing_message *message, size_t layer, size_t signer);
const char *waxwing_signer_verdict(const waxwing_message *message, size_t layer, size_t signer);

/* the whole verdict, as `waxwing open --json` prints it */
const char *waxwing_message_json(const waxwing_message *message);

/* the payload; 65 when it could not be opened */
int waxwing_message_write(waxwing *w, waxwing_message *message, int out);

#ifdef __cplusplus
}
#endif

#endif
