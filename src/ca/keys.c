/* SPDX-License-Identifier: Apache-2.0 */
/* What seals the keys: both custodians are asked, and each keeps a file of its own. */
#include "ca/internal.h"

#include <string.h>

#include "core/status.h"
#include "keys/proto/requests.h"

#define STATUS_PATIENCE 2000

typedef struct {
	bool locked, passphrase;
	uint32_t open;
} State;

static bool state_of(int sock, State *state, GError **error)
{
	g_autoptr(WaxFrame) request = wax_frame_new(WAX_KEY_STATUS), reply = NULL;
	uint32_t tickets;

	return wax_ca_ask_within(sock, request, STATUS_PATIENCE, &reply, error) &&
	       wax_frame_get_bool(reply, &state->locked, error) &&
	       wax_frame_get_u32(reply, &state->open, error) &&
	       wax_frame_get_u32(reply, &tickets, error) &&
	       wax_frame_get_bool(reply, &state->passphrase, error);
}

static const char *protection_word(const State *state)
{
	return state->passphrase ? "passphrase" : "host-key";
}

const char *wax_ca_protection(WaxCa *ca)
{
	State state;

	return state_of(ca->keyd, &state, NULL) ? protection_word(&state) : "host-key";
}

static json_t *state_json(const char *name, int sock)
{
	g_autoptr(GError) error = NULL;
	State state;

	if (!state_of(sock, &state, &error))
		return json_pack(
			"{s:s,s:s,s:s}", "custodian", name, "state", "down", "why", error->message);
	return json_pack("{s:s,s:s,s:s,s:i}", "custodian", name, "state",
		state.locked ? "locked" : "open", "protection", protection_word(&state),
		"keys_in_use", (int)state.open);
}

bool wax_ca_act_keys_status(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	(void)actor;
	(void)args;
	(void)ret_object;
	(void)error;
	*ret_result = json_pack("{s:[o,o]}", "items", state_json("people", ca->keyd),
		state_json("certifiers", ca->certd));
	return true;
}

/* tell - one request with a passphrase (NULL: without any) to both; the first refusal ends it */
static bool tell(WaxCa *ca, WaxKeyRequest what, const char *passphrase, GError **error)
{
	const int socks[] = { ca->keyd, ca->certd };

	for (size_t i = 0; i < G_N_ELEMENTS(socks); i++) {
		g_autoptr(WaxFrame) request = wax_frame_new((uint16_t)what), reply = NULL;

		if (passphrase)
			wax_frame_put_span(request, WAX_SPAN(passphrase, strlen(passphrase)));
		if (!wax_ca_ask(socks[i], request, &reply, error))
			return false;
	}
	return true;
}

/* done - the rows say what the custodian says, whatever was asked for */
static bool done(WaxCa *ca, json_t **ret_result, char **ret_object, GError **error)
{
	if (!wax_store_begin(ca->store, error) ||
		!wax_store_epoch_protect(ca->store, wax_ca_protection(ca), error))
		return false;
	*ret_object = g_strdup("keys");
	return wax_ca_act_keys_status(ca, NULL, NULL, ret_result, NULL, NULL);
}

bool wax_ca_act_keys_unlock(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *passphrase = wax_ca_need(args, "passphrase", error);

	(void)actor; /* the audit event names it */
	return passphrase && tell(ca, WAX_KEY_UNLOCK, passphrase, error) &&
	       done(ca, ret_result, ret_object, error);
}

bool wax_ca_act_keys_lock(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	(void)actor; /* the audit event names it */
	(void)args;
	return tell(ca, WAX_KEY_LOCK, NULL, error) && done(ca, ret_result, ret_object, error);
}

/* protected - is any custodian behind a passphrase already? */
static bool protected_already(WaxCa *ca, bool *ret_any, GError **error)
{
	State people, certifiers;

	if (!state_of(ca->keyd, &people, error) || !state_of(ca->certd, &certifiers, error))
		return false;
	*ret_any = people.passphrase || certifiers.passphrase;
	return true;
}

/*
 * The custodians change one after the other.  Where it was cut short between
 * them, the same command again finishes it: who has the passphrase is asked to
 * prove it, who has none yet gets it.
 */
bool wax_ca_act_keys_protect(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *passphrase = wax_ca_need(args, "passphrase", error);
	bool any;

	(void)actor; /* the audit event names it */
	if (!passphrase || !protected_already(ca, &any, error))
		return false;
	if (any && !tell(ca, WAX_KEY_UNLOCK, passphrase, error)) {
		g_prefix_error(error,
			"the keys have a passphrase already; to change it: waxwing keys "
			"change-passphrase: ");
		return false;
	}
	return tell(ca, WAX_KEY_PROTECT, passphrase, error) &&
	       done(ca, ret_result, ret_object, error);
}

bool wax_ca_act_keys_unprotect(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *passphrase = wax_ca_need(args, "passphrase", error);

	(void)actor; /* the audit event names it */
	return passphrase && tell(ca, WAX_KEY_UNLOCK, passphrase, error) &&
	       tell(ca, WAX_KEY_PROTECT, "", error) && done(ca, ret_result, ret_object, error);
}

/* take_new - one custodian; where the old passphrase is gone already, the new one must hold */
static bool take_new(int sock, const char *old, const char *fresh, GError **error)
{
	const char *words[] = { old, fresh };
	g_autoptr(GError) first = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
		g_autoptr(WaxFrame) unlock = wax_frame_new(WAX_KEY_UNLOCK), reply = NULL;

		wax_frame_put_span(unlock, WAX_SPAN(words[i], strlen(words[i])));
		if (wax_ca_ask(sock, unlock, &reply, i ? NULL : &first)) {
			g_autoptr(WaxFrame) protect = wax_frame_new(WAX_KEY_PROTECT), answer = NULL;

			wax_frame_put_span(protect, WAX_SPAN(fresh, strlen(fresh)));
			return wax_ca_ask(sock, protect, &answer, error);
		}
	}
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}

bool wax_ca_act_keys_change(WaxCa *ca, const char *actor, json_t *args, json_t **ret_result,
	char **ret_object, GError **error)
{
	const char *old = wax_ca_need(args, "passphrase", error),
		   *fresh = old ? wax_ca_need(args, "new_passphrase", error) : NULL;
	bool any;

	(void)actor; /* the audit event names it */
	if (!fresh || !protected_already(ca, &any, error))
		return false;
	if (!any)
		return wax_fail(error, WAX_R_REQUEST_REFUSED,
			"the keys have no passphrase yet; give them one: waxwing keys protect");
	return take_new(ca->keyd, old, fresh, error) && take_new(ca->certd, old, fresh, error) &&
	       done(ca, ret_result, ret_object, error);
}
