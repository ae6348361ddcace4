/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target once over each file named: for compilers without libFuzzer. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int count, char **files)
{
	enum { ROOM = 16 << 20 };
	uint8_t *bytes = malloc(ROOM);

	if (!bytes)
		return 1;
	for (int i = 1; i < count; i++) {
		FILE *file = fopen(files[i], "rb");
		size_t n;

		if (!file) {
			perror(files[i]);
			free(bytes);
			return 1;
		}
		n = fread(bytes, 1, ROOM, file);
		fclose(file);
		LLVMFuzzerTestOneInput(bytes, n);
	}
	free(bytes);
	return 0;
}
