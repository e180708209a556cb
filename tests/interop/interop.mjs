/*
 * interop.mjs PEER STEPS SEED: groups of our members and of ts-mls, in TAP. Each creates a group that
 * the other joins, and one for a random script of so many steps, after each of which all must have
 * the same epoch authenticator. PEER is the program mls-peer.
 */
import { Ours } from "./ours.mjs";
import { Script } from "./script.mjs";
import { Theirs } from "./theirs.mjs";

const [program, steps, firstSeed] = process.argv.slice(2);
let seed = Number(firstSeed);
let number = 0;
let failed = 0;

async function check(name, run) {
	const members = [];
	const make = (Kind) => members[members.push(new Kind(program)) - 1];
	let fault;

	try {
		await run(make);
	} catch (error) {
		fault = error;
	}
	for (const member of members)
		if ((await member.end()) !== 0)
			fault ??= new Error("mls-peer found a fault when it ended");
	number++;
	console.log(`${fault ? "not ok" : "ok"} ${number} - ${name}`);
	if (fault) {
		failed++;
		console.log(`# ${fault.stack.replaceAll("\n", "\n# ")}`);
	}
}

for (const [Creator, Joiner] of [[Ours, Theirs], [Theirs, Ours]]) {
	const script = (make) => new Script([make(Creator), make(Joiner)], seed);

	await check(`${Joiner.name} joins what ${Creator.name} creates`, async (make) => {
		const pair = script(make);

		await pair.begin();
		await pair.addAll();
		await pair.talk();
	});
	await check(`${steps} random steps, begun by ${Creator.name}, seed ${seed}`, async (make) => {
		const kinds = [Creator, Joiner, Ours, Theirs, Ours, Theirs];
		const crowd = new Script(kinds.map(make), seed);

		await crowd.begin();
		for (let step = 0; step < steps; step++)
			await crowd.step(step);
		console.log(`#: seed ${seed}: ${crowd.told()}`);
	});
	seed++;
}
console.log(`1..${number}`);
process.exitCode = failed > 0 ? 1 : 0;
