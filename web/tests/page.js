// SPDX-License-Identifier: Apache-2.0
// Asks for jobs, several at once, and sends their answers.
import { load } from '../cms/index.js';
import { run } from './jobs.js';

const cms = await load(fetch('/waxwing-cms.wasm'));

async function work() {
	for (;;) {
		const { number, job } = await (await fetch('/next', { method: 'POST' })).json();
		const answer = await run(cms, job);
		await fetch('/answer', { method: 'POST', body: JSON.stringify({ number, answer }) });
	}
}

for (let i = 0; i < 4; i++) work();
