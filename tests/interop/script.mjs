/* Random scripts over members of one group, whatever their implementation. */

/* Numbers from 0 up to 1, the same for a seed (a linear congruential generator of 2^32). */
function randomFrom(seed) {
	let x = Number(seed) >>> 0;

	return () => {
		x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
		return x / 2 ** 32;
	};
}

function same(a, b) {
	return Buffer.from(a).equals(Buffer.from(b));
}

export class Script {
	#members;
	#outside = new Set();
	#packages = new Map();
	#random;
	#made = 0;
	/*
	 * Begins the group and stays at leaf 0, so that no half of the tree is empty: there ts-mls takes
	 * one path secret more for the commit secret than the path has (RFC 9420, section 12.4.2).
	 */
	#creator;
	#counts = new Map();
	/* { to, data, message }: application messages that come after the next commit */
	#late = [];

	constructor(members, seed) {
		this.#members = members;
		this.#random = randomFrom(seed);
	}

	told() {
		return [...this.#counts].map(([name, n]) => `${n} ${name}`).join(", ");
	}

	#pick(list) {
		return list[Math.floor(this.#random() * list.length)];
	}

	#chance(probability) {
		return this.#random() < probability;
	}

	#inside(...but) {
		return this.#members.filter((member) => !this.#outside.has(member) && !but.includes(member));
	}

	async #renew(member) {
		this.#outside.add(member);
		this.#packages.set(member, await member.renew(this.#made++));
	}

	/* The first member begins the group. */
	async begin() {
		for (const member of this.#members)
			await this.#renew(member);
		this.#creator = this.#members[0];
		await this.#creator.create();
		this.#outside.delete(this.#creator);
	}

	async #agree(...absent) {
		const states = await Promise.all(this.#inside(...absent).map((member) => member.state()));

		for (const { epoch, authenticator } of states)
			if (epoch !== states[0].epoch || authenticator !== states[0].authenticator)
				throw new Error(`epochs ${states.map((state) => state.epoch)} do not agree`);
	}

	async #deliver(message, kind, ...but) {
		for (const member of this.#inside(...but)) {
			const result = await member.process(message);

			if (result.kind === "removed")
				await this.#renew(member);
			else if (result.kind !== kind)
				throw new Error(`a ${kind} is a ${result.kind} to ${member.kind}`);
		}
	}

	async #deliverLate() {
		for (const { to, data, message } of this.#late.splice(0))
			if (!this.#outside.has(to) && !same((await to.process(message)).data, data))
				throw new Error(`a late message is another to ${to.kind}`);
	}

	/* The committer's commit wins; `absent` do not get it. */
	async #commit(committer, proposals, joiners = [], absent = []) {
		const { message, welcome } = await committer.commit(proposals);

		await this.#deliver(message, "commit", committer, ...absent);
		await committer.advance();
		for (const joiner of joiners)
			if (await joiner.join(welcome))
				this.#outside.delete(joiner);
		await this.#agree(...absent);
		await this.#deliverLate();
		await this.#removeStrangers(committer, joiners);
	}

	/* Joiners that refused their Welcome; they stand at the lowest leaves that nobody else has. */
	async #removeStrangers(committer, joiners) {
		const strangers = joiners.filter((joiner) => this.#outside.has(joiner));
		const states = await Promise.all(this.#inside().map((member) => member.state()));
		const taken = new Set(states.map(({ leaf }) => leaf));
		const proposals = [];

		for (let leaf = 0; proposals.length < strangers.length; leaf++)
			if (!taken.has(leaf))
				proposals.push({ remove: leaf });
		if (proposals.length === 0)
			return;
		await this.#commit(committer, proposals);
		for (const stranger of strangers)
			await this.#renew(stranger);
		this.#count("refused Welcome", strangers.length);
	}

	#count(name, n) {
		this.#counts.set(name, (this.#counts.get(name) ?? 0) + n);
	}

	async #propose(proposer, proposal) {
		await this.#deliver(await proposer.propose(proposal), "proposal", proposer);
	}

	async addAll() {
		const joiners = [...this.#outside];
		const proposals = joiners.map((member) => ({ add: this.#packages.get(member) }));

		await this.#commit(this.#inside()[0], proposals, joiners);
	}

	/* Each sends to all. */
	async talk() {
		for (const sender of this.#inside())
			await this.#send(sender, 1);
	}

	async #send(sender, n) {
		const sent = [];

		for (let i = 0; i < n; i++) {
			const data = Uint8Array.from({ length: 1 + Math.floor(this.#random() * 400) },
				() => Math.floor(this.#random() * 256));

			sent.push({ data, message: await sender.seal(data) });
		}
		for (const member of this.#inside(sender)) {
			const order = sent.filter(() => n === 1 || !this.#chance(0.2));

			order.sort(() => this.#random() - 0.5);
			for (const { data, message } of order) {
				if (n > 1 && this.#chance(0.1))
					this.#late.push({ to: member, data, message });
				else if (!same((await member.process(message)).data, data))
					throw new Error(`a message is another to ${member.kind}`);
			}
		}
	}

	#steps = {
		add: async () => {
			const joiners = [...this.#outside].slice(0, 1 + Math.floor(this.#random() * 2));
			const proposals = joiners.map((member) => ({ add: this.#packages.get(member) }));
			const committer = this.#pick(this.#inside());

			if (this.#chance(0.5)) {
				const proposer = this.#pick(this.#inside());

				for (const proposal of proposals.splice(0))
					await this.#propose(proposer, proposal);
			}
			await this.#commit(committer, proposals, joiners);
		},
		remove: async () => {
			const removed = this.#pick(this.#inside(this.#creator));
			const committer = this.#pick(this.#inside(removed));
			const proposal = { remove: (await removed.state()).leaf };

			if (this.#chance(0.5)) {
				await this.#propose(this.#pick(this.#inside()), proposal);
				await this.#commit(committer, []);
			} else {
				await this.#commit(committer, [proposal]);
			}
		},
		update: async () => {
			const proposer = this.#pick(this.#inside().filter((member) => member.canUpdate));
			const committer = proposer && this.#pick(this.#inside(proposer));

			if (!committer)
				return;
			await this.#propose(proposer, {});
			await this.#commit(committer, []);
		},
		commit: () => this.#commit(this.#pick(this.#inside()), []),
		"pre-shared key": () => this.#commit(this.#pick(this.#inside()), [{ psk: true }]),
		application: () => this.#send(this.#pick(this.#inside()), 1),
		"drop and reorder": () => this.#send(this.#pick(this.#inside()), 5),
		race: async () => {
			const loser = this.#pick(this.#inside());
			const winner = this.#pick(this.#inside(loser));

			await loser.commit([]);
			await loser.withdraw();
			await this.#commit(winner, []);
		},
		"missed commit": async () => {
			const missing = this.#pick(this.#inside(this.#creator));
			const committer = this.#pick(this.#inside(missing));
			const { leaf } = await missing.state();

			this.#late = this.#late.filter(({ to }) => to !== missing);
			await this.#commit(committer, [], [], [missing]);
			const message = await committer.seal(Uint8Array.of(1));

			await missing.process(message).then(
				() => Promise.reject(new Error(`${missing.kind} reads an epoch it has no keys of`)),
				() => undefined);
			await this.#renew(missing);
			await this.#commit(committer, [{ remove: leaf }, { add: this.#packages.get(missing) }],
				[missing]);
		},
	};

	async step(number) {
		const n = this.#inside().length;
		const names = Object.keys(this.#steps).filter((name) =>
			name === "add" ? this.#outside.size > 0 : n > 1);
		const name = n === 1 ? "add" : this.#pick(names);

		try {
			await this.#steps[name]();
		} catch (error) {
			error.message = `step ${number}, ${name}: ${error.message}`;
			throw error;
		}
		this.#count(name, 1);
	}
}
