/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto/points.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "crypto/internal.h"

static GENERAL_NAMES *names_of(const WaxNames *names)
{
	return (GENERAL_NAMES *)(uintptr_t)names;
}

void wax_point_free(WaxPoint *point)
{
	if (!point)
		return;
	GENERAL_NAMES_free(names_of(point->names));
	GENERAL_NAMES_free(names_of(point->issuers));
	g_free(point);
}

bool wax_names_meet(const WaxNames *a, const WaxNames *b)
{
	GENERAL_NAMES *left = names_of(a), *right = names_of(b);

	for (int i = 0; i < sk_GENERAL_NAME_num(left); i++)
		for (int j = 0; j < sk_GENERAL_NAME_num(right); j++)
			if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(left, i),
				    sk_GENERAL_NAME_value(right, j)) == 0)
				return true;
	return false;
}

bool wax_names_hold(const WaxNames *names, WaxSpan name)
{
	g_autoptr(X509_NAME) wanted = wax_crypto_name(name);

	for (int i = 0; wanted && i < sk_GENERAL_NAME_num(names_of(names)); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names_of(names), i);

		if (one->type == GEN_DIRNAME && X509_NAME_cmp(one->d.directoryName, wanted) == 0)
			return true;
	}
	return false;
}

bool wax_name_equal(WaxSpan a, WaxSpan b)
{
	g_autoptr(X509_NAME) left = NULL;
	g_autoptr(X509_NAME) right = NULL;

	if (wax_span_equal(a, b))
		return true;
	left = wax_crypto_name(a);
	right = wax_crypto_name(b);
	return left && right && X509_NAME_cmp(left, right) == 0;
}

/* alone - takes the name */
static WaxNames *alone(X509_NAME *name)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *one = GENERAL_NAME_new();

	GENERAL_NAME_set0_value(one, GEN_DIRNAME, name);
	sk_GENERAL_NAME_push(names, one);
	return (WaxNames *)names;
}

WaxPoint *wax_point_of_issuer(WaxSpan issuer)
{
	X509_NAME *name = wax_crypto_name(issuer);
	WaxPoint *point = g_new0(WaxPoint, 1);

	point->reasons = WAX_REASONS_ALL;
	if (name)
		point->names = alone(name);
	return point;
}

/* whole_names - a copy, a relative name put below the issuer's; NULL when there are none */
static WaxNames *whole_names(const DIST_POINT_NAME *from, const X509_NAME *issuer)
{
	X509_NAME *name;

	if (!from)
		return NULL;
	if (from->type == 0) {
		GENERAL_NAMES *copy = sk_GENERAL_NAME_new_null();

		for (int i = 0; i < sk_GENERAL_NAME_num(from->name.fullname); i++)
			sk_GENERAL_NAME_push(copy,
				GENERAL_NAME_dup(sk_GENERAL_NAME_value(from->name.fullname, i)));
		return (WaxNames *)copy;
	}
	name = issuer ? X509_NAME_dup(issuer) : NULL;
	for (int i = 0; name && i < sk_X509_NAME_ENTRY_num(from->name.relativename); i++)
		X509_NAME_add_entry(
			name, sk_X509_NAME_ENTRY_value(from->name.relativename, i), -1, i ? -1 : 0);
	/* what cannot be made whole is a name that nothing else has */
	return name ? alone(name) : (WaxNames *)GENERAL_NAMES_new();
}

static unsigned reasons_of(const ASN1_BIT_STRING *flags)
{
	unsigned reasons = 0;

	if (!flags)
		return WAX_REASONS_ALL;
	for (int bit = 1; bit <= 8; bit++)
		if (ASN1_BIT_STRING_get_bit(flags, bit))
			reasons |= 1u << bit;
	return reasons;
}

/* directory_of - the first directoryName, below which relative names stand */
static const X509_NAME *directory_of(const GENERAL_NAMES *names)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		if (sk_GENERAL_NAME_value(names, i)->type == GEN_DIRNAME)
			return sk_GENERAL_NAME_value(names, i)->d.directoryName;
	return NULL;
}

static void free_point(void *point)
{
	wax_point_free(point);
}

GPtrArray *wax_crypto_cert_points(const X509 *x509)
{
	CRL_DIST_POINTS *list = X509_get_ext_d2i(x509, NID_crl_distribution_points, NULL, NULL);
	GPtrArray *points = g_ptr_array_new_with_free_func(free_point);

	for (int i = 0; list && i < sk_DIST_POINT_num(list); i++) {
		DIST_POINT *from = sk_DIST_POINT_value(list, i);
		WaxPoint *point = g_new0(WaxPoint, 1);
		const X509_NAME *above = from->CRLissuer ? directory_of(from->CRLissuer)
							 : X509_get_issuer_name(x509);

		point->names = whole_names(from->distpoint, above);
		point->issuers = (WaxNames *)g_steal_pointer(&from->CRLissuer);
		point->reasons = reasons_of(from->reasons);
		g_ptr_array_add(points, point);
	}
	CRL_DIST_POINTS_free(list);
	return points;
}

bool wax_crypto_scope_read(WaxSpan extension, WaxSpan issuer, WaxScope *ret_scope)
{
	const unsigned char *p = extension.p;
	ISSUING_DIST_POINT *from = d2i_ISSUING_DIST_POINT(NULL, &p, (long)extension.n);
	g_autoptr(X509_NAME) name = wax_crypto_name(issuer);
	bool good = from && p == extension.p + extension.n;

	if (good)
		*ret_scope = (WaxScope){
			.names = whole_names(from->distpoint, name),
			.users_only = from->onlyuser > 0,
			.authorities_only = from->onlyCA > 0,
			.attributes_only = from->onlyattr > 0,
			.indirect = from->indirectCRL > 0,
			.reasons = reasons_of(from->onlysomereasons),
		};
	ISSUING_DIST_POINT_free(from);
	ERR_clear_error();
	return good;
}

void wax_crypto_scope_done(WaxScope *scope)
{
	GENERAL_NAMES_free(names_of(scope->names));
	scope->names = NULL;
}
