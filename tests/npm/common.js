// SPDX-License-Identifier: MIT
// What the tests with other people's software share: Kurafuto and other programs as child processes, and the servers
// behind it. A child never outlives its test, however that ends.
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
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

// What servers share that are told where players are: each visit is noted, all hear what one says, and are told when
// there are as many as `guests`. `socket` has send().
class World {
	constructor(name, block, guests) {
		Object.assign(this, { name, block, guests, sockets: new Set(), visits: [], faults: [] });
	}

	tellAll(text) {
		for (const socket of this.sockets)
			socket.send(packet(0x0d, 0, text));
	}

	// What becomes of the bytes that a client sends. `visit` is what is known of it.
	wireOf(socket, visit) {
		this.sockets.add(socket);
		return new Wire(TO_SERVER, (bytes) => {
			if (bytes[0] === 0x00) {
				this.visits.push({ name: textOf(bytes, 2), ...visit });
				welcome(socket, this.name, textOf(bytes, 2), this.block);
				if (this.visits.length === this.guests)
					this.tellAll(`${this.name}: all here`);
			} else if (bytes[0] === 0x0d) {
				this.tellAll(`${this.name} heard: ${textOf(bytes, 2)}`);
			}
		});
	}
}

// A world for web clients.
async function startWebServer(name, block, guests) {
	const world = new World(name, block, guests);
	const server = new WebSocketServer({
		host: '127.0.0.1', port: 0, handleProtocols: (offered) => (offered.has('ClassiCube') ? 'ClassiCube' : false),
	});

	server.on('connection', (socket, { headers }) => {
		const wire = world.wireOf(socket, { headers, address: headers['x-real-ip'] });

		socket.on('message', (data, isBinary) => {
			if (isBinary)
				wire.take(data);
			else
				world.faults.push('text');
		});
		socket.on('ping', () => world.faults.push('ping'));
		socket.on('close', () => world.sockets.delete(socket));
		socket.on('error', (error) => world.faults.push(error.message));
	});
	await once(server, 'listening');
	world.port = server.address().port;
	world.stop = () => {
		for (const socket of server.clients)
			socket.terminate();
		server.close();
	};
	return world;
}

const PROXY_V2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

// The header of the PROXY protocol (IPv4) that bytes begin with: whose address it names, and its size; null: there is
// more to come.
function readProxyHeader(bytes) {
	if (bytes.subarray(0, PROXY_V2.length).equals(PROXY_V2)) {
		const size = bytes.length < 16 ? Infinity : 16 + bytes.readUInt16BE(14);

		return bytes.length < size ? null : { size, address: [...bytes.subarray(16, 20)].join('.') };
	}
	const end = bytes.indexOf('\r\n');
	return end < 0 ? null : { size: end + 2, address: bytes.toString('latin1', 0, end).split(' ')[2] };
}

// A world for Classic clients behind a proxy, which names them in a header of version 1 or 2.
async function startProxiedServer(name, block, guests) {
	const world = new World(name, block, guests);
	const sockets = new Set();
	const server = net.createServer((socket) => {
		const player = { send: (bytes) => socket.write(bytes) };
		let bytes = Buffer.alloc(0);
		let wire;

		sockets.add(socket);
		socket.on('data', (data) => {
			bytes = wire ? data : Buffer.concat([bytes, data]);
			const header = wire ? { size: 0 } : readProxyHeader(bytes);
			if (!header)
				return;
			wire ||= world.wireOf(player, { address: header.address });
			wire.take(bytes.subarray(header.size));
		});
		socket.on('close', () => {
			sockets.delete(socket);
			world.sockets.delete(player);
		});
		socket.on('error', () => {});
	});

	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	world.port = server.address().port;
	world.stop = () => {
		for (const socket of sockets)
			socket.destroy();
		server.close();
	};
	return world;
}

// ---- clients ----

// A connection from an address of its own that looks like a WebSocket, so that the same player joins by it.
class TcpSocket {
	constructor(port, localAddress) {
		this.socket = net.connect({ host: '127.0.0.1', port, localAddress });
		this.socket.on('connect', () => this.onopen());
		this.socket.on('data', (data) => this.onmessage({ data }));
		this.socket.on('error', () => this.onerror());
		this.socket.on('close', () => this.onclose({ code: 1000 }));
	}

	send(bytes) {
		this.socket.write(bytes);
	}

	close() {
		this.socket.destroy();
	}
}

// Passes connections on to a port of loopback, from another address of it: for clients that can't choose theirs.
async function startForwarder(port, localAddress) {
	const sockets = new Set();
	const server = net.createServer((socket) => {
		const onward = net.connect({ host: '127.0.0.1', port, localAddress });

		for (const [from, to] of [[socket, onward], [onward, socket]]) {
			sockets.add(from);
			from.on('error', () => to.destroy());
			from.on('close', () => sockets.delete(from));
			from.pipe(to);
		}
	});

	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	return {
		port: server.address().port,
		stop: () => {
			for (const socket of sockets)
				socket.destroy();
			server.close();
		},
	};
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
	EDGE, LIMIT_MS, TcpSocket, checkReport, checkVisits, isServer, makeDirectory, rowOf, startForwarder, startKurafuto,
	startProgram, startProxiedServer, startServer, startWebServer, stopKurafuto, stopProgram,
};
