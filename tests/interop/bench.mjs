/*
 * bench.mjs: what a step of an MLS group costs ts-mls as the group grows, by the same scenario as
 * tests/bench/bench_mls.c, as lines of JSON as tests/bench/figure.h writes them.
 */
import { Theirs } from "./theirs.mjs";

const sizes = [2, 10, 50, 100, 200];
const times = 5;
const addsMax = 16;

const median = (values) => values.sort((a, b) => a - b)[(values.length - 1) >> 1];

function say(n, step, value, unit) {
	console.log(JSON.stringify({
		name: `ts-mls, ${n} members: ${step}`,
		value: Number(value.toPrecision(6)),
		unit,
		goal: null,
		better: "lower",
	}));
}

async function took(work) {
	const start = performance.now();

	return { result: await work(), ms: performance.now() - start };
}

let number = 0;

async function make() {
	const party = new Theirs();

	return { party, add: await party.renew(number++) };
}

/* The first one commits. */
async function commit(host, proposals) {
	return took(async () => {
		const made = await host.commit(proposals);

		await host.advance();
		return made;
	});
}

async function grow(host, second, from, to) {
	for (let n = from; n < to;) {
		const some = n === 1 ? 1 : Math.min(to - n, addsMax);
		const joiners = n === 1 ? [second] : [];

		while (joiners.length < some)
			joiners.push(await make());
		const { message, welcome } =
			(await commit(host, joiners.map(({ add }) => ({ add })))).result;
		if (n === 1)
			await second.party.join(welcome);
		else
			await second.party.process(message);
		n += some;
	}
}

/* One joins, keys are renewed, and that one is removed; the second one takes what the first did. */
async function measure(host, second, figures) {
	const joiner = await make();
	const note = (step, ms) => (figures[step] ??= []).push(ms);
	let done = await commit(host, [{ add: joiner.add }]);

	note("add one", done.ms);
	figures.welcome = done.result.welcome.length;
	const joined = await took(() => joiner.party.join(done.result.welcome));

	if (!joined.result)
		throw new Error("ts-mls does not join its own group");
	note("join", joined.ms);
	await second.process(done.result.message);
	done = await commit(host, []);
	note("new keys", done.ms);
	figures.commit = done.result.message.length;
	note("take a commit", (await took(() => second.process(done.result.message))).ms);
	const { leaf } = await joiner.party.state();

	done = await commit(host, [{ remove: leaf }]);
	note("remove one", done.ms);
	await second.process(done.result.message);
}

const host = (await make()).party;
const second = await make();
let before = 1;

await host.create();
for (const n of sizes) {
	const figures = {};

	await grow(host, second, before, n);
	for (let time = 0; time < times; time++)
		await measure(host, second.party, figures);
	for (const step of ["add one", "join", "new keys", "take a commit", "remove one"])
		say(n, step, median(figures[step]), "ms");
	say(n, "a commit", figures.commit / 1024, "KiB");
	say(n, "a Welcome", figures.welcome / 1024, "KiB");
	before = n;
}
