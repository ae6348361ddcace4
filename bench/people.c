/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "trust/path.h"

void must(bool ok, const GError *error, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s: %s\n", what, error ? error->message : "failed");
	exit(70);
}

static void load_authority(const char *folder, const char *name, WaxKey **ret_key, WaxCert **ret_cert)
{
	g_autofree char *spec = g_strdup_printf("%s/%s.key,%s/%s.pem", folder, name, folder, name);
	WaxKeyring *ring = wax_keyring_new(); /* kept: it holds what is handed out */
	WaxIdentityKey *identity;
	GError *error = NULL;

	must(wax_keyring_load(ring, spec, NULL, &error), error, spec);
	identity = ring->keys->pdata[0];
	*ret_key = identity->key;
	*ret_cert = identity->cert;
}

void people_load(People *people, const char *folder)
{
	people->ring = wax_keyring_new();
	people->anchors = g_ptr_array_new();
	for (unsigned i = 0; i < 2; i++) {
		const char *kind = i ? "ec" : "rsa";
		g_autofree char *ca = g_strconcat(kind, "-ca", NULL);
		g_autofree char *root = g_strconcat(kind, "-root", NULL);
		g_autofree char *spec = g_strdup_printf(
			"%s/%s.key,%s/%s-chain.pem", folder, kind, folder, kind);
		GError *error = NULL;

		must(wax_keyring_load(people->ring, spec, NULL, &error), error, spec);
		load_authority(folder, ca, &people->cas[i], &people->ca_certs[i]);
		load_authority(folder, root, &people->roots[i], &people->root_certs[i]);
		g_ptr_array_add(people->anchors, wax_anchor_new(people->root_certs[i], NULL, false));
	}
}

WaxIdentityKey *people_ann(const People *people, bool ec)
{
	return people->ring->keys->pdata[ec];
}

static WaxCert *issue(WaxCertProfile *profile, WaxCert *of, WaxCert *ca_cert, WaxKey *ca)
{
	static uint32_t last;
	uint32_t parts[] = { (uint32_t)getpid(), ++last }; /* no process issues what another one did */
	uint8_t serial[1 + sizeof parts] = { 1 };
	WaxCert *cert;
	GError *error = NULL;

	memcpy(serial + 1, parts, sizeof parts);
	profile->spki = wax_cert_info(of)->spki;
	profile->serial = WAX_SPAN(serial, sizeof serial);
	profile->not_before = wax_clock_now() - 3600;
	profile->not_after = wax_clock_now() + 86400;
	cert = wax_cert_issue(profile, ca_cert, ca, &error);
	must(cert, error, "issue");
	return cert;
}

WaxCert *people_issue(const People *people, bool ec, WaxCert *ca_cert)
{
	static const char *const addresses[] = { "ann@alpha.example", NULL };
	WaxCertProfile profile = { .common_name = "ann",
		.addresses = addresses,
		.path_length = -1,
		.key_usage = WAX_KU_DIGITAL_SIGNATURE |
			     (ec ? WAX_KU_KEY_AGREEMENT : WAX_KU_KEY_ENCIPHERMENT),
		.eku_mail = true };

	return issue(&profile, people_ann(people, ec)->cert, ca_cert, people->cas[ec]);
}

WaxCert *people_issue_ca(const People *people, bool ec)
{
	WaxCertProfile profile = { .common_name = "Office",
		.ca = true,
		.path_length = -1,
		.key_usage = WAX_KU_CERT_SIGN | WAX_KU_CRL_SIGN };

	return issue(&profile, people->ca_certs[ec], people->root_certs[ec], people->roots[ec]);
}

GByteArray *people_letter(size_t body)
{
	static const char head[] = "From: Ann <ann@alpha.example>\r\nTo: Bob <bob@beta.example>\r\n"
				   "Subject: bench\r\nMessage-ID: <1@alpha.example>\r\n"
				   "MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n";
	GByteArray *letter = g_byte_array_new();
	uint8_t *text;

	g_byte_array_append(letter, (const guint8 *)head, sizeof head - 1);
	g_byte_array_set_size(letter, letter->len + (guint)body);
	text = letter->data + sizeof head - 1;
	for (size_t i = 0; i < body; i++)
		text[i] = i % 78 == 76 ? '\r' : i % 78 == 77 ? '\n' : (uint8_t)('A' + i % 23);
	return letter;
}
