/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAME
 *	gateway/proto - what gated asks of a maild, and what it answers
 *
 * DESCRIPTION
 *	One job at a time on a socket pair.
 *
 *	FACTS	a message in a sealed spool; answered with what it says of itself.
 *	BUILD	a message, how to protect it and for whom; answered with the
 *		copy in a fresh spool, after maild has read it again.
 *	OPEN	a message and its recipients; answered with NEED_KEYS as often
 *		as layers ask for them (each answered with KEYS), and at last
 *		with what was found and the copies to deliver.
 *
 *	An error reply (core/ipc) ends any job.  Keys themselves never cross:
 *	a handle names a key within a ticket that keyd knows.
 *
 * OWNERSHIP
 *	_get fills structs that their _clear frees; _put borrows.
 *
 * ERRORS
 *	FRAME_MALFORMED; counts above the limits count as that.
 *
 * LIMITS
 *	10,000 addresses, 1,000 certificates or recipient infos a frame.
 */
#ifndef WAX_GATEWAY_PROTO_H
#define WAX_GATEWAY_PROTO_H

#include <glib.h>

#include "core/base.h"
#include "core/ipc.h"

typedef enum {
	WAX_JOB_FACTS = 0x4701,
	WAX_JOB_BUILD,
	WAX_JOB_OPEN,
	WAX_JOB_KEYS,	   /* gated's answer to NEED_KEYS */
	WAX_JOB_NEED_KEYS, /* maild's, in the middle of OPEN */
} WaxJobType;

typedef enum {
	WAX_METHOD_UNDECIDED,
	WAX_METHOD_PLAIN,
	WAX_METHOD_SIGN,
	WAX_METHOD_SEAL, /* signed when there is a signer */
	WAX_METHOD_PASS, /* already protected: as it is */
	WAX_METHOD_REFUSE,
	WAX_METHOD_COUNT_
} WaxMethod;

/* ---- FACTS: request = spool; reply = these ---- */

typedef struct {
	char *message_id;   /* NULL: none */
	char *from;	    /* key of the single From; NULL: none, several or unreadable */
	GPtrArray *named;   /* char *: keys of To and Cc */
	GPtrArray *parents; /* char *: Message-IDs of In-Reply-To and References */
	uint32_t received;  /* how many Received fields */
	char *hop;	    /* value of X-Waxwing-Hop; NULL: none */
	bool sealed;	    /* already encrypted end to end, as CMS */
	bool openpgp;	    /* the same, as OpenPGP */
	bool is_signed;	    /* already signed */
	bool eight_bit;
	bool calendar;
	char *raise;	 /* name of the floor that a trigger asks for; NULL: none */
	char *lower;	 /* the same, of a trigger that lowers; NULL: none */
	WaxReason fault; /* why it must be refused: MIME_DUPLICATE_HEADER; NONE */
	bool malformed;	 /* for certain; what follows is the policy's */
} WaxJobFacts;

void wax_job_facts_put(const WaxJobFacts *facts, WaxFrame *frame);
bool wax_job_facts_get(WaxFrame *frame, WaxJobFacts *ret_facts, GError **error) WAX_MUST_USE;
void wax_job_facts_clear(WaxJobFacts *facts);

/* ---- BUILD: request = spool, spool for the copy, these; reply = the copy as a result, then built ---- */

typedef struct {
	WaxMethod method;   /* PLAIN, SIGN, SEAL, PASS */
	uint8_t ticket[16]; /* zero when nothing is signed */
	uint32_t handle;    /* of the signing key */
	bool signs;
	GPtrArray *signer_certs;    /* GBytes: DER; own signing, own encryption, chain */
	GPtrArray *recipient_certs; /* GBytes: DER, one RecipientInfo each */
	char *cipher;		    /* "aes256-cbc", "aes256-gcm", ... */
	char *headers;		    /* lines to put on top, with CR LF; NULL: none */
	bool shy;		    /* header fields by hcp_shy instead of hcp_baseline */
	uint64_t size_limit;
} WaxJobBuild;

typedef struct {
	bool eight_bit;
	char *summary; /* JSON object: algorithms, certificates */
} WaxJobBuilt;

void wax_job_build_put(const WaxJobBuild *build, WaxFrame *frame);
bool wax_job_build_get(WaxFrame *frame, WaxJobBuild *ret_build, GError **error) WAX_MUST_USE;
void wax_job_build_clear(WaxJobBuild *build);
void wax_job_built_put(const WaxJobBuilt *built, WaxFrame *frame);
bool wax_job_built_get(WaxFrame *frame, WaxJobBuilt *ret_built, GError **error) WAX_MUST_USE;
void wax_job_built_clear(WaxJobBuilt *built);

/* ---- OPEN: request = spool, spools for what is shown and for the original, these ---- */

typedef struct {
	GPtrArray *anchors; /* GBytes: DER of what is trusted to verify */
	GPtrArray *limits; /* char **: for each anchor the mail domains it counts for; empty: all */
	GPtrArray *forbidden; /* GBytes: DER of what is never trusted */
	GPtrArray *untrusted; /* GBytes: DER of what may complete chains */
	int64_t at;
	char *sender;  /* key of the envelope sender; "" */
	char *host;    /* authserv-id */
	char *headers; /* lines to put on top of every copy; NULL: none */
	bool promote_subject;
	GPtrArray *tags;  /* char *: what outsiders may not put into a Subject */
	char *tag_signed; /* put in front of the Subject; NULL: nothing is */
	char *tag_encrypted;
} WaxJobOpen;

void wax_job_open_put(const WaxJobOpen *open, WaxFrame *frame);
bool wax_job_open_get(WaxFrame *frame, WaxJobOpen *ret_open, GError **error) WAX_MUST_USE;
void wax_job_open_clear(WaxJobOpen *open);

/* one RecipientInfo of a layer: how it names its key */
typedef struct {
	uint32_t index;
	GBytes *issuer_serial; /* whole DER; NULL when named by key id */
	GBytes *key_id;	       /* NULL when named by issuer and serial */
} WaxJobNamed;

typedef struct {
	uint32_t index;	 /* of the RecipientInfo */
	uint32_t handle; /* within the ticket */
	bool ec;	 /* agreement, else transport */
	GBytes *cert;	 /* DER of the key's certificate */
} WaxJobKey;

void wax_job_need_put(const GArray *named, WaxFrame *frame); /* of WaxJobNamed */
bool wax_job_need_get(WaxFrame *frame, GArray **ret_named, GError **error) WAX_MUST_USE;
void wax_job_keys_put(const uint8_t ticket[16], const GArray *keys, WaxFrame *frame);
bool wax_job_keys_get(
	WaxFrame *frame, uint8_t ret_ticket[16], GArray **ret_keys, GError **error) WAX_MUST_USE;

/* the last answer: these, then the two spools as results; the second is empty without has_original */
typedef struct {
	char *message_id;
	uint32_t received;
	char *hop;
	bool decrypted;
	uint32_t opened_by; /* handle that opened the outermost encrypted layer */
	bool shown_eight_bit, original_eight_bit;
	bool has_original;
	char *summary; /* JSON object: the verdict */
	WaxReason fault;
} WaxJobOpened;

void wax_job_opened_put(const WaxJobOpened *opened, WaxFrame *frame);
bool wax_job_opened_get(WaxFrame *frame, WaxJobOpened *ret_opened, GError **error) WAX_MUST_USE;
void wax_job_opened_clear(WaxJobOpened *opened);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxJobFacts, wax_job_facts_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxJobBuild, wax_job_build_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxJobBuilt, wax_job_built_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxJobOpen, wax_job_open_clear)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(WaxJobOpened, wax_job_opened_clear)

#endif
