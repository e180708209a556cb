/* A member that is our own code: the program mls-peer, which tests/interop/peer.c describes. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const bytesOf = (hex) => (hex === "-" ? undefined : Uint8Array.from(Buffer.from(hex, "hex")));
const hexOf = (bytes) => (bytes.length === 0 ? "" : Buffer.from(bytes).toString("hex"));

function wordOf(proposal) {
	if (proposal.add)
		return `add:${hexOf(proposal.add)}`;
	if (proposal.remove !== undefined)
		return `remove:${proposal.remove}`;
	return proposal.psk ? "psk" : "update";
}

export class Ours {
	kind = "ours";
	canUpdate = true;
	#process;
	#waiting = [];

	constructor(program) {
		this.#process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
		createInterface({ input: this.#process.stdout }).on("line", (line) =>
			this.#waiting.shift()?.resolve(line));
		this.#process.on("exit", (code) => {
			for (const { reject } of this.#waiting)
				reject(new Error(`mls-peer ended with ${code}`));
		});
	}

	async #ask(...words) {
		const line = await new Promise((resolve, reject) => {
			this.#waiting.push({ resolve, reject });
			this.#process.stdin.write(`${words.join(" ")}\n`);
		});

		if (!line.startsWith("ok"))
			throw new Error(`${words[0]}: ${line}`);
		return line.split(" ").slice(1);
	}

	/* Resolves to the exit code. */
	end() {
		this.#process.removeAllListeners("exit");
		return new Promise((resolve) => {
			this.#process.on("exit", (code) => resolve(code));
			this.#process.stdin.end();
		});
	}

	async renew(number) {
		return bytesOf((await this.#ask("new", number))[0]);
	}

	async create() {
		await this.#ask("create");
	}

	async join(welcome) {
		await this.#ask("join", hexOf(welcome));
		return true;
	}

	async propose(proposal) {
		return bytesOf((await this.#ask("propose", wordOf(proposal)))[0]);
	}

	async commit(proposals) {
		const [message, welcome] = await this.#ask("commit", ...proposals.map(wordOf));

		return { message: bytesOf(message), welcome: bytesOf(welcome) };
	}

	async advance() {
		await this.#ask("advance");
	}

	async withdraw() {
		await this.#ask("withdraw");
	}

	async seal(data) {
		return bytesOf((await this.#ask("seal", hexOf(data)))[0]);
	}

	async process(message) {
		const [kind, data] = await this.#ask("process", hexOf(message));

		return { kind, data: data && bytesOf(data) };
	}

	async state() {
		const [epoch, leaf, authenticator] = await this.#ask("state");

		return { epoch: BigInt(epoch), leaf: Number(leaf), authenticator };
	}
}
