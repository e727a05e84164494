// SPDX-License-Identifier: MIT
// Kurafuto between programs that nobody here wrote: the npm package minecraft-classic-protocol plays the player
// and both servers. The player joins, sees the level, chats, jumps and chats again.
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const zlib = require('node:zlib');
const classic = require('minecraft-classic-protocol');

const BINARY = path.resolve(process.env.KURAFUTO || path.join(__dirname, '../../kurafuto'));
const LIMIT_MS = 30000;
const EDGE = 32;

// A server of the package, with a small level of one kind of block, that repeats what players say.
async function startServer(name, block) {
	const server = classic.createServer({ name, motd: 'made by others', host: '127.0.0.1', port: 0 });
	const level = Buffer.alloc(4 + EDGE * EDGE * EDGE, block);

	level.writeInt32BE(EDGE * EDGE * EDGE, 0);
	server.on('login', (client) => {
		const zipped = zlib.gzipSync(level);

		client.write('level_initialize', {});
		for (let at = 0; at < zipped.length; at += 1024)
			client.write('level_data_chunk', {
				chunk_data: zipped.subarray(at, Math.min(at + 1024, zipped.length)),
				percent_complete: 100,
			});
		client.write('level_finalize', { x_size: EDGE, y_size: EDGE, z_size: EDGE });
		client.write('spawn_player', {
			player_id: -1, player_name: client.username, x: 512, y: 1100, z: 512, yaw: 0, pitch: 0,
		});
		client.on('message', (packet) => {
			client.write('message', { player_id: 0, message: `${name} heard: ${packet.message}` });
		});
	});
	server.on('error', () => {});
	await once(server, 'listening');
	return server;
}

// The binary with a configuration; resolves when it listens.
async function startKurafuto(config) {
	const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'kurafuto-npm-'));
	const file = path.join(directory, 'kurafuto.json');

	fs.writeFileSync(file, JSON.stringify({ address: '127.0.0.1', port: 0, ...config }));
	const child = spawn(BINARY, ['--config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
	const kurafuto = { child, log: '', port: 0, directory };

	await new Promise((resolve, reject) => {
		child.stderr.setEncoding('utf8');
		child.stderr.on('data', (text) => {
			kurafuto.log += text;
			const found = /listening on 127\.0\.0\.1:(\d+)/.exec(kurafuto.log);

			if (found) {
				kurafuto.port = Number(found[1]);
				resolve();
			}
		});
		child.once('error', reject);
		child.once('exit', (code) => reject(new Error(`ended with ${code}: ${kurafuto.log}`)));
	});
	return kurafuto;
}

async function stopKurafuto(kurafuto) {
	if (kurafuto.child.exitCode === null && kurafuto.child.signalCode === null) {
		kurafuto.child.kill('SIGTERM');
		await once(kurafuto.child, 'exit');
	}
	fs.rmSync(kurafuto.directory, { recursive: true });
	assert.strictEqual(kurafuto.child.exitCode, 0, kurafuto.log);
}

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
	const link = (name, server) => ({ name, address: '127.0.0.1', port: server.socketServer.address().port });
	const kurafuto = await startKurafuto({ servers: [link('alpha', alpha), link('beta', beta)] });
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
		for (const server of [alpha, beta]) {
			for (const client of Object.values(server.clients))
				client.socket.destroy();
			server.socketServer.close();
		}
	}
}

test('a vanilla client joins, chats, jumps and chats', { timeout: 2 * LIMIT_MS }, async () => {
	await withTwoServers(async (kurafuto, join) => {
		const alice = join('Alice');

		await until(alice, 'the first level', () => alice.levels.length === 1);
		assert.deepStrictEqual(alice.servers, ['Alpha']);
		checkLevel(alice.levels[0], 1);
		await says(alice, 'hello there', 'Alpha heard: hello there');

		await says(alice, ':kura list', 'beta');
		alice.client.write('message', { unused: 255, message: ':kura jump beta' });
		await until(alice, 'the second level', () => alice.levels.length === 2);
		assert.deepStrictEqual(alice.servers, ['Alpha', 'Beta']);
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
