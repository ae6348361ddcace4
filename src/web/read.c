/* SPDX-License-Identifier: Apache-2.0 */
#include "web/read.h"

#include <string.h>

#include "core/address.h"
#include "core/clock.h"
#include "core/status.h"
#include "policy/decide.h"
#include "policy/explain.h"

#define PAGE 100

static const char *query(const WaxWebRequest *request, const char *name)
{
	return request->query ? json_string_value(json_object_get(request->query, name)) : NULL;
}

/* when - RFC 3339, or null for never */
static json_t *when(int64_t seconds)
{
	g_autofree char *text = seconds ? wax_clock_rfc3339(seconds) : NULL;

	return text ? json_string(text) : json_null();
}

static json_t *texts(char *const *list)
{
	json_t *array = json_array();

	for (; list && *list; list++)
		json_array_append_new(array, json_string(*list));
	return array;
}

typedef json_t *(*Describe)(const void *row);

static bool answer_list(const GPtrArray *rows, Describe describe, json_t **ret_body)
{
	json_t *items = json_array();

	for (guint i = 0; i < rows->len; i++)
		json_array_append_new(items, describe(rows->pdata[i]));
	*ret_body = json_pack("{s:o}", "items", items);
	return true;
}

bool wax_web_read_status(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	(void)request;
	(void)name;
	(void)error;
	*ret_body = parts->status ? parts->status(parts->ctx) : json_object();
	return true;
}

static json_t *domain_json(const void *row)
{
	const WaxDomain *domain = row;

	return json_pack("{s:s,s:b,s:s?,s:s?,s:o}", "name", domain->name, "own", (int)domain->own,
		"route", domain->route, "note", domain->note, "created", when(domain->created));
}

bool wax_web_read_domains(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	(void)request;
	(void)name;
	return wax_store_domain_list(wax_directory_store(parts->directory), &rows, error) &&
	       answer_list(rows, domain_json, ret_body);
}

static json_t *person_json(const void *row)
{
	const WaxPerson *person = row;

	return json_pack("{s:s,s:s,s:s,s:o,s:o}", "id", person->id, "name", person->name, "state",
		person->state, "addresses", texts(person->addresses), "created",
		when(person->created));
}

bool wax_web_read_people(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	(void)request;
	(void)name;
	return wax_store_person_list(wax_directory_store(parts->directory), &rows, error) &&
	       answer_list(rows, person_json, ret_body);
}

static json_t *cert_json(const void *row)
{
	const WaxStoredCert *cert = row;

	return json_pack("{s:s,s:s,s:s?,s:s,s:b,s:o,s:s,s:s,s:s,s:o,s:o}", "id", cert->id, "kind",
		cert->kind, "domain", cert->domain, "source", cert->source, "pinned",
		(int)cert->pinned, "addresses", texts(cert->addresses), "subject", cert->subject,
		"issuer", cert->issuer, "serial", cert->serial, "not_before",
		when(cert->not_before), "not_after", when(cert->not_after));
}

bool wax_web_read_certs(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	WaxStore *store = wax_directory_store(parts->directory);
	const char *address = query(request, "address");
	g_autoptr(GPtrArray) rows = NULL;
	g_autofree char *key = NULL;
	const WaxStoredCert *last;

	(void)name;
	if (address) {
		key = wax_address_normal(address, error);
		return key && wax_store_cert_for_address(store, key, &rows, error) &&
		       answer_list(rows, cert_json, ret_body);
	}
	if (!wax_store_cert_list(store, query(request, "after"), PAGE, &rows, error))
		return false;
	answer_list(rows, cert_json, ret_body);
	last = rows->len == PAGE ? rows->pdata[PAGE - 1] : NULL;
	if (last)
		json_object_set_new(*ret_body, "next", json_string(last->id));
	return true;
}

bool wax_web_read_cert(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	g_autoptr(WaxStoredCert) row = NULL;
	g_autoptr(WaxCert) cert = NULL;
	g_autofree char *pem = NULL;

	(void)request;
	if (!wax_store_cert_by_prefix(wax_directory_store(parts->directory), name, &row, error))
		return false;
	if (!row)
		return wax_fail(error, WAX_R_NOT_FOUND, "there is no certificate %s", name);
	cert = wax_cert_parse(WAX_SPAN(row->der->data, row->der->len), error);
	if (!cert)
		return false;
	pem = wax_cert_pem(cert);
	*ret_body = cert_json(row);
	json_object_set_new(*ret_body, "pem", json_string(pem));
	return true;
}

static json_t *epoch_json(const WaxEpoch *epoch)
{
	return json_pack("{s:s,s:s,s:I,s:s,s:s,s:s?,s:o,s:o,s:o}", "id", epoch->id, "purpose",
		epoch->purpose, "number", (json_int_t)epoch->number, "state", epoch->state,
		"protection", epoch->protection, "certificate", epoch->certificate, "created",
		when(epoch->created), "activated", when(epoch->activated), "archived",
		when(epoch->archived));
}

static bool identity_json(
	WaxStore *store, const WaxStoredIdentity *identity, json_t *items, GError **error)
{
	g_autoptr(GPtrArray) epochs = NULL;
	json_t *list;

	if (!wax_store_epoch_list(store, identity->id, &epochs, error))
		return false;
	list = json_array();
	for (guint i = 0; i < epochs->len; i++) {
		const WaxEpoch *epoch = epochs->pdata[i];
		json_t *one = epoch_json(epoch);
		g_autoptr(WaxStoredCert) cert = NULL;

		json_array_append_new(list, one);
		if (epoch->certificate &&
			!wax_store_cert_get(store, epoch->certificate, &cert, error)) {
			json_decref(list);
			return false;
		}
		json_object_set_new(one, "not_before", when(cert ? cert->not_before : 0));
		json_object_set_new(one, "not_after", when(cert ? cert->not_after : 0));
	}
	json_array_append_new(items, json_pack("{s:s,s:s?,s:s?,s:o,s:o,s:o}", "id", identity->id,
					     "person", identity->person, "domain", identity->domain,
					     "addresses", texts(identity->addresses), "created",
					     when(identity->created), "epochs", list));
	return true;
}

bool wax_web_read_identities(const WaxWebParts *parts, const WaxWebRequest *request,
	const char *name, json_t **ret_body, GError **error)
{
	WaxStore *store = wax_directory_store(parts->directory);
	g_autoptr(GPtrArray) rows = NULL;
	json_t *items;

	(void)request;
	(void)name;
	if (!wax_store_identity_list(store, &rows, error))
		return false;
	items = json_array();
	for (guint i = 0; i < rows->len; i++)
		if (!identity_json(store, rows->pdata[i], items, error)) {
			json_decref(items);
			return false;
		}
	*ret_body = json_pack("{s:o}", "items", items);
	return true;
}

static json_t *trust_json(const void *row)
{
	const WaxTrustRecord *record = row;

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:o,s:o,s:s,s:o,s:s?,s:s?}", "id",
		record->id, "certificate", record->certificate, "subject", record->subject, "state",
		record->state, "purpose", record->purpose, "scope", record->scope, "forbidden",
		(int)record->forbidden, "domains", texts(record->domains), "valid_until",
		when(record->valid_until), "granted_by", record->granted_by, "granted",
		when(record->granted), "provenance", record->provenance, "note", record->note);
}

static bool add_pems(const GPtrArray *rows, json_t *body, GError **error)
{
	json_t *items = json_object_get(body, "items");

	for (guint i = 0; i < rows->len; i++) {
		const WaxTrustRecord *record = rows->pdata[i];
		g_autoptr(WaxCert) cert =
			wax_cert_parse(WAX_SPAN(record->der->data, record->der->len), error);
		g_autofree char *pem = cert ? wax_cert_pem(cert) : NULL;

		if (!cert)
			return false;
		json_object_set_new(json_array_get(items, i), "pem", json_string(pem));
	}
	return true;
}

static bool add_intermediates(const GPtrArray *certs, json_t *body)
{
	json_t *list = json_array();

	for (guint i = 0; i < certs->len; i++) {
		g_autofree char *pem = wax_cert_pem(certs->pdata[i]);

		json_array_append_new(list, json_string(pem));
	}
	return json_object_set_new(body, "intermediates", list) == 0;
}

bool wax_web_read_trust(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL, cas = NULL;
	bool ok;

	(void)name;
	ok = wax_store_trust_list(wax_directory_store(parts->directory),
		     query(request, "all") != NULL, &rows, error) &&
	     answer_list(rows, trust_json, ret_body);
	if (!ok || !query(request, "pem"))
		return ok;
	/* what a path needs beside: `cert verify` builds one where it runs */
	return add_pems(rows, *ret_body, error) &&
	       wax_directory_intermediates(parts->directory, &cas, error) &&
	       add_intermediates(cas, *ret_body);
}

bool wax_web_read_policy(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	g_autofree char *text = NULL;
	int64_t version;

	(void)request;
	(void)name;
	if (!wax_directory_policy(parts->directory, &text, &version, error))
		return false;
	*ret_body = json_pack("{s:I,s:s}", "version", (json_int_t)version, "text", text);
	return true;
}

/* what the gateway would ask before it decides, for one recipient */
static bool explain(const WaxWebParts *parts, const WaxPolicy *policy, int64_t version,
	const char *sender, const char *recipient, json_t **ret_body, GError **error)
{
	g_autoptr(GPtrArray) candidates = NULL, anchors = NULL, intermediates = NULL;
	g_autoptr(WaxDirSender) signer = NULL;
	g_autoptr(WaxPlan) plan = NULL;
	g_autofree WaxCandidateFact *facts = NULL;
	g_autofree char *route = NULL;
	WaxJudgeContext context = { .at = wax_clock_now() };
	WaxRecipientFacts to = { .address = recipient };
	WaxMessageFacts message = {
		.sender = sender, .recipients = &to, .count = 1, .policy_version = version
	};
	const char *domain = strrchr(recipient, '@');

	if (!wax_directory_domain(
		    parts->directory, domain ? domain + 1 : recipient, &to.own, &route, error) ||
		!wax_directory_candidates(parts->directory, recipient, &candidates, error) ||
		!wax_directory_anchors(parts->directory, WAX_PURPOSE_ENCRYPT, &anchors, error) ||
		!wax_directory_intermediates(parts->directory, &intermediates, error) ||
		!wax_directory_sender(parts->directory, sender, &signer, error))
		return false;
	context.anchors = anchors;
	context.untrusted = intermediates;
	facts = g_new0(WaxCandidateFact, candidates->len + 1);
	for (guint i = 0; i < candidates->len; i++) {
		const WaxDirCandidate *c = candidates->pdata[i];

		facts[i] = wax_policy_judge(
			c->cert, c->id, c->of_domain, c->pinned, recipient, &context);
		facts[i].kept = c->kept;
	}
	to.candidates = facts;
	to.count = candidates->len;
	message.signer = signer && signer->sign.epoch ? WAX_SIGNER_READY : WAX_SIGNER_NONE;
	plan = wax_policy_plan(policy, &message);
	*ret_body = wax_plan_json(plan);
	return true;
}

/* explain_sender - the gateway asks the same of a sender before anything else (GATEWAY.md d.1) */
static bool explain_sender(const WaxWebParts *parts, const WaxPolicy *policy, int64_t version,
	const char *sender, const char *recipient, json_t **ret_body, GError **error)
{
	const char *domain = strrchr(sender, '@') + 1;
	g_autofree char *route = NULL;
	g_autoptr(WaxPlan) plan = NULL;
	bool own;

	if (!wax_directory_domain(parts->directory, domain, &own, &route, error))
		return false;
	if (own)
		return explain(parts, policy, version, sender, recipient, ret_body, error);
	plan = wax_plan_foreign_sender(sender, domain, recipient);
	plan->policy_version = version;
	*ret_body = wax_plan_json(plan);
	return true;
}

bool wax_web_read_explain(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	const char *from = query(request, "sender"), *to = query(request, "recipient");
	g_autofree char *text = NULL, *sender = NULL, *recipient = NULL;
	g_autoptr(WaxPolicy) policy = NULL;
	int64_t version;

	(void)name;
	if (!from || !to)
		return wax_fail(error, WAX_R_VALUE_INVALID, "a sender and a recipient are wanted");
	sender = wax_address_normal(from, error);
	if (!sender)
		return false;
	recipient = wax_address_normal(to, error);
	if (!recipient || !wax_directory_policy(parts->directory, &text, &version, error))
		return false;
	policy = wax_policy_parse(text, "policy", error);
	return policy && explain_sender(parts, policy, version, sender, recipient, ret_body, error);
}

static json_t *message_json(const void *row)
{
	const WaxMailMessage *message = row;

	return json_pack("{s:s,s:o,s:s,s:s?,s:s?,s:s?,s:I,s:i}", "reference", message->reference,
		"received", when(message->received), "direction", message->direction, "queue",
		message->queue, "sender", message->sender, "message_id", message->message_id,
		"size", (json_int_t)message->size, "recipients", (int)message->recipients);
}

static bool have_mail(const WaxWebParts *parts, GError **error)
{
	return parts->mail || wax_fail(error, WAX_R_SERVICE_DOWN,
				      "there is no mail database yet: no message has passed");
}

bool wax_web_read_messages(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	const char *before = query(request, "before");
	g_autoptr(GPtrArray) rows = NULL;
	int64_t seconds = 0;

	(void)name;
	if (before && !wax_clock_from_rfc3339(before, &seconds))
		return wax_fail(error, WAX_R_VALUE_INVALID, "'%s' is no time", before);
	return have_mail(parts, error) && wax_mail_list(parts->mail, seconds, PAGE, &rows, error) &&
	       answer_list(rows, message_json, ret_body);
}

static json_t *step_json(const WaxMailStep *step, const char *reference)
{
	json_t *detail = step->detail ? json_loads(step->detail, JSON_DECODE_ANY, NULL) : NULL;

	return json_pack("{s:I,s:s?,s:s,s:s,s:o}", "micros", (json_int_t)step->micros, "recipient",
		step->recipient, "step", step->step, "reference", reference, "detail",
		detail ? detail : json_null());
}

static void drop_json(gpointer value)
{
	json_decref(value);
}

static gint by_time(gconstpointer a, gconstpointer b)
{
	json_t *const *left = a, *const *right = b;
	json_int_t first = json_integer_value(json_object_get(*left, "micros"));
	json_int_t second = json_integer_value(json_object_get(*right, "micros"));

	return (first > second) - (first < second);
}

/* add_attempt - the steps of one time that the message came */
static bool add_attempt(
	const WaxWebParts *parts, const char *reference, GPtrArray *list, GError **error)
{
	g_autoptr(GPtrArray) steps = NULL;

	if (!wax_mail_trace(parts->mail, reference, &steps, error))
		return false;
	for (guint i = 0; i < steps->len; i++)
		g_ptr_array_add(list, step_json(steps->pdata[i], reference));
	return true;
}

/* timeline_of - steps in the order of time; of the same moment, in the order they were written */
static json_t *timeline_of(GPtrArray *steps)
{
	json_t *list = json_array();

	g_ptr_array_sort(steps, by_time);
	for (guint i = 0; i < steps->len; i++)
		json_array_append(list, steps->pdata[i]);
	return list;
}

/* is_same_message - a queue id is used again one day, by another message */
static bool is_same_message(const WaxMailMessage *a, const WaxMailMessage *b)
{
	return g_strcmp0(a->message_id, b->message_id) == 0 &&
	       g_strcmp0(a->direction, b->direction) == 0 && g_strcmp0(a->sender, b->sender) == 0;
}

/* find_attempts - one of them was named by its reference: the others have the same Message-ID */
static bool find_attempts(const WaxWebParts *parts, GPtrArray **found, GError **error)
{
	const WaxMailMessage *named = (*found)->pdata[0];
	GPtrArray *all = NULL;

	if (!named->message_id || !named->message_id[0])
		return true;
	if (!wax_mail_find(parts->mail, named->message_id, &all, error))
		return false;
	if (all->len)
		g_ptr_array_unref(g_steal_pointer(found));
	if (all->len)
		*found = all;
	else
		g_ptr_array_unref(all);
	return true;
}

/* read_attempts - a message that was deferred came several times: its story is all of them */
static bool read_attempts(
	const WaxWebParts *parts, const GPtrArray *found, json_t *body, GError **error)
{
	const WaxMailMessage *newest = found->pdata[0];
	g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(drop_json);
	json_int_t attempts = 0;

	for (guint i = found->len; i-- > 0;) {
		const WaxMailMessage *message = found->pdata[i];

		if (!is_same_message(message, newest))
			continue;
		attempts++;
		if (!add_attempt(parts, message->reference, steps, error))
			return false;
	}
	json_object_set_new(body, "timeline", timeline_of(steps));
	json_object_set_new(body, "attempts", json_integer(attempts));
	return true;
}

bool wax_web_read_trace(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	g_autoptr(GPtrArray) found = NULL;
	json_t *body;

	(void)request;
	if (!have_mail(parts, error) || !wax_mail_find(parts->mail, name, &found, error))
		return false;
	if (found->len == 0)
		return wax_fail(error, WAX_R_NOT_FOUND,
			"no message has the reference, queue id or Message-ID %s", name);
	body = message_json(found->pdata[0]);
	if (!find_attempts(parts, &found, error) || !read_attempts(parts, found, body, error)) {
		json_decref(body);
		return false;
	}
	*ret_body = body;
	return true;
}

static json_t *event_json(const void *row)
{
	const WaxAuditEvent *event = row;

	return json_pack("{s:I,s:o,s:s,s:s,s:s?,s:s?,s:s?}", "seq", (json_int_t)event->seq, "at",
		when(event->at), "actor", event->actor, "object", event->object, "from",
		event->from_state, "to", event->to_state, "reason", event->reason);
}

bool wax_web_read_audit(const WaxWebParts *parts, const WaxWebRequest *request, const char *name,
	json_t **ret_body, GError **error)
{
	const char *before = query(request, "before");
	g_autoptr(GPtrArray) rows = NULL;
	int64_t seq = before ? g_ascii_strtoll(before, NULL, 10) : 0;

	(void)name;
	return wax_store_audit_list(
		       wax_directory_store(parts->directory), seq, PAGE, &rows, error) &&
	       answer_list(rows, event_json, ret_body);
}
