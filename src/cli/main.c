/* SPDX-License-Identifier: Apache-2.0 */
/* waxwing: the verb table */
#include <stdio.h>
#include <string.h>

#include "cli/verbs.h"

#define EXIT_USAGE 64

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *usage;
} verbs[] = {
	{ "open", wax_cli_open,
		"waxwing open FILE|- [--identity KEY.p12|KEY.pem[,CERT.pem]]... [--password-file "
		"F] [--content F]\n"
		"             [--anchor PEM]... [--crl F]... [--at RFC3339] [--from ADDR] "
		"[--historic] [--out F] [--json]" },
	{ "seal", wax_cli_seal,
		"waxwing seal FILE|- --from ADDR [--sign KEY] [--password-file F] [--to-cert "
		"PEM]...\n"
		"             [--cipher aes256-gcm|aes128-gcm|aes256-cbc|aes128-cbc] [--opaque] "
		"[--protect-headers] [--out F]" },
};

#define VERBS (sizeof verbs / sizeof *verbs)

static int help(const char *verb)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!verb || strcmp(verbs[i].name, verb) == 0)
			puts(verbs[i].usage);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		return argc < 2 ? (help(NULL), EXIT_USAGE) : help(argc > 2 ? argv[2] : NULL);
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, argv[1]) == 0)
			return verbs[i].run(argc - 2, argv + 2);
	fprintf(stderr, "waxwing: there is no verb '%s'. 'waxwing help' lists them.\n", argv[1]);
	return EXIT_USAGE;
}
