// SPDX-License-Identifier: Apache-2.0
// The same cases in a page of a headless Chromium, served from here under a strict policy.
import { spawn } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cases } from './cases.js';
import { MODULE } from './world.js';

const CHROMIUM = process.env.CHROMIUM ?? 'chromium';
const STARTS_WITHIN = 60000;
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'";
const types = { html: 'text/html', js: 'text/javascript', wasm: 'application/wasm' };
const web = fileURLToPath(new URL('..', import.meta.url));

/** Jobs wait here until the page asks for one; their answers come back by number. */
class Page {
	waiting = [];
	asking = [];
	answers = new Map();
	count = 0;

	constructor() {
		this.server = createServer((request, response) => this.serve(request, response));
		this.folder = mkdtempSync(join(tmpdir(), 'waxwing-chromium-'));
	}

	async start() {
		await new Promise((resolve) => { this.server.listen(0, '127.0.0.1', resolve); });
		const asRoot = process.getuid() === 0 ? ['--no-sandbox'] : [];
		const url = `http://127.0.0.1:${this.server.address().port}/tests/page.html`;
		this.browser = spawn(CHROMIUM, ['--headless', ...asRoot, '--disable-gpu', '--no-first-run', '--disable-dev-shm-usage', `--user-data-dir=${this.folder}`, url], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
		let said = '';
		this.browser.stderr.on('data', (data) => { said += data; });
		let timer;
		await new Promise((resolve, reject) => {
			this.first = resolve;
			this.browser.on('error', reject);
			this.browser.on('exit', (code) => reject(new Error(`${CHROMIUM} ended with ${code}:\n${said}`)));
			timer = setTimeout(() => reject(new Error(`the page asked for nothing within ${STARTS_WITHIN / 1000} s:\n${said}`)), STARTS_WITHIN);
		});
		clearTimeout(timer);
	}

	run(job) {
		return new Promise((resolve) => {
			const number = ++this.count;
			this.answers.set(number, resolve);
			this.waiting.push({ number, job });
			this.hand();
		});
	}

	hand() {
		while (this.waiting.length && this.asking.length) {
			this.asking.shift().end(JSON.stringify(this.waiting.shift()));
		}
	}

	async serve(request, response) {
		if (request.url === '/next') {
			this.first();
			this.asking.push(response);
			return this.hand();
		}
		if (request.url === '/answer') {
			const pieces = [];
			for await (const piece of request) pieces.push(piece);
			const { number, answer } = JSON.parse(Buffer.concat(pieces));
			this.answers.get(number)(answer);
			return response.end();
		}
		const path = /^\/(cms\/[a-z]+\.js|tests\/(?:jobs|page)\.(?:js|html))$/.exec(request.url)?.[1];
		const file = request.url === '/waxwing-cms.wasm' ? MODULE : path && join(web, path);
		if (!file) return response.writeHead(404).end();
		response.writeHead(200, { 'Content-Type': types[request.url.split('.').pop()], 'Content-Security-Policy': policy });
		return response.end(readFileSync(file));
	}

	async stop() {
		const ended = new Promise((resolve) => { this.browser.removeAllListeners('exit').on('exit', resolve); });
		process.kill(-this.browser.pid, 'SIGKILL');
		await ended;
		this.server.closeAllConnections();
		this.server.close();
		rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
	}
}

const page = new Page();
cases('chromium', page);
