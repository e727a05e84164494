// SPDX-License-Identifier: MIT
// Players in a browser: headless Chromium opens a page of this test, which joins over ws:// and, through nginx with the
// project's own example, over wss://.
'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const test = require('node:test');
const classic = require('minecraft-classic-protocol');
const { WebSocket } = require('ws');
const {
	LIMIT_MS, checkReport, checkVisits, makeDirectory, rowOf, startKurafuto, startProgram, startServer, startWebServer,
	stopKurafuto, stopProgram,
} = require('./common.js');
const { WebPlayer, meet, playThrough } = require('./player.js');

const NAMES = ['Vanilla', 'Wanda', 'Chris', 'Chloe'];
const NGINX_ADDRESS = '127.0.0.9';
const EXAMPLE = path.join(__dirname, '../../contrib/nginx-wss.conf');
const PAGE = `<!doctype html><title>A player</title><script src="/player.js"></script><script>
	const { url, name, names, limitMs } = Object.fromEntries(new URLSearchParams(location.search));
	const player = new WebPlayer(new WebSocket(url, 'ClassiCube'), name);
	(names ? meet(player, name, names.split(','), Number(limitMs)) : playThrough(player, Number(limitMs)))
		.catch((error) => ({ error: String(error) }))
		.then((report) => fetch('/report', { method: 'POST', body: JSON.stringify(report) }));
</script>`;

// ---- the browser ----

// Serves the page, and resolves `report` with what the page posts.
async function startPage() {
	const page = http.createServer((request, response) => {
		if (request.method === 'POST') {
			let body = '';

			request.on('data', (text) => { body += text; });
			request.on('end', () => {
				response.end();
				page.emit('report', JSON.parse(body));
			});
		} else if (request.url === '/player.js') {
			response.setHeader('Content-Type', 'text/javascript');
			response.end(fs.readFileSync(path.join(__dirname, 'player.js')));
		} else {
			response.setHeader('Content-Type', 'text/html');
			response.end(PAGE);
		}
	});

	page.listen(0, '127.0.0.1');
	await once(page, 'listening');
	return page;
}

// Has a new Chromium play through at a URL of WebSocket, or meet the players of these names; its report.
async function playInChromium(url, name, names = []) {
	const page = await startPage();
	const profile = makeDirectory();
	const query = new URLSearchParams({ url, name, names, limitMs: LIMIT_MS });
	const reported = once(page, 'report');
	let chromium;

	try {
		chromium = await startProgram('chromium', [
			'--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
			'--disable-background-networking', '--disable-component-update', '--ignore-certificate-errors',
			'--no-proxy-server', `--user-data-dir=${profile}`, `http://127.0.0.1:${page.address().port}/?${query}`,
		], null, { env: { HOME: profile } });
		const ended = once(chromium.child, 'exit').then(() => [{ error: `Chromium ended: ${chromium.log}` }]);
		const [report] = await Promise.race([reported, ended]);
		return report;
	} finally {
		if (chromium)
			await stopProgram(chromium, 'SIGTERM');
		page.close();
		page.closeAllConnections();
		fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
	}
}

// ---- nginx ----

function replace(text, pattern, replacement) {
	assert.match(text, pattern, 'contrib/nginx-wss.conf has changed: teach this test');
	return text.replace(pattern, replacement);
}

// The example with a port and a certificate of this test's, and the configuration that it belongs in.
function writeNginxConfig(directory, port, kurafutoPort) {
	let example = fs.readFileSync(EXAMPLE, 'utf8');
	const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
		.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ');

	example = replace(example, /listen 443 ssl;/, `listen 127.0.0.1:${port} ssl;`);
	example = replace(example, /listen \[::\]:443 ssl;/, '');
	example = replace(example, /ssl_certificate +\S+;/, `ssl_certificate ${directory}/cert.pem;`);
	example = replace(example, /ssl_certificate_key +\S+;/, `ssl_certificate_key ${directory}/key.pem;`);
	example = replace(example, /proxy_pass http:\/\/127\.0\.0\.1:25565;/, `proxy_pass http://127.0.0.1:${kurafutoPort};`);
	fs.writeFileSync(path.join(directory, 'example.conf'), example);
	fs.writeFileSync(path.join(directory, 'nginx.conf'), `daemon off; worker_processes 1;
		pid ${directory}/nginx.pid; error_log stderr notice; events {}
		http { access_log off; proxy_bind ${NGINX_ADDRESS}; ${temporary} include ${directory}/example.conf; }`);
}

function writeCertificate(directory) {
	execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
		'-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', `${directory}/key.pem`, '-out', `${directory}/cert.pem`],
	{ stdio: 'ignore' });
}

// It inherits a socket that listens already, so that its port is no guess.
async function startNginx(directory, kurafutoPort) {
	const socket = net.createServer();

	socket.listen(0, '127.0.0.1');
	await once(socket, 'listening');
	const { port } = socket.address();
	writeCertificate(directory);
	writeNginxConfig(directory, port, kurafutoPort);
	const started = startProgram('nginx', ['-e', 'stderr', '-p', directory, '-c', `${directory}/nginx.conf`],
		/start worker process /, { env: { NGINX: '3;' }, fds: [socket._handle.fd], deathSignal: 'TERM' });
	socket.close();
	return Object.assign(await started, { port });
}

// ---- tests ----

// Alpha is a plain server, and beta one that is told of players' addresses and where they meet.
async function withKurafuto(body) {
	const alpha = await startServer('Alpha', 1);
	const beta = await startWebServer('Beta', 2, NAMES.length);
	let kurafuto;

	try {
		kurafuto = await startKurafuto({
			websocket: true, 'verify-names': false, 'trusted-proxies': NGINX_ADDRESS, paths: { '/beta': 'beta' },
			servers: [rowOf('alpha', alpha), rowOf('beta', beta, { forward: 'websocket' })],
		});
		await body(kurafuto, beta);
	} finally {
		alpha.stop();
		beta.stop();
		if (kurafuto)
			await stopKurafuto(kurafuto);
	}
}

async function withNginx(body) {
	await withKurafuto(async (kurafuto, beta) => {
		const directory = makeDirectory();
		let nginx;

		try {
			nginx = await startNginx(directory, kurafuto.port);
			await body(nginx, kurafuto, beta);
		} finally {
			if (nginx)
				await stopProgram(nginx, 'SIGTERM');
			fs.rmSync(directory, { recursive: true });
		}
	});
}

function checkAddress(kurafuto, beta, name, address) {
	assert.ok(kurafuto.log.includes(`${name}: joins alpha from ${address}`), kurafuto.log);
	checkVisits(beta, name, address);
}

test('Chromium joins over ws', { timeout: 3 * LIMIT_MS }, async () => {
	await withKurafuto(async (kurafuto, beta) => {
		checkReport(await playInChromium(`ws://127.0.0.1:${kurafuto.port}/`, 'Chris'));
		checkAddress(kurafuto, beta, 'Chris', '127.0.0.1');
	});
});

test('Chromium joins over wss through nginx', { timeout: 3 * LIMIT_MS }, async () => {
	await withNginx(async (nginx, kurafuto, beta) => {
		checkReport(await playInChromium(`wss://127.0.0.1:${nginx.port}/`, 'Chris'));
		checkAddress(kurafuto, beta, 'Chris', '127.0.0.1');
	});
});

test('nginx tells players apart by their addresses', { timeout: 3 * LIMIT_MS }, async () => {
	await withNginx(async (nginx, kurafuto, beta) => {
		const socket = new WebSocket(`wss://127.0.0.1:${nginx.port}/`, ['ClassiCube'],
			{ localAddress: '127.0.0.7', rejectUnauthorized: false });

		try {
			checkReport(await playThrough(new WebPlayer(socket, 'Wanda'), LIMIT_MS));
		} finally {
			socket.terminate();
		}
		checkAddress(kurafuto, beta, 'Wanda', '127.0.0.7');
	});
});

// A client of the package jumps to beta and meets the others. What it has heard.
function meetAsVanilla(port, name) {
	const client = classic.createClient({ host: '127.0.0.1', port, username: name });
	const chat = [];
	const say = (message) => client.write('message', { unused: 255, message });

	return new Promise((resolve, reject) => {
		client.once('level_finalize', () => say(':kura jump beta'));
		client.on('message', ({ message }) => {
			chat.push(message);
			if (message.includes('all here'))
				say(`I am ${name}`);
			if (NAMES.every((other) => chat.some((line) => line.includes(`heard: I am ${other}`))))
				resolve({ chat });
		});
		client.on('disconnect_player', (packet) => reject(new Error(packet.disconnect_reason)));
		client.on('error', reject);
	}).finally(() => client.socket.destroy());
}

// One port for a vanilla client, `ws`, Chromium and Chromium through nginx: they all meet in one world, whose server
// knows where each of them is.
test('all in one world', { timeout: 3 * LIMIT_MS }, async () => {
	await withNginx(async (nginx, kurafuto, beta) => {
		const url = `ws://127.0.0.1:${kurafuto.port}/beta`;
		const socket = new WebSocket(url, ['ClassiCube'], { localAddress: '127.0.0.7' });
		const reports = await Promise.all([
			meetAsVanilla(kurafuto.port, NAMES[0]),
			meet(new WebPlayer(socket, NAMES[1]), NAMES[1], NAMES, LIMIT_MS),
			playInChromium(url, NAMES[2], NAMES),
			playInChromium(`wss://127.0.0.1:${nginx.port}/beta`, NAMES[3], NAMES),
		]);

		for (const report of reports)
			assert.strictEqual(report.error, undefined);
		assert.deepStrictEqual(beta.faults, []);
		assert.deepStrictEqual(
			Object.fromEntries(beta.visits.map((visit) => [visit.name, visit.headers['x-real-ip']])),
			{ Vanilla: '127.0.0.1', Wanda: '127.0.0.7', Chris: '127.0.0.1', Chloe: '127.0.0.1' });
	});
});
