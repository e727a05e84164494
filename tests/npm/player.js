// SPDX-License-Identifier: MIT
// Vanilla Classic over WebSocket, for Node and for browsers: a page loads this file as it is. It knows only what both
// have, so that the same player joins with the npm package `ws` and with Chromium.
'use strict';

(function (exported) {
	const STRING = 64;
	// Sizes of packets by their opcodes, to the client and to the server.
	const TO_CLIENT = {
		0x00: 131, 0x01: 1, 0x02: 1, 0x03: 1028, 0x04: 7, 0x06: 8, 0x07: 74, 0x08: 10, 0x09: 7, 0x0a: 5, 0x0b: 4,
		0x0c: 2, 0x0d: 66, 0x0e: 65, 0x0f: 2, 0x10: 67, 0x11: 69,
	};
	const TO_SERVER = { 0x00: 131, 0x05: 9, 0x08: 10, 0x0d: 66, 0x10: 67, 0x11: 69 };

	// A packet of bytes, 16 bit numbers as [n] and texts.
	function packet(...fields) {
		const bytes = [];

		for (const field of fields) {
			if (typeof field === 'string')
				for (let i = 0; i < STRING; i++)
					bytes.push(i < field.length ? field.charCodeAt(i) : 0x20);
			else if (Array.isArray(field))
				bytes.push(field[0] >> 8 & 0xff, field[0] & 0xff);
			else
				bytes.push(field & 0xff);
		}
		return new Uint8Array(bytes);
	}

	function textOf(bytes, at) {
		return String.fromCharCode(...bytes.subarray(at, at + STRING)).trimEnd();
	}

	// Frames packets, however messages cut them.
	class Wire {
		constructor(sizes, onPacket) {
			this.sizes = sizes;
			this.onPacket = onPacket;
			this.bytes = new Uint8Array(0);
		}

		take(bytes) {
			const joined = new Uint8Array(this.bytes.length + bytes.length);

			joined.set(this.bytes);
			joined.set(bytes, this.bytes.length);
			this.bytes = joined;
			while (this.bytes.length > 0) {
				const size = this.sizes[this.bytes[0]];

				if (size === undefined)
					throw new Error(`packet 0x${this.bytes[0].toString(16)}`);
				if (this.bytes.length < size)
					break;
				this.onPacket(this.bytes.slice(0, size));
				this.bytes = this.bytes.slice(size);
			}
		}
	}

	async function gunzip(chunks) {
		const unzipped = new Blob(chunks).stream().pipeThrough(new DecompressionStream('gzip'));

		return new Uint8Array(await new Response(unzipped).arrayBuffer());
	}

	// A player who logs in when the socket opens, and remembers what they have been told.
	class WebPlayer {
		constructor(socket, name) {
			this.socket = socket;
			this.chat = [];
			this.servers = [];
			this.levels = [];
			this.chunks = [];
			this.waiting = new Set();
			this.wire = new Wire(TO_CLIENT, (bytes) => this.takePacket(bytes));
			socket.binaryType = 'arraybuffer';
			socket.onopen = () => socket.send(packet(0x00, 7, name, '', this.magic()));
			socket.onmessage = (event) => this.wire.take(new Uint8Array(event.data));
			socket.onerror = () => this.note('error');
			socket.onclose = (event) => {
				this.closed = event.code;
				this.note(`closed with ${event.code}`);
			};
		}

		// What the identification ends with.
		magic() {
			return 0;
		}

		takePacket(bytes) {
			if (bytes[0] === 0x00)
				this.servers.push(textOf(bytes, 2));
			if (bytes[0] === 0x02)
				this.chunks = [];
			if (bytes[0] === 0x03)
				this.chunks.push(bytes.slice(3, 3 + (bytes[1] << 8 | bytes[2])));
			if (bytes[0] === 0x04)
				this.takeLevel(this.chunks, new DataView(bytes.buffer));
			if (bytes[0] === 0x0d)
				this.note(textOf(bytes, 2));
			if (bytes[0] === 0x0e)
				this.note(`disconnected: ${textOf(bytes, 1)}`);
		}

		async takeLevel(chunks, ends) {
			const blocks = (await gunzip(chunks)).subarray(4);

			this.levels.push({
				size: [ends.getUint16(1), ends.getUint16(3), ends.getUint16(5)],
				length: blocks.length,
				kinds: [...new Set(blocks)],
			});
			this.look();
		}

		note(line) {
			this.chat.push(line);
			this.look();
		}

		look() {
			for (const look of this.waiting)
				look();
		}

		// Resolves when a condition holds; looks again whenever something has come.
		until(what, condition, limitMs) {
			return new Promise((resolve, reject) => {
				const end = (settle, value) => {
					clearTimeout(timer);
					this.waiting.delete(look);
					settle(value);
				};
				const fail = () => end(reject, new Error(`never: ${what}; chat: ${this.chat.join(' | ')}`));
				const timer = setTimeout(fail, limitMs);
				const look = () => {
					if (condition())
						end(resolve);
					else if (this.closed !== undefined)
						fail();
				};

				this.waiting.add(look);
				look();
			});
		}

		say(text) {
			this.socket.send(packet(0x0d, 255, text));
		}

		async says(text, answer, limitMs) {
			this.say(text);
			await this.until(answer, () => this.chat.some((line) => line.includes(answer)), limitMs);
		}
	}

	// The same with CPE, though without any of its extensions.
	class CpePlayer extends WebPlayer {
		magic() {
			return 0x42;
		}

		takePacket(bytes) {
			if (bytes[0] === 0x10)
				this.entriesLeft = bytes[65] << 8 | bytes[66];
			if (bytes[0] === 0x11 && --this.entriesLeft === 0)
				this.socket.send(packet(0x10, 'Tester 1.0', [0]));
			super.takePacket(bytes);
		}
	}

	async function leave(player, limitMs) {
		player.socket.close(1000);
		await player.until('the end', () => player.closed !== undefined, limitMs);
		const { socket, servers, levels, chat, closed } = player;
		return { protocol: socket.protocol, extensions: socket.extensions, servers, levels, chat, closed };
	}

	// The first server, chat, the second one, chat, and a good end. What has been seen.
	async function playThrough(player, limitMs) {
		await player.until('the first level', () => player.levels.length === 1, limitMs);
		await player.says('hello there', 'Alpha heard: hello there', limitMs);
		player.say(':kura jump beta');
		await player.until('the second level', () => player.levels.length === 2, limitMs);
		await player.says('hello again', 'Beta heard: hello again', limitMs);
		return leave(player, limitMs);
	}

	// One server after the other, on each of which all of these players are to meet.
	async function tour(player, name, names, servers, limitMs) {
		const heard = (text) => player.chat.some((line) => line.includes(text));

		for (const [i, server] of servers.entries()) {
			if (i > 0)
				player.say(`:kura jump ${server}`);
			await player.until(`all on ${server}`,
				() => player.levels.length > i && heard(`${server}: all here`), limitMs);
			player.say(`I am ${name}`);
			await player.until(`everybody on ${server}`,
				() => names.every((other) => heard(`${server} heard: I am ${other}`)), limitMs);
		}
		return leave(player, limitMs);
	}

	Object.assign(exported, { CpePlayer, TO_SERVER, Wire, WebPlayer, packet, textOf, playThrough, tour });
})(typeof module === 'object' ? module.exports : globalThis);
