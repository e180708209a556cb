// vh264_chromium.mjs STREAM PICTURES: has Chromium decode a byte stream of H.264 by WebCodecs, and
// writes what it shows to PICTURES, as planes of 4:2:0 one behind the other. Fails where Chromium tells
// an error, or shows fewer pictures than STREAM has. Access units begin with their SPS or, where they
// have none, with the slice whose first_mb_in_slice is 0.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

const [, , stream, pictures] = process.argv;
const deadlineMs = 60000, removalMs = 10000, removalRetryMs = 50;

// Runs in Chromium.
async function decode() {
	const bytes = new Uint8Array(await (await fetch('stream')).arrayBuffer());
	const starts = [];
	let pending = -1;
	for (let i = 0; i + 5 < bytes.length; i++) {
		if (bytes[i] || bytes[i + 1] || bytes[i + 2] || bytes[i + 3] !== 1)
			continue;
		const type = bytes[i + 4] & 31;
		if (type === 7 && pending < 0)
			pending = i;
		if ((type === 1 || type === 5) && bytes[i + 5] & 128) {
			starts.push({ at: pending < 0 ? i : pending, key: type === 5 });
			pending = -1;
		}
	}
	const shown = [];
	let problem = null;
	const decoder = new VideoDecoder({
		output: (frame) => shown.push(frame),
		error: (error) => { problem = error; },
	});
	const hex = (i) => bytes[5 + i].toString(16).padStart(2, '0');
	decoder.configure({ codec: `avc1.${hex(0)}${hex(1)}${hex(2)}`, optimizeForLatency: true,
		hardwareAcceleration: 'prefer-software' });
	const out = [];
	const drain = async () => {
		for (const frame of shown.splice(0)) {
			const rect = frame.visibleRect;
			if (frame.format !== 'I420')
				throw new Error(`pictures are ${frame.format}`);
			const picture = new Uint8Array(frame.allocationSize({ rect }));
			await frame.copyTo(picture, { rect });
			frame.close();
			out.push(picture);
		}
	};
	for (let i = 0; i < starts.length && !problem; i++) {
		decoder.decode(new EncodedVideoChunk({ type: starts[i].key ? 'key' : 'delta', timestamp: i,
			data: bytes.subarray(starts[i].at, starts[i + 1]?.at ?? bytes.length) }));
		if (i % 10 === 9) {
			while (decoder.decodeQueueSize > 0 && !problem)
				await new Promise((resolve) => decoder.addEventListener('dequeue', resolve, { once: true }));
			await drain();
		}
	}
	await decoder.flush().catch((error) => { problem = problem ?? error; });
	await drain();
	if (problem || out.length !== starts.length)
		return await fetch('failed', { method: 'POST', body: `${out.length} of ${starts.length} pictures: ${problem}` });
	return await fetch('pictures', { method: 'POST', body: new Blob(out) });
}

const profile = mkdtempSync(join(tmpdir(), 'vh264-chromium-'));
let browser;

// Chromium's helpers outlive it for a moment and may still write there.
async function removeProfile() {
	for (const last = Date.now() + removalMs;;) {
		try {
			rmSync(profile, { recursive: true, force: true });
			return;
		} catch (error) {
			if (error.code !== 'ENOTEMPTY' || Date.now() > last)
				throw error;
			await setTimeout(removalRetryMs);
		}
	}
}

function end(code, words) {
	if (words)
		console.error(words);
	browser.once('exit', async () => {
		await removeProfile();
		process.exit(code);
	});
	process.kill(-browser.pid, 'SIGKILL');
}

const server = createServer((request, response) => {
	if (request.method === 'GET') {
		const page = `<script>(${decode})().catch((e) => fetch('failed', { method: 'POST', body: String(e) }))</script>`;
		response.end(request.url === '/stream' ? readFileSync(stream) : page);
		return;
	}
	const parts = [];
	request.on('data', (part) => parts.push(part));
	request.on('end', () => {
		response.end();
		if (request.url !== '/pictures') {
			end(1, Buffer.concat(parts).toString());
			return;
		}
		writeFileSync(pictures, Buffer.concat(parts));
		end(0);
	});
});
server.listen(0, '127.0.0.1', () => {
	browser = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run',
		`--user-data-dir=${profile}`, `http://127.0.0.1:${server.address().port}/`], { stdio: 'ignore', detached: true });
	setTimeout(deadlineMs, null, { ref: false }).then(() => end(1, 'Chromium says nothing'));
});
