/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open KEY[,CERT] ANCHOR.pem <sealed - open one message and print its layers
 *	cc open.c $(pkg-config --cflags --libs waxwing) -o open
 */
#include <stdio.h>
#include <unistd.h>
#include <waxwing/waxwing.h>

static void print_layers(const waxwing_message *message)
{
	printf("from %s: signature %s, encryption %s\n", waxwing_message_from(message),
		waxwing_message_signature(message), waxwing_message_encryption(message));
	for (size_t i = 0; i < waxwing_message_layers(message); i++) {
		printf("%s %s\n", waxwing_layer_part(message, i), waxwing_layer_kind(message, i));
		for (size_t k = 0; k < waxwing_layer_signers(message, i); k++)
			printf("\tsigned by %s: %s\n", waxwing_signer_subject(message, i, k),
				waxwing_signer_verdict(message, i, k));
	}
	fflush(stdout);
}

int main(int argc, char **argv)
{
	waxwing *w = waxwing_new();
	waxwing_message *message = NULL;
	int code = 64;

	if (argc != 3) {
		fprintf(stderr, "usage: open KEY[,CERT] ANCHOR.pem <sealed\n");
		waxwing_free(w);
		return code;
	}
	code = waxwing_add_identity(w, argv[1], /* password= */ NULL);
	if (code == 0)
		code = waxwing_add_anchor(w, argv[2]);
	if (code == 0)
		code = waxwing_open(w, STDIN_FILENO, &message);
	if (code == 0) {
		print_layers(message);
		code = waxwing_message_write(w, message, STDOUT_FILENO);
	}
	if (code != 0)
		fprintf(stderr, "open: %s\n", waxwing_error(w));
	waxwing_message_free(message);
	waxwing_free(w);
	return code;
}
