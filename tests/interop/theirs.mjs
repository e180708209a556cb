/* A member that is ts-mls, with the same calls as ours.mjs. */
import { randomBytes } from "node:crypto";
import { p256 } from "@noble/curves/nist.js";
import * as mls from "ts-mls";

const suite = await mls.getCiphersuiteImpl(
	mls.getCiphersuiteFromName("MLS_128_DHKEMP256_AES128GCM_SHA256_P256"));
const text = (words) => new TextEncoder().encode(words);

const pskIndex = mls.makePskIndex(undefined, {
	[mls.bytesToBase64(text("office"))]: text("a secret"),
});

/* Around the time at which all of our test members live. */
const nowS = 1800000000n;
const lifetime = { notBefore: nowS - 60n, notAfter: nowS + 60n };
Date.now = () => Number(nowS) * 1000;

const encode = (content) => mls.encodeMlsMessage({ version: "mls10", ...content });

function decode(bytes, wireformat) {
	const decoded = mls.decodeMlsMessage(bytes, 0)?.[0];

	if (decoded?.wireformat !== wireformat)
		throw new Error(`no ${wireformat}`);
	return decoded;
}

function proposalOf(proposal) {
	if (proposal.add) {
		const { keyPackage } = decode(proposal.add, "mls_key_package");

		return { proposalType: "add", add: { keyPackage } };
	}
	if (proposal.remove !== undefined)
		return { proposalType: "remove", remove: { removed: proposal.remove } };
	return {
		proposalType: "psk",
		psk: {
			preSharedKeyId: {
				psktype: "external",
				pskId: text("office"),
				pskNonce: new Uint8Array(randomBytes(32)),
			},
		},
	};
}

export class Theirs {
	kind = "ts-mls";
	/* It makes no Update proposals: it keeps no private key for one. */
	canUpdate = false;
	#package;
	#state;
	#next;

	async end() {
		return 0;
	}

	async renew(number) {
		const credential = { credentialType: "basic", identity: text(`theirs ${number}`) };
		/* ts-mls itself makes compressed points, which RFC 9420 (section 5.1.1) does not have. */
		const signKey = p256.utils.randomSecretKey();
		const publicKey = p256.getPublicKey(signKey, false);

		this.#package = await mls.generateKeyPackageWithKey(credential, mls.defaultCapabilities(),
			lifetime, [], { signKey, publicKey }, suite);
		this.#state = this.#next = undefined;
		return encode({ wireformat: "mls_key_package", keyPackage: this.#package.publicPackage });
	}

	async create() {
		this.#state = await mls.createGroup(text("meeting"), this.#package.publicPackage,
			this.#package.privatePackage, [], suite);
	}

	/*
	 * Resolves to whether it joins. ts-mls wants every list of unmerged leaves above a leaf to be
	 * the same; RFC 9420 (section 12.4.3.1) wants the leaf itself on them, and only below.
	 */
	async join(welcome) {
		try {
			this.#state = await mls.joinGroup(decode(welcome, "mls_welcome").welcome,
				this.#package.publicPackage, this.#package.privatePackage, pskIndex, suite);
			return true;
		} catch (error) {
			if (!error.message.includes("must list leaf node in its unmerged_leaves"))
				throw error;
			return false;
		}
	}

	async propose(proposal) {
		const { newState, message } = await mls.createProposal(this.#state, false,
			proposalOf(proposal), suite);

		this.#state = newState;
		return mls.encodeMlsMessage(message);
	}

	async commit(proposals) {
		const { newState, commit, welcome } = await mls.createCommit(
			{ state: this.#state, cipherSuite: suite, pskIndex },
			{ extraProposals: proposals.map(proposalOf), ratchetTreeExtension: true });

		this.#next = newState;
		return {
			message: mls.encodeMlsMessage(commit),
			welcome: welcome && encode({ wireformat: "mls_welcome", welcome }),
		};
	}

	async advance() {
		this.#state = this.#next;
		this.#next = undefined;
	}

	async withdraw() {
		this.#next = undefined;
	}

	async seal(data) {
		const { newState, privateMessage } = await mls.createApplicationMessage(this.#state, data,
			suite);

		this.#state = newState;
		return encode({ wireformat: "mls_private_message", privateMessage });
	}

	async process(message) {
		let kind = "proposal";
		const { privateMessage } = decode(message, "mls_private_message");
		const result = await mls.processPrivateMessage(this.#state, privateMessage, pskIndex, suite,
			(incoming) => {
				kind = incoming.kind;
				return "accept";
			});

		this.#state = result.newState;
		if (result.kind === "applicationMessage")
			return { kind: "application", data: result.message };
		if (this.#state.groupActiveState.kind === "removedFromGroup")
			return { kind: "removed" };
		return { kind };
	}

	async state() {
		const { groupContext, keySchedule, privatePath } = this.#state;

		return {
			epoch: groupContext.epoch,
			leaf: privatePath.leafIndex,
			authenticator: Buffer.from(keySchedule.epochAuthenticator).toString("hex"),
		};
	}
}
