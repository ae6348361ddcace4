/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/front/parts_internal.h"

#include <string.h>

#include "core/clock.h"
#include "core/status.h"

#define ASKED_MOST 6000 /* questions for keys in one message: layers times RecipientInfos */
#define KEYS_MOST  64	/* keys of ours that one message may name */

/* one key of this message's recipients, by its handle */
typedef struct {
	GBytes *record;
	char *identity;
	char *epoch;
} Granted;

typedef struct {
	WaxParts *parts;
	const WaxEnvelope *envelope;
	GPtrArray *granted; /* Granted; the handle is the place */
	uint8_t ticket[WAX_TICKET_SIZE];
	bool open;
	bool fresh; /* keys were granted that the ticket does not have yet */
} Opening;

static void free_granted(gpointer data)
{
	Granted *granted = data;

	g_bytes_unref(granted->record);
	g_free(granted->identity);
	g_free(granted->epoch);
	g_free(granted);
}

/* speaks_for - is that identity the recipient's own, or its domain's? */
static bool speaks_for(const WaxStoredIdentity *identity, const WaxRecipient *recipient)
{
	if (identity->domain && strcmp(identity->domain, recipient->domain) == 0)
		return true;
	for (char **address = identity->addresses; address && *address; address++)
		if (strcmp(*address, recipient->key) == 0)
			return true;
	return false;
}

static bool of_this_message(Opening *o, const char *identity_id, bool *ret_yes, GError **error)
{
	g_autoptr(WaxStoredIdentity) identity = NULL;

	*ret_yes = false;
	if (!wax_directory_identity(o->parts->directory, identity_id, &identity, error))
		return false;
	for (guint i = 0; identity && i < o->envelope->recipients->len; i++)
		*ret_yes = *ret_yes ||
			   speaks_for(identity, g_ptr_array_index(o->envelope->recipients, i));
	return true;
}

static WaxSpan span_of(GBytes *bytes)
{
	gsize n = 0;
	const void *p = bytes ? g_bytes_get_data(bytes, &n) : NULL;

	return WAX_SPAN(p, n);
}

/* find_granted - the same key may be named in several layers */
static bool find_granted(const Opening *o, const WaxEpoch *epoch, uint32_t *ret_handle)
{
	for (guint i = 0; i < o->granted->len; i++) {
		const Granted *granted = g_ptr_array_index(o->granted, i);

		if (strcmp(granted->epoch, epoch->id) != 0)
			continue;
		*ret_handle = i;
		return true;
	}
	return false;
}

/* grant - the keys that one RecipientInfo names and that belong to this message */
static bool grant(Opening *o, const WaxJobNamed *named, GArray *keys, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;

	if (!wax_directory_epochs(o->parts->directory, span_of(named->issuer_serial),
		    span_of(named->key_id), &epochs, error))
		return false;
	for (guint i = 0; i < epochs->len; i++) {
		const WaxEpoch *epoch = g_ptr_array_index(epochs, i);
		WaxJobKey key = { .index = named->index, .handle = o->granted->len };
		Granted *granted;
		bool ours = false;

		if (!of_this_message(o, epoch->identity, &ours, error))
			return false;
		if (!ours || !epoch->record || strcmp(epoch->purpose, "sign") == 0)
			continue;
		if (find_granted(o, epoch, &key.handle)) {
			g_array_append_val(keys, key);
			continue;
		}
		if (o->granted->len >= KEYS_MOST)
			break;
		o->fresh = true;
		granted = g_new0(Granted, 1);
		granted->record = g_bytes_new(epoch->record->data, epoch->record->len);
		granted->identity = g_strdup(epoch->identity);
		granted->epoch = g_strdup(epoch->id);
		g_ptr_array_add(o->granted, granted);
		g_array_append_val(keys, key);
	}
	return true;
}

/* renew_ticket - over all keys granted so far, new handles at its end */
static bool renew_ticket(Opening *o, GError **error)
{
	g_autoptr(GPtrArray) records = g_ptr_array_new();

	if (o->open)
		wax_parts_close_ticket(o->parts, o->ticket);
	o->open = false;
	for (guint i = 0; i < o->granted->len; i++)
		g_ptr_array_add(records, ((Granted *)g_ptr_array_index(o->granted, i))->record);
	/* each layer is read to judge it and to write what is in it, some twice */
	if (!wax_parts_open_ticket(o->parts, 0, 4 * records->len + 8, records, o->ticket, error))
		return false;
	o->open = true;
	o->fresh = false;
	return true;
}

/* answer_need - the keys that are meant and may be used */
static bool answer_need(Opening *o, WaxFrame *need, WaxFrame **ret_answer, GError **error)
{
	g_autoptr(GArray) named = NULL, keys = g_array_new(FALSE, TRUE, sizeof(WaxJobKey));
	g_autoptr(WaxFrame) answer = wax_frame_new(WAX_JOB_KEYS);
	g_autoptr(GError) why = NULL;

	if (!wax_job_need_get(need, &named, &why) || !wax_frame_done(need, &why))
		return wax_worker_nonsense(error, why);
	for (guint i = 0; i < named->len; i++)
		if (!grant(o, &g_array_index(named, WaxJobNamed, i), keys, error))
			return false;
	if (o->fresh && !renew_ticket(o, error))
		return false;
	wax_job_keys_put(o->ticket, keys, answer);
	*ret_answer = g_steal_pointer(&answer);
	return true;
}

/* fill_may_see - whose own or domain key opened it; a message in clear is everybody's */
static bool fill_may_see(Opening *o, const WaxJobOpened *job, WaxFlowOpened *opened, GError **error)
{
	g_autoptr(WaxStoredIdentity) identity = NULL;
	const Granted *granted;

	if (!job->decrypted)
		return true;
	if (job->opened_by >= o->granted->len)
		return wax_fail(
			error, WAX_R_WORKER_DIED, "the worker names a key it was not given");
	granted = g_ptr_array_index(o->granted, job->opened_by);
	if (!wax_directory_identity(o->parts->directory, granted->identity, &identity, error))
		return false;
	opened->may_see = g_new0(bool, o->envelope->recipients->len);
	for (guint i = 0; identity && i < o->envelope->recipients->len; i++)
		opened->may_see[i] =
			speaks_for(identity, g_ptr_array_index(o->envelope->recipients, i));
	return true;
}

static bool take_opened(
	Opening *o, WaxFrame *reply, WaxFlowOpened *opened, bool *ret_healthy, GError **error)
{
	g_auto(WaxJobOpened) job = { 0 };
	g_autoptr(GError) why = NULL;

	if (!wax_job_opened_get(reply, &job, &why) ||
		!wax_spool_get_result(opened->shown, reply, &why) ||
		!wax_spool_get_result(opened->original, reply, &why) ||
		!wax_frame_done(reply, &why) || (job.decrypted && !job.has_original)) {
		*ret_healthy = false;
		return wax_worker_nonsense(error, why);
	}
	if (!job.has_original)
		g_clear_pointer(&opened->original, wax_spool_free);
	opened->message_id = g_steal_pointer(&job.message_id);
	opened->received = job.received;
	opened->hop = g_steal_pointer(&job.hop);
	opened->decrypted = job.decrypted;
	opened->shown_eight_bit = job.shown_eight_bit;
	opened->original_eight_bit = job.original_eight_bit;
	opened->summary = g_steal_pointer(&job.summary);
	opened->fault = job.fault;
	return fill_may_see(o, &job, opened, error);
}

/* put_anchors - with the domains each is trusted for, and with what is forbidden */
static void put_anchors(const GPtrArray *anchors, WaxJobOpen *job)
{
	for (guint i = 0; anchors && i < anchors->len; i++) {
		const WaxAnchor *anchor = g_ptr_array_index(anchors, i);

		wax_parts_add_cert(anchor->forbidden ? job->forbidden : job->anchors, anchor->cert);
		if (!anchor->forbidden)
			g_ptr_array_add(job->limits,
				anchor->domains ? g_strdupv(anchor->domains) : g_new0(char *, 1));
	}
}

static char *text_or_none(const char *text)
{
	return text && text[0] ? g_strdup(text) : NULL;
}

/* put_tags - our own marks are for nobody else to make, and so is what the house lists */
static void put_tags(const WaxParts *parts, WaxJobOpen *job)
{
	if (job->tag_signed)
		g_ptr_array_add(job->tags, g_strdup(job->tag_signed));
	if (job->tag_encrypted)
		g_ptr_array_add(job->tags, g_strdup(job->tag_encrypted));
	for (const char *const *tag = parts->rules.foreign_tags; tag && *tag; tag++)
		g_ptr_array_add(job->tags, g_strdup(*tag));
}

static bool open_request(WaxParts *parts, WaxSpool *message, const WaxEnvelope *envelope,
	WaxFlowOpened *opened, WaxFrame **ret_request, GError **error)
{
	g_autoptr(GPtrArray) anchors = NULL, untrusted = NULL;
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_JOB_OPEN);
	g_auto(WaxJobOpen) job = { .anchors = g_ptr_array_new_with_free_func(wax_parts_unref_bytes),
		.limits = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev),
		.forbidden = g_ptr_array_new_with_free_func(wax_parts_unref_bytes),
		.untrusted = g_ptr_array_new_with_free_func(wax_parts_unref_bytes),
		.at = wax_clock_now(),
		.sender = g_strdup(envelope->sender_key ? envelope->sender_key : ""),
		.host = g_strdup(parts->rules.host),
		.promote_subject = parts->rules.promote_subject,
		.tags = g_ptr_array_new_with_free_func(g_free),
		.tag_signed = text_or_none(parts->rules.tag_signed),
		.tag_encrypted = text_or_none(parts->rules.tag_encrypted) };

	if (!wax_directory_anchors(parts->directory, WAX_PURPOSE_SIGN, &anchors, error) ||
		!wax_directory_intermediates(parts->directory, &untrusted, error))
		return false;
	put_tags(parts, &job);
	put_anchors(anchors, &job);
	for (guint i = 0; untrusted && i < untrusted->len; i++)
		wax_parts_add_cert(job.untrusted, g_ptr_array_index(untrusted, i));
	if (!wax_spool_for_results(parts->rules.spool, message, &opened->shown, error) ||
		!wax_spool_for_results(parts->rules.spool, message, &opened->original, error))
		return false;
	wax_spool_put(message, request);
	wax_spool_put(opened->shown, request);
	wax_spool_put(opened->original, request);
	wax_job_open_put(&job, request);
	*ret_request = g_steal_pointer(&request);
	return true;
}

/* converse - the worker asks for keys until it has seen every layer */
static bool converse(Opening *o, WaxWorker *worker, WaxFrame *first, WaxFlowOpened *opened,
	bool *ret_healthy, GError **error)
{
	g_autoptr(WaxFrame) question = first;

	for (unsigned asked = 0; asked < ASKED_MOST; asked++) {
		g_autoptr(WaxFrame) reply = NULL;
		WaxFrame *answer = NULL;

		if (!wax_worker_ask(o->parts, worker, question, &reply, ret_healthy, error))
			return false;
		if (wax_frame_type(reply) != WAX_JOB_NEED_KEYS)
			return take_opened(o, reply, opened, ret_healthy, error);
		if (!answer_need(o, reply, &answer, error)) {
			/* it waits for an answer that will not come: not fit for another job */
			*ret_healthy = false;
			return false;
		}
		wax_frame_free(question);
		question = answer;
	}
	*ret_healthy = false;
	return wax_worker_nonsense(error, NULL);
}

typedef struct {
	WaxSpool *message;
	const WaxEnvelope *envelope;
	WaxFlowOpened *opened;
} OpenJob;

static bool run_open(
	WaxParts *parts, WaxWorker *worker, void *data, bool *ret_healthy, GError **error)
{
	OpenJob *job = data;
	g_autoptr(GPtrArray) granted = g_ptr_array_new_with_free_func(free_granted);
	Opening o = { .parts = parts, .envelope = job->envelope, .granted = granted };
	g_auto(WaxFlowOpened) opened = { 0 };
	WaxFrame *request = NULL;
	bool done;

	if (!open_request(parts, job->message, job->envelope, &opened, &request, error)) {
		*ret_healthy = true; /* it was not even asked */
		return false;
	}
	done = converse(&o, worker, request, &opened, ret_healthy, error);
	if (o.open)
		wax_parts_close_ticket(parts, o.ticket);
	if (!done)
		return false;
	*job->opened = opened;
	opened = (WaxFlowOpened){ 0 };
	return true;
}

bool wax_parts_open(void *ctx, WaxSpool *message, const WaxEnvelope *envelope,
	WaxFlowOpened *ret_opened, GError **error)
{
	OpenJob job = { message, envelope, ret_opened };

	return wax_parts_with_worker(ctx, run_open, &job, error);
}
