// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from 'node:fs';
import { webcrypto } from 'node:crypto';
import { load } from '../cms/index.js';
import { cases } from './cases.js';
import { run } from './jobs.js';
import { MODULE } from './world.js';

globalThis.testCrypto = webcrypto; // node 18 has no global one
let cms;
cases('node', {
	async start() {
		cms = await load(new Uint8Array(readFileSync(MODULE)));
	},
	// through JSON, as the browser has it
	run: async (job) => JSON.parse(JSON.stringify(await run(cms, job))),
	async stop() {},
});
