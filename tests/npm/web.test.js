// SPDX-License-Identifier: MIT
// WebSocket with the npm package `ws`: as the player's client, as the server behind, and both.
'use strict';

const assert = require('node:assert');
const test = require('node:test');
const { WebSocket } = require('ws');
const {
	LIMIT_MS, checkReport, checkVisits, rowOf, startKurafuto, startServer, startWebServer, stopKurafuto,
} = require('./common.js');
const { WebPlayer, playThrough } = require('./player.js');

// `starts` are the functions that start alpha and beta; `more` is more of the configuration of each of them.
async function withServers(starts, more, body) {
	const alpha = await starts[0]('Alpha', 1);
	const beta = await starts[1]('Beta', 2);
	let kurafuto;

	try {
		kurafuto = await startKurafuto({
			websocket: true, 'verify-names': false, 'trusted-proxies': '127.0.0.9',
			servers: [rowOf('alpha', alpha, more[0]), rowOf('beta', beta, more[1])],
		});
		await body(kurafuto, alpha, beta);
	} finally {
		alpha.stop();
		beta.stop();
		if (kurafuto)
			await stopKurafuto(kurafuto);
	}
}

async function play(kurafuto, name, options) {
	const socket = new WebSocket(`ws://127.0.0.1:${kurafuto.port}/`, ['ClassiCube'], options);

	try {
		return await playThrough(new WebPlayer(socket, name), LIMIT_MS);
	} finally {
		socket.terminate();
	}
}

const FORWARD = { forward: 'websocket' };

test('ws joins plain servers', { timeout: 2 * LIMIT_MS }, async () => {
	await withServers([startServer, startServer], [{}, {}], async (kurafuto) => {
		checkReport(await play(kurafuto, 'Wanda', { localAddress: '127.0.0.7' }));
		assert.match(kurafuto.log, /Wanda: joins alpha from 127\.0\.0\.7:/);
	});
});

test('ws joins servers that are ws, too', { timeout: 2 * LIMIT_MS }, async () => {
	await withServers([startWebServer, startWebServer], [FORWARD, FORWARD], async (kurafuto, alpha, beta) => {
		checkReport(await play(kurafuto, 'Wanda', { localAddress: '127.0.0.7' }));
		checkVisits(alpha, 'Wanda', '127.0.0.7');
		checkVisits(beta, 'Wanda', '127.0.0.7');
	});
});

test('from a plain server to one that is ws', { timeout: 2 * LIMIT_MS }, async () => {
	await withServers([startServer, startWebServer], [{}, FORWARD], async (kurafuto, alpha, beta) => {
		checkReport(await play(kurafuto, 'Wanda', {
			localAddress: '127.0.0.9', headers: { 'X-Real-IP': '10.0.0.77' },
		}));
		checkVisits(beta, 'Wanda', '10.0.0.77');
		assert.match(kurafuto.log, /Wanda: joins alpha from 10\.0\.0\.77/);
	});
});

test('what a proxy says that nobody trusts is not believed', { timeout: 2 * LIMIT_MS }, async () => {
	await withServers([startWebServer, startServer], [FORWARD, {}], async (kurafuto, alpha) => {
		checkReport(await play(kurafuto, 'Wanda', {
			localAddress: '127.0.0.8', headers: { 'X-Real-IP': '10.0.0.77', 'X-Forwarded-For': '10.0.0.78' },
		}));
		checkVisits(alpha, 'Wanda', '127.0.0.8');
	});
});
