// SPDX-License-Identifier: MIT
// Headless Chromium and nginx as child processes: Chromium opens a page that plays, nginx runs the project's own example
// for wss://.
'use strict';

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');
const path = require('node:path');
const { LIMIT_MS, makeDirectory, startProgram, stopProgram } = require('./common.js');

const NGINX_ADDRESS = '127.0.0.9';
const EXAMPLE = path.join(__dirname, '../../contrib/nginx-wss.conf');
const PAGE = `<!doctype html><title>A player</title><script src="/player.js"></script><script>
	const { url, name, names, servers, limitMs } = Object.fromEntries(new URLSearchParams(location.search));
	const player = new WebPlayer(new WebSocket(url, 'ClassiCube'), name);
	(names ? tour(player, name, names.split(','), servers.split(','), Number(limitMs))
		: playThrough(player, Number(limitMs)))
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

// Has a new Chromium play through at a URL of WebSocket, or meet the players of these names on each of these servers; its
// report.
async function playInChromium(url, name, names = [], servers = []) {
	const page = await startPage();
	const profile = makeDirectory();
	const query = new URLSearchParams({ url, name, names, servers, limitMs: LIMIT_MS });
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
		// its other processes may still write there for a moment
		await fs.promises.rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
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

module.exports = { NGINX_ADDRESS, playInChromium, startNginx };
