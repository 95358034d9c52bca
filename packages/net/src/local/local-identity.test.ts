/** Source: docs/decisions/0008-local-identity.md; spec/network-identity.md §6.1. */
import { afterEach, expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import { createVirtualClock } from "@kinode-ts/testing";
import { LocalNode, type LocalNodeOptions } from "../../test/local-node.ts";
import { MemoryInternet } from "../../test/memory-internet.ts";
import { LocalIdentityError } from "./errors.ts";
import { signSuccession } from "./identity-record.ts";
import { formatInvitation, readInvitation } from "./invitation.ts";
import { createNote } from "./peer-note.ts";
import { SELF_SPACE, successionRow } from "./own-record.ts";

const DAY_MS = 86_400_000;
const running: LocalNode[] = [];
afterEach(async () => {
  for (const node of running.splice(0)) await node.net.stop!();
});

const ALICE = { host: "1.0.0.1", tcp: 1 } as const;
const BOB = { host: "2.0.0.2", tcp: 2 } as const;
const CAROL = { host: "3.0.0.3", tcp: 3 } as const;
const ROUTER = { host: "9.0.0.9", tcp: 9, maxPassthroughs: 8 } as const;

async function world<const N extends string>(plan: Readonly<Record<N, LocalNodeOptions>>) {
  const internet = new MemoryInternet(createVirtualClock());
  const nodes = {} as Record<N, LocalNode>;
  for (const [name, options] of Object.entries(plan) as [N, LocalNodeOptions][]) {
    nodes[name] = await new LocalNode(internet, `${name}.local`, options).start();
    running.push(nodes[name]);
  }
  return { internet, ...nodes };
}

async function meet(host: LocalNode, guest: LocalNode, lifeMs = DAY_MS): Promise<string> {
  const { text } = await host.local.invite({ lifeMs });
  await guest.during(guest.local.join(text));
  return text;
}

/** The code with which joining fails. */
async function refusal(guest: LocalNode, text: string): Promise<string> {
  try {
    await guest.during(guest.local.join(text));
  } catch (error) {
    if (!(error instanceof LocalIdentityError)) throw error;
    const { fault } = error;
    return fault.code === "net.invitation-refused" ? `${fault.code} ${fault.why}` : fault.code;
  }
  return "joined";
}

test("whoever comes on an invitation is known, and both can speak at once", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  expect([alice.known, bob.known]).toEqual([["bob.local"], ["alice.local"]]);
  alice.say("bob.local", "hello bob");
  bob.say("alice.local", "hello alice");
  await internet.clock.advance(100);
  expect([alice.texts, bob.texts]).toEqual([["hello alice"], ["hello bob"]]);
});

test("both are kept before the newcomer is welcome, and survive a crash of either", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  const [again, bobAgain] = [await alice.crash(), await bob.crash()];
  running.push(again, bobAgain);
  again.say("bob.local", "after");
  await internet.clock.advance(200);
  expect(bobAgain.texts).toEqual(["after"]);
});

test("a newcomer that cannot be kept is not let in, and the invitation holds", async () => {
  const { alice, bob } = await world({ alice: ALICE, bob: BOB });
  const { text } = await alice.local.invite();
  alice.rows.isBroken = true;
  expect(await refusal(bob, text)).toStartWith("net.invitation-refused");
  expect([alice.known, bob.known]).toEqual([[], []]);
  alice.rows.isBroken = false;
  await bob.during(bob.local.join(text));
  expect(alice.known).toEqual(["bob.local"]);
});

test("an invitation that was used says so within the time of a handshake", async () => {
  const { internet, alice, bob, carol } = await world({ alice: ALICE, bob: BOB, carol: CAROL });
  const text = await meet(alice, bob);
  const beforeMs = internet.clock.monotonicMs();
  expect(await refusal(carol, text)).toBe("net.invitation-refused used");
  expect(internet.clock.monotonicMs() - beforeMs).toBeLessThan(5_000);
  expect([alice.known, carol.known]).toEqual([["bob.local"], []]);
  // The one that came may come again: its disk may have been lost.
  expect(await refusal(bob, text)).toBe("joined");
});

test("it lets in as many as it was made for", async () => {
  const { alice, bob, carol } = await world({ alice: ALICE, bob: BOB, carol: CAROL });
  const { text } = await alice.local.invite({ uses: 2 });
  expect([await refusal(bob, text), await refusal(carol, text)]).toEqual(["joined", "joined"]);
});

test("an invitation ends with its time, for the newcomer and for the inviter", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  const { text } = await alice.local.invite({ lifeMs: 1_000 });
  const late = readInvitation(text);
  await internet.clock.advance(1_001);
  expect(await refusal(bob, text)).toBe("net.invitation-expired");
  // With a changed date the newcomer tries, and the inviter knows better.
  const expiresMs = late.expiresMs + DAY_MS;
  expect(await refusal(bob, formatInvitation({ ...late, expiresMs }))).toBe(
    "net.invitation-refused expired",
  );
});

test("a secret that is none of the inviter's lets nobody in, and is not talked about", async () => {
  const { alice, bob } = await world({ alice: ALICE, bob: BOB });
  const real = readInvitation((await alice.local.invite()).text);
  const forged = formatInvitation({ ...real, secret: new Uint8Array(32).fill(5) });
  expect(await refusal(bob, forged)).toStartWith("net.");
  expect([alice.known, bob.known]).toEqual([[], []]);
});

test("what was refused may say nothing to the processes of the inviter", async () => {
  const { internet, alice, bob, carol } = await world({ alice: ALICE, bob: BOB, carol: CAROL });
  const text = await meet(alice, bob);
  const joining = carol.local.join(text).catch(() => {});
  for (let turn = 0; turn < 60; turn += 1) {
    carol.say("alice.local", "let me in");
    await internet.clock.advance(10);
  }
  await carol.during(joining);
  expect(alice.texts).toEqual([]);
});

test("a mistyped, cut or foreign text is told at once", async () => {
  const { alice, bob } = await world({ alice: ALICE, bob: BOB });
  const { text } = await alice.local.invite();
  expect(text).toMatch(/^kinode1[a-z2-7]+$/);
  for (const [wrong, why] of [
    ["hello", 'begin with "kinode1"'],
    [text.slice(0, -3), "missing or mistyped"],
    // Not the last one: of that not every bit says something.
    [text.replace(/.(?=.{8}$)/, (one) => (one === "a" ? "b" : "a")), "missing or mistyped"],
    [`${text}!`, "characters that no invitation has"],
    [`kinode1${"a".repeat(20_000)}`, "too long"],
  ] as const) {
    expect(() => readInvitation(wrong)).toThrow(why);
    expect(await refusal(bob, wrong)).toStartWith("net.bad-invitation");
  }
  // Wrapped by a mail program, and in the capitals of a QR code.
  const wrapped = text.toUpperCase().replaceAll(/(.{60})/g, "$1\n  ");
  expect(await refusal(bob, wrapped)).toBe("joined");
  expect(await refusal(alice, text)).toBe("net.own-invitation");
});

test("nobody is pinned when the inviter cannot be reached, and the invitation holds", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  const { text } = await alice.local.invite();
  await alice.net.stop!();
  expect(await refusal(bob, text)).toBe("net.inviter-unreachable");
  expect([bob.known, bob.net.known.find("alice.local")]).toEqual([[], undefined]);
  running.push(await alice.restart());
  expect(await refusal(bob, text)).toBe("joined");
  await internet.clock.advance(10);
});

test("another key under a known name is refused on both ways", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  await bob.net.stop!();
  const thief = await new LocalNode(internet, "bob.local", { ...CAROL, seed: 99 }).start();
  running.push(thief);
  const { text } = await alice.local.invite();
  expect(await refusal(thief, text)).toBe("net.invitation-refused silent");
  const own = await thief.local.invite();
  expect(await refusal(alice, own.text)).toBe("net.other-key");
  expect(alice.local.peers()[0]?.peer.key).toEqual(bob.local.record.key);
});

test("an address that changed reaches those that are connected, and the others when they meet", async () => {
  const { internet, alice, bob, carol } = await world({ alice: ALICE, bob: BOB, carol: CAROL });
  await meet(alice, bob);
  await meet(alice, carol);
  const before = bob.local.peers()[0]!.peer.record!.sequence;
  const moved = await alice.restart({ host: "1.0.0.99", tcp: 77 });
  running.push(moved);
  moved.say("bob.local", "I moved");
  await internet.clock.advance(200);
  const record = bob.local.peers()[0]!.peer.record!;
  expect([record.places[0]?.ip, record.places[0]?.ports.get("tcp")]).toEqual(["1.0.0.99", 77]);
  expect(record.sequence).toBeGreaterThan(before);
  const kept = await bob.restart();
  running.push(kept);
  kept.say("alice.local", "I know");
  await internet.clock.advance(200);
  expect(moved.texts).toEqual(["I know"]);
});

test("a machine that gets another address says so within seconds, one whose cable is out does not", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  const known = () => bob.local.peers()[0]!.peer.record!;
  const before = known().sequence;
  alice.addresses = ["127.0.0.1"];
  await internet.clock.advance(60_000);
  expect([known().sequence, alice.local.record.sequence]).toEqual([before, before]);
  alice.addresses = ["1.0.0.99", "127.0.0.1"];
  await internet.clock.advance(6_000);
  expect(known().places.map(({ ip }) => ip)).toEqual(["1.0.0.99", "127.0.0.1"]);
  alice.addresses = ["127.0.0.1"];
  await internet.clock.advance(60_000);
  expect(known().places.map(({ ip }) => ip)).toEqual(["1.0.0.99", "127.0.0.1"]);
});

test.each([10, -10])(
  "nodes whose clocks are %p years apart know each other, and follow each other's moves, also when the clock is set right",
  async (years) => {
    const aheadMs = years * 365 * 86_400_000;
    const { internet, alice, bob } = await world({ alice: ALICE, bob: { ...BOB, aheadMs } });
    // The expiry of an invitation is a time: who is ahead invites.
    await (years > 0 ? meet(bob, alice) : meet(alice, bob));
    bob.say("alice.local", "hello");
    await internet.clock.advance(500);
    const moved = await bob.restart({ host: "2.0.0.99" });
    running.push(moved);
    moved.say("alice.local", "I moved");
    await internet.clock.advance(500);
    const right = await moved.restart({ host: "2.0.0.98", aheadMs: 0 });
    running.push(right);
    right.say("alice.local", "and my clock is right");
    await internet.clock.advance(500);
    expect(alice.texts).toEqual(["hello", "I moved", "and my clock is right"]);
    const known = alice.local.peers()[0]!.peer.record!;
    expect(known.places.map(({ ip }) => ip)).toEqual(["2.0.0.98"]);
  },
);

test("a node that was behind a router and can be dialled now is dialled", async () => {
  const { internet, alice, bob, router } = await world({
    alice: ALICE,
    bob: BOB,
    router: ROUTER,
  });
  await meet(alice, bob);
  await meet(router, bob);
  await meet(router, alice);
  await bob.during(bob.local.addRouter("router.local"));
  await internet.clock.advance(10_000);
  expect(alice.local.peers()[0]!.peer.record!.places).toEqual([]);
  for (const socket of internet.sockets) socket.end();
  await internet.clock.advance(10_000);
  internet.dials.length = 0;
  alice.say("bob.local", "by the router");
  await internet.clock.advance(1_000);
  expect(internet.dials.filter((dial) => dial.includes("2.0.0.2"))).toEqual([]);

  await bob.during(bob.local.removeRouter("router.local"));
  await internet.clock.advance(1_000);
  for (const socket of internet.sockets) socket.end();
  internet.dials.length = 0;
  alice.say("bob.local", "straight");
  await internet.clock.advance(1_000);
  expect(internet.dials).toEqual(["tcp 2.0.0.2:2"]);
  expect([bob.texts, alice.failed]).toEqual([["by the router", "straight"], []]);
});

test("who was away while a node moved is looked for until it has heard", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  await bob.net.stop!();
  const moved = await alice.restart({ host: "1.0.0.99", tcp: 77 });
  running.push(moved);
  await internet.clock.advance(600_000);
  const back = await bob.restart();
  running.push(back);
  // Nobody says anything to anybody.
  await internet.clock.advance(3_700_000);
  expect(back.local.peers()[0]!.peer.record!.places[0]?.ip).toBe("1.0.0.99");
  const dials = internet.dials.filter((dial) => dial.endsWith("2.0.0.2:2")).length;
  expect(dials).toBeLessThan(12);
});

test("an older record does not come back", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  const old = bob.local.peers()[0]!.peer.record!;
  running.push(await alice.restart({ host: "1.0.0.99", tcp: 77 }));
  running.at(-1)!.say("bob.local", "hi");
  await internet.clock.advance(200);
  bob.local.noted(createNote("alice.local", "bob.local", 1, { record: old.bytes }));
  expect(bob.local.peers()[0]!.peer.record!.places[0]?.ip).toBe("1.0.0.99");
});

test("who has pinned the old key follows to the new one, whoever calls", async () => {
  const { internet, alice, bob, carol } = await world({ alice: ALICE, bob: BOB, carol: CAROL });
  await meet(alice, bob);
  await meet(alice, carol);
  const old = createNodeSigner(new Uint8Array(32).fill(seedOf("alice.local")));
  const next = createNodeSigner(new Uint8Array(32).fill(200)).publicKey;
  const succession = signSuccession("alice.local", old, next);
  await alice.rows.commit([successionRow(alice.rows.of(SELF_SPACE), old.publicKey, succession)]);
  const renewed = await alice.restart({ seed: 200 });
  running.push(renewed);
  renewed.say("bob.local", "my key is new");
  carol.say("alice.local", "is it you?");
  await internet.clock.advance(500);
  expect([bob.texts, renewed.texts]).toEqual([["my key is new"], ["is it you?"]]);
  expect(bob.local.peers()[0]!.peer.key).toEqual(next);
  await internet.clock.advance(500);
  expect(carol.local.peers()[0]!.peer.key).toEqual(next);
  // The old key opens nothing any more.
  await renewed.net.stop!();
  const stolen = await new LocalNode(internet, "alice.local", ALICE).start();
  running.push(stolen);
  bob.say("alice.local", "old?");
  await internet.clock.advance(500);
  expect(stolen.texts).toEqual([]);
});

test("a key that changes while the node runs is followed by whoever is connected, and by the others when they meet", async () => {
  const { internet, alice, bob, carol } = await world({ alice: ALICE, bob: BOB, carol: CAROL });
  await meet(alice, bob);
  await meet(alice, carol);
  await carol.net.stop!();
  bob.say("alice.local", "before");
  await internet.clock.advance(500);
  const next = createNodeSigner(new Uint8Array(32).fill(200)).publicKey;
  await alice.changeKey(200);
  bob.say("alice.local", "meanwhile");
  await internet.clock.advance(1_000);
  expect(bob.local.peers()[0]).toMatchObject({ isConnected: true, peer: { key: next } });
  alice.say("bob.local", "my key is new");
  await internet.clock.advance(500);
  expect([alice.texts, bob.texts, bob.failed]).toEqual([
    ["before", "meanwhile"],
    ["my key is new"],
    [],
  ]);
  const again = await carol.restart();
  running.push(again);
  again.say("alice.local", "is it you?");
  await internet.clock.advance(500);
  expect(alice.texts.at(-1)).toBe("is it you?");
  expect(again.local.peers()[0]!.peer.key).toEqual(next);
});

test("a second attempt waits for the first, and a node that nobody can dial invites nobody", async () => {
  const { alice, bob } = await world({ alice: ALICE, bob: {} });
  const { text } = await alice.local.invite();
  const first = bob.local.join(text);
  expect(await refusal(bob, text)).toBe("net.join-under-way");
  expect((await bob.during(first)).name).toBe("alice.local");
  await expect(bob.local.invite()).rejects.toThrow("listens on no port and has no router");
});

test("a removed node is a stranger", async () => {
  const { internet, alice, bob } = await world({ alice: ALICE, bob: BOB });
  await meet(alice, bob);
  await alice.local.remove("bob.local");
  await internet.clock.advance(100);
  bob.say("alice.local", "still there?");
  alice.say("bob.local", "gone");
  await internet.clock.advance(6_000);
  expect([alice.texts, bob.texts, alice.failed]).toEqual([[], [], ["offline"]]);
  const again = await alice.restart();
  running.push(again);
  expect(again.known).toEqual([]);
  await expect(again.local.remove("bob.local")).rejects.toThrow("No node bob.local is known");
});

test("a node behind a router invites, and a newcomer that nobody can dial comes through it", async () => {
  const { internet, router, alice, bob } = await world({ router: ROUTER, alice: {}, bob: {} });
  await meet(router, alice);
  await alice.local.addRouter("router.local");
  await internet.clock.advance(100);
  expect(router.local.peers()[0]?.isServed).toBe(true);
  const { text } = await alice.local.invite();
  expect(await refusal(bob, text)).toBe("joined");
  expect(router.known).toEqual(["alice.local", "bob.local"]);
  expect(bob.known).toEqual(["alice.local", "router.local"]);
  // Bob can be called as well once the router serves him.
  await bob.local.addRouter("router.local");
  await internet.clock.advance(5_000);
  running.push(await alice.restart());
  running.at(-1)!.say("bob.local", "through the router");
  await internet.clock.advance(2_000);
  expect(bob.texts).toEqual(["through the router"]);
});

test("a router takes a guest only on the word of a node that it serves, as often as it was given", async () => {
  const { internet, router, alice, bob, carol } = await world({
    router: ROUTER,
    alice: {},
    bob: {},
    carol: {},
  });
  await meet(router, alice);
  await alice.local.addRouter("router.local");
  await internet.clock.advance(100);
  const { text } = await alice.local.invite();
  expect(await refusal(bob, text)).toBe("joined");
  expect(await refusal(carol, text)).toBe("net.inviter-unreachable");
  expect(router.known).toEqual(["alice.local", "bob.local"]);
  // Alice is not served any more: her word counts no longer.
  const later = await alice.local.invite();
  await alice.local.removeRouter("router.local");
  await alice.net.stop!();
  await internet.clock.advance(100);
  expect(await refusal(carol, later.text)).toBe("net.inviter-unreachable");
  expect(router.known).not.toContain("carol.local");
});

test("only a known node that has an address can be a router", async () => {
  const { router, alice, bob } = await world({ router: ROUTER, alice: {}, bob: BOB });
  await meet(bob, alice);
  await expect(alice.local.addRouter("router.local")).rejects.toThrow("No node router.local");
  await expect(bob.local.addRouter("alice.local")).rejects.toThrow("behind routers itself");
  await expect(alice.local.removeRouter("bob.local")).rejects.toThrow("it is none now");
  expect(router.known).toEqual([]);
});

function seedOf(name: string): number {
  return [...name].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) & 255, 7);
}
