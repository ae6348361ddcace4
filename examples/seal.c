/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seal KEY[,CERT] RECIPIENT.pem <message >sealed - sign and encrypt one message
 *	cc seal.c $(pkg-config --cflags --libs waxwing) -o seal
 */
#include <stdio.h>
#include <unistd.h>
#include <waxwing/waxwing.h>

int main(int argc, char **argv)
{
	waxwing *w = waxwing_new();
	int code = 64;

	if (argc != 3) {
		fprintf(stderr, "usage: seal KEY[,CERT] RECIPIENT.pem <message >sealed\n");
		waxwing_free(w);
		return code;
	}
	waxwing_set_flags(w, WAXWING_PROTECT_HEADERS);
	code = waxwing_set_cipher(w, "aes256-gcm");
	if (code == 0)
		code = waxwing_set_signer(w, argv[1], /* password= */ NULL);
	if (code == 0)
		code = waxwing_add_recipient(w, argv[2]);
	if (code == 0)
		code = waxwing_seal(w, STDIN_FILENO, STDOUT_FILENO);
	if (code != 0)
		fprintf(stderr, "seal: %s\n", waxwing_error(w));
	waxwing_free(w);
	return code;
}
