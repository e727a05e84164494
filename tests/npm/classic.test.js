// SPDX-License-Identifier: MIT
// Kurafuto between programs that nobody here wrote: the npm package minecraft-classic-protocol plays the player
// and both servers. The player joins, sees the level, chats, jumps and chats again.
'use strict';

const assert = require('node:assert');
const test = require('node:test');
const zlib = require('node:zlib');
const classic = require('minecraft-classic-protocol');
const { EDGE, LIMIT_MS, isServer, rowOf, startKurafuto, startServer, stopKurafuto } = require('./common.js');

// A client of the package that remembers what it has been told.
function startPlayer(port, username) {
	const client = classic.createClient({ host: '127.0.0.1', port, username });
	const player = { client, chat: [], servers: [], chunks: [], levels: [] };

	client.on('server_identification', (packet) => player.servers.push(packet.server_name));
	client.on('level_initialize', () => { player.chunks = []; });
	client.on('level_data_chunk', (packet) => player.chunks.push(Buffer.from(packet.chunk_data)));
	client.on('level_finalize', (packet) => player.levels.push({
		size: [packet.x_size, packet.y_size, packet.z_size],
		blocks: zlib.gunzipSync(Buffer.concat(player.chunks)).subarray(4),
	}));
	client.on('message', (packet) => player.chat.push(packet.message));
	client.on('disconnect_player', (packet) => player.chat.push(`disconnected: ${packet.disconnect_reason}`));
	client.on('error', (error) => player.chat.push(`error: ${error.message}`));
	return player;
}

// Resolves when a condition holds; looks again after each packet.
function until(player, what, condition) {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => finish(new Error(`never: ${what}; chat: ${player.chat.join(' | ')}`)),
			LIMIT_MS);
		const look = () => { if (condition()) finish(); };
		const finish = (error) => {
			clearTimeout(timer);
			player.client.removeListener('packet', look);
			if (error) reject(error);
			else resolve();
		};

		player.client.on('packet', () => setImmediate(look));
		setImmediate(look);
	});
}

async function says(player, text, answer) {
	player.client.write('message', { unused: 255, message: text });
	await until(player, answer, () => player.chat.some((line) => line.includes(answer)));
}

function checkLevel(level, block) {
	assert.deepStrictEqual(level.size, [EDGE, EDGE, EDGE]);
	assert.strictEqual(level.blocks.length, EDGE * EDGE * EDGE);
	assert.ok(level.blocks.every((one) => one === block));
}

async function withTwoServers(body) {
	const alpha = await startServer('Alpha', 1);
	const beta = await startServer('Beta', 2);
	const kurafuto = await startKurafuto({ servers: [rowOf('alpha', alpha), rowOf('beta', beta)] });
	const players = [];

	try {
		await body(kurafuto, (name) => {
			players.push(startPlayer(kurafuto.port, name));
			return players.at(-1);
		});
	} finally {
		for (const player of players)
			player.client.socket.destroy();
		await stopKurafuto(kurafuto);
		alpha.stop();
		beta.stop();
	}
}

test('a vanilla client joins, chats, jumps and chats', { timeout: 2 * LIMIT_MS }, async () => {
	await withTwoServers(async (kurafuto, join) => {
		const alice = join('Alice');

		await until(alice, 'the first level', () => alice.levels.length === 1);
		assert.deepStrictEqual(alice.servers.filter(isServer), ['Alpha']);
		checkLevel(alice.levels[0], 1);
		await says(alice, 'hello there', 'Alpha heard: hello there');

		await says(alice, ':kura list', 'beta');
		alice.client.write('message', { unused: 255, message: ':kura jump beta' });
		await until(alice, 'the second level', () => alice.levels.length === 2);
		assert.deepStrictEqual(alice.servers.filter(isServer), ['Alpha', 'Beta']);
		checkLevel(alice.levels[1], 2);
		await says(alice, 'hello again', 'Beta heard: hello again');
		assert.ok(!alice.chat.some((line) => /heard: :kura|error:|disconnected:/.test(line)), alice.chat.join('\n'));
	});
});

test('two players on two servers keep apart', { timeout: 2 * LIMIT_MS }, async () => {
	await withTwoServers(async (kurafuto, join) => {
		const alice = join('Alice');
		const bob = join('Bob');

		await until(alice, 'a level', () => alice.levels.length === 1);
		await until(bob, 'a level', () => bob.levels.length === 1);
		bob.client.write('message', { unused: 255, message: ':kura jump BE' });
		await until(bob, 'the second level', () => bob.levels.length === 2);
		await says(alice, 'from Alice', 'Alpha heard: from Alice');
		await says(bob, 'from Bob', 'Beta heard: from Bob');
		assert.ok(!bob.chat.some((line) => line.includes('from Alice')));
		assert.ok(!alice.chat.some((line) => line.includes('from Bob')));
	});
});

test('the lobby takes players while no server is linked', { timeout: 2 * LIMIT_MS }, async () => {
	const kurafuto = await startKurafuto({});
	const alice = startPlayer(kurafuto.port, 'Alice');

	try {
		await until(alice, 'the lobby', () => alice.levels.length === 1);
		assert.ok(alice.levels[0].blocks.some((block) => block === 2), 'there is grass');
		await until(alice, 'a greeting', () => alice.chat.some((line) => line.includes('lobby')));
	} finally {
		alice.client.socket.destroy();
		await stopKurafuto(kurafuto);
	}
});
