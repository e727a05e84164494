// SPDX-License-Identifier: MIT
// What the tests with other people's software share: Kurafuto and other programs as child processes, and the servers
// behind it. A child never outlives its test, however that ends.
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');
const classic = require('minecraft-classic-protocol');
const { WebSocketServer } = require('ws');
const { TO_SERVER, Wire, packet, textOf } = require('./player.js');

const BINARY = path.resolve(process.env.KURAFUTO || path.join(__dirname, '../../kurafuto'));
const LIMIT_MS = 30000;
const EDGE = 32;

// ---- children ----

// Starts a program that is killed when this process ends; `log` is all it prints. Resolves when the log matches
// `pattern` (none: at once), with what has matched in `found`. `options`: env, and fds to be its 3, 4...
async function startProgram(command, args, pattern, options = {}) {
	const child = spawn('setpriv', ['--pdeathsig', options.deathSignal || 'KILL', command, ...args], {
		stdio: ['ignore', 'pipe', 'pipe', ...options.fds || []], env: { ...process.env, ...options.env },
	});
	const program = { child, log: '', found: pattern ? null : [''] };
	let timer;

	try {
		await new Promise((resolve, reject) => {
			const take = (text) => {
				program.log += text;
				program.found ||= pattern.exec(program.log);
				if (program.found)
					resolve();
			};

			for (const stream of [child.stdout, child.stderr]) {
				stream.setEncoding('utf8');
				stream.on('data', take);
			}
			timer = setTimeout(() => reject(new Error(`${command} never said ${pattern}: ${program.log}`)),
				LIMIT_MS);
			child.once('error', reject);
			child.once('exit', (code) => reject(new Error(`${command} ended with ${code}: ${program.log}`)));
			if (program.found)
				child.once('spawn', resolve);
		});
	} catch (error) {
		child.kill('SIGKILL');
		throw error;
	} finally {
		clearTimeout(timer);
	}
	return program;
}

async function stopProgram(program, signal) {
	if (program.child.exitCode === null && program.child.signalCode === null) {
		program.child.kill(signal);
		await once(program.child, 'exit');
	}
}

function makeDirectory() {
	return fs.mkdtempSync(path.join(os.tmpdir(), 'kurafuto-npm-'));
}

// The binary with a configuration; resolves when it listens.
async function startKurafuto(config) {
	const directory = makeDirectory();
	const file = path.join(directory, 'kurafuto.json');

	fs.writeFileSync(file, JSON.stringify({ address: '127.0.0.1', port: 0, ...config }));
	const kurafuto = await startProgram(BINARY, ['--config', file], /listening on 127\.0\.0\.1:(\d+)/);
	return Object.assign(kurafuto, { port: Number(kurafuto.found[1]), directory });
}

async function stopKurafuto(kurafuto) {
	await stopProgram(kurafuto, 'SIGTERM');
	fs.rmSync(kurafuto.directory, { recursive: true });
	assert.strictEqual(kurafuto.child.exitCode, 0, kurafuto.log);
}

// ---- servers ----

function zipLevel(block) {
	const level = Buffer.alloc(4 + EDGE * EDGE * EDGE, block);

	level.writeInt32BE(EDGE * EDGE * EDGE, 0);
	return zlib.gzipSync(level);
}

// A server of the package, with a small level of one kind of block, that repeats what players say.
async function startServer(name, block) {
	const server = classic.createServer({ name, motd: 'made by others', host: '127.0.0.1', port: 0 });

	server.on('login', (client) => {
		const zipped = zipLevel(block);

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
		client.on('message', (message) => {
			client.write('message', { player_id: 0, message: `${name} heard: ${message.message}` });
		});
	});
	server.on('error', () => {});
	await once(server, 'listening');
	server.port = server.socketServer.address().port;
	server.stop = () => {
		for (const client of Object.values(server.clients))
			client.socket.destroy();
		server.socketServer.close();
	};
	return server;
}

function welcome(socket, name, player, block) {
	const zipped = zipLevel(block);

	socket.send(packet(0x00, 7, name, 'made by others', 0));
	socket.send(packet(0x02));
	for (let at = 0; at < zipped.length; at += 1024) {
		const part = zipped.subarray(at, at + 1024);

		socket.send(packet(0x03, [part.length], ...part, ...new Array(1024 - part.length).fill(0), 100));
	}
	socket.send(packet(0x04, [EDGE], [EDGE], [EDGE]));
	socket.send(packet(0x07, 255, player, [512], [1100], [512], 0, 0));
}

// The same as startServer(), for web clients; `visits` are the headers with which players came. All hear what one says,
// and are told when there are as many as `guests`.
async function startWebServer(name, block, guests) {
	const server = new WebSocketServer({
		host: '127.0.0.1', port: 0, handleProtocols: (offered) => (offered.has('ClassiCube') ? 'ClassiCube' : false),
	});

	const tellAll = (text) => server.clients.forEach((socket) => socket.send(packet(0x0d, 0, text)));

	server.visits = [];
	server.faults = [];
	server.on('connection', (socket, request) => {
		const wire = new Wire(TO_SERVER, (bytes) => {
			if (bytes[0] === 0x00) {
				server.visits.push({ name: textOf(bytes, 2), headers: request.headers });
				welcome(socket, name, textOf(bytes, 2), block);
				if (server.visits.length === guests)
					tellAll('all here');
			} else if (bytes[0] === 0x0d) {
				tellAll(`${name} heard: ${textOf(bytes, 2)}`);
			}
		});

		socket.on('message', (data, isBinary) => {
			if (isBinary)
				wire.take(data);
			else
				server.faults.push('text');
		});
		socket.on('ping', () => server.faults.push('ping'));
		socket.on('error', (error) => server.faults.push(error.message));
	});
	await once(server, 'listening');
	server.port = server.address().port;
	server.stop = () => {
		for (const socket of server.clients)
			socket.terminate();
		server.close();
	};
	return server;
}

function rowOf(name, server, more) {
	return { name, address: '127.0.0.1', port: server.port, ...more };
}

// Not what Kurafuto says itself while a server takes its time.
function isServer(name) {
	return name !== 'Kurafuto';
}

// What playThrough() has reported must be a good play on Alpha and Beta.
function checkReport(report) {
	assert.strictEqual(report.error, undefined);
	assert.strictEqual(report.protocol, 'ClassiCube');
	assert.strictEqual(report.extensions, '');
	assert.deepStrictEqual(report.servers.filter(isServer), ['Alpha', 'Beta']);
	assert.deepStrictEqual(report.levels, [1, 2].map((kind) => (
		{ size: [EDGE, EDGE, EDGE], length: EDGE * EDGE * EDGE, kinds: [kind] })));
	assert.strictEqual(report.closed, 1000);
	assert.ok(!report.chat.some((line) => /heard: :kura|error|disconnected:/.test(line)), report.chat.join('\n'));
}

// A web server must have seen one player, from that address.
function checkVisits(server, name, address) {
	assert.deepStrictEqual(server.faults, []);
	assert.deepStrictEqual(
		server.visits.map((visit) => [visit.name, visit.headers['x-real-ip'], visit.headers['x-forwarded-for']]),
		[[name, address, address]]);
}

module.exports = {
	EDGE, LIMIT_MS, checkReport, checkVisits, isServer, makeDirectory, rowOf, startKurafuto, startProgram, startServer, startWebServer, stopKurafuto,
	stopProgram,
};
