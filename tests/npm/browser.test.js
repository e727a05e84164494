// SPDX-License-Identifier: MIT
// Players in a browser: headless Chromium opens a page of this test, which joins over ws:// and, through nginx with the
// project's own example, over wss://. In the end all kinds of players meet, and each kind of server knows where they are.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const test = require('node:test');
const { WebSocket } = require('ws');
const { NGINX_ADDRESS, playInChromium, startNginx } = require('./browser.js');
const {
	LIMIT_MS, TcpSocket, checkReport, checkVisits, makeDirectory, rowOf, startForwarder, startKurafuto, startProxiedServer,
	startServer, startWebServer, stopKurafuto, stopProgram,
} = require('./common.js');
const { CpePlayer, WebPlayer, playThrough, tour } = require('./player.js');

// ---- tests ----

// Alpha is a plain server, and beta one that is told of players' addresses.
async function withKurafuto(body) {
	const alpha = await startServer('Alpha', 1);
	const beta = await startWebServer('Beta', 2);
	let kurafuto;

	try {
		kurafuto = await startKurafuto({
			websocket: true, 'verify-names': false, 'trusted-proxies': NGINX_ADDRESS,
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

// Where each of these players really is, and what must be said of them.
const PLAYERS = { Vanilla: '127.0.0.2', Cleo: '127.0.0.3', Wanda: '127.0.0.4', Chris: '127.0.0.5', Chloe: '127.0.0.6' };
const NAMES = Object.keys(PLAYERS);
const FORWARDS = { one: 'proxy-v1', two: 'proxy-v2', three: 'websocket' };

async function play(PlayerOf, socket, name) {
	try {
		return await tour(new PlayerOf(socket, name), name, NAMES, Object.keys(FORWARDS), LIMIT_MS);
	} finally {
		socket.close();
	}
}

async function playByForwarder(port, name, urlOf) {
	const forwarder = await startForwarder(port, PLAYERS[name]);

	try {
		return await playInChromium(urlOf(forwarder.port), name, NAMES, Object.keys(FORWARDS));
	} finally {
		forwarder.stop();
	}
}

// Servers that learn of players' addresses, each in another way.
async function withServers(body) {
	const servers = [
		await startProxiedServer('one', 1, NAMES.length), await startProxiedServer('two', 2, NAMES.length),
		await startWebServer('three', 3, NAMES.length),
	];
	let kurafuto;

	try {
		kurafuto = await startKurafuto({
			'verify-names': false, 'trusted-proxies': NGINX_ADDRESS, hubs: 'one',
			servers: servers.map((server, i) => rowOf(Object.keys(FORWARDS)[i], server,
				{ forward: Object.values(FORWARDS)[i] })),
		});
		await body(kurafuto, servers);
	} finally {
		for (const server of servers)
			server.stop();
		if (kurafuto)
			await stopKurafuto(kurafuto);
	}
}

// One port for a vanilla client, a CPE client, `ws`, Chromium over ws and Chromium over wss through nginx: they meet in
// one world after the other, and each server has their true addresses, by whatever way it learns of them.
test('all in one world, and the next', { timeout: 4 * LIMIT_MS }, async () => {
	await withServers(async (kurafuto, servers) => {
		const directory = makeDirectory();
		const nginx = await startNginx(directory, kurafuto.port);

		try {
			const reports = await Promise.all([
				play(WebPlayer, new TcpSocket(kurafuto.port, PLAYERS.Vanilla), 'Vanilla'),
				play(CpePlayer, new TcpSocket(kurafuto.port, PLAYERS.Cleo), 'Cleo'),
				play(WebPlayer, new WebSocket(`ws://127.0.0.1:${kurafuto.port}/`, ['ClassiCube'],
					{ localAddress: PLAYERS.Wanda }), 'Wanda'),
				playByForwarder(kurafuto.port, 'Chris', (port) => `ws://127.0.0.1:${port}/`),
				playByForwarder(nginx.port, 'Chloe', (port) => `wss://127.0.0.1:${port}/`),
			]);

			for (const report of reports)
				assert.strictEqual(report.error, undefined);
		} finally {
			await stopProgram(nginx, 'SIGTERM');
			fs.rmSync(directory, { recursive: true });
		}
		for (const server of servers) {
			assert.deepStrictEqual(server.faults, []);
			assert.deepStrictEqual(
				Object.fromEntries(server.visits.map((visit) => [visit.name, visit.address])), PLAYERS);
		}
		assert.match(kurafuto.log, /Cleo: joins one from 127\.0\.0\.3:\d+ with Tester 1\.0 in/);
		assert.match(kurafuto.log, /Chloe: joins one from 127\.0\.0\.6 with a Classic client without CPE by WebSocket/);
	});
});
