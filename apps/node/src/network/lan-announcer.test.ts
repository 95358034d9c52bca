/** Datagrams between announcers on this machine. */
import { afterEach, expect, test } from "bun:test";
import { createSocket } from "node:dgram";
import { createNodeSigner } from "@kinode-ts/crypto";
import { type SignedRecord, signRecord } from "@kinode-ts/net";
import { createVirtualClock } from "@kinode-ts/testing";
import { HAS_MULTICAST, HAS_MULTICAST_6 } from "../../test/multicast.ts";
import { LanAnnouncer } from "./lan-announcer.ts";
import { LAN_GROUP, type LanFamily } from "./lan-groups.ts";

const DEADLINE_MS = 60_000;
const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function record(name: string, seed: number): SignedRecord {
  const content = { name, places: [], routers: [], sequence: 1, timeMs: 0, successions: [] };
  return signRecord(content, createNodeSigner(new Uint8Array(32).fill(seed)));
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, resolve));
  const { port } = socket.address();
  socket.close();
  return port;
}

function announcer(own: SignedRecord, port: number, families?: readonly LanFamily[]) {
  const clock = createVirtualClock();
  const said: string[] = [];
  const made = new LanAnnouncer({
    record: () => own,
    clock,
    port,
    ...(families === undefined ? {} : { families }),
    say: (text) => void said.push(text),
  });
  made.start();
  stops.push(() => made.stop());
  return { clock, said, names: () => made.nearby().map((each) => each.record.name) };
}

/** @param again - makes those speak again who may have spoken before somebody listened */
async function until(check: () => boolean, again?: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  for (let tries = 1; !check() && performance.now() < deadline; tries++) {
    await Bun.sleep(10);
    if (tries % 100 === 0) await again?.();
  }
  expect(check()).toBe(true);
}

/** The machine's own way, and IPv6 alone, where groups are heard. */
const WAYS: readonly (readonly LanFamily[])[] = [
  ...(HAS_MULTICAST ? [["ipv4", "ipv6"] as const] : []),
  ...(HAS_MULTICAST_6 ? [["ipv6"] as const] : []),
];

const CASES = (WAYS.length === 0 ? [["ipv4"] as const] : WAYS).map((each) => [each] as const);

test.skipIf(WAYS.length === 0).each(CASES)(
  "nodes near each other are seen by %p, until they are silent for a minute",
  async (families) => {
    const port = await freePort();
    const alice = announcer(record("alice.local", 1), port, families);
    const bob = announcer(record("bob.local", 2), port, families);
    const speak = (): Promise<unknown> =>
      Promise.all([alice, bob].map(({ clock }) => clock.advance(15_000)));
    await until(() => alice.names().length === 1, speak);
    // Alice may have spoken before Bob listened: she does so again.
    await alice.clock.advance(15_000);
    await until(() => bob.names().length === 1, speak);
    expect([alice.names(), bob.names()]).toEqual([["bob.local"], ["alice.local"]]);
    for (const stop of stops.splice(1)) stop();
    await alice.clock.advance(60_001);
    expect([alice.names(), alice.said]).toEqual([[], []]);
  },
);

test.skipIf(!HAS_MULTICAST)(
  "one that takes the name of another is seen beside it; nonsense is not seen",
  async () => {
    const port = await freePort();
    const alice = announcer(record("alice.local", 1), port);
    const bobs = [2, 3].map((seed) => announcer(record("bob.local", seed), port));
    const stranger = createSocket("udp4");
    const forged = record("carol.local", 4).bytes.slice();
    forged[40]! ^= 1;
    for (const bytes of [
      "",
      "hello",
      "kinode near 1\n",
      Buffer.concat([Buffer.from("kinode near 1\n"), forged]),
    ]) {
      stranger.send(bytes, port, LAN_GROUP);
    }
    await until(
      () => alice.names().length === 2,
      () => Promise.all(bobs.map(({ clock }) => clock.advance(15_000))),
    );
    expect(alice.names()).toEqual(["bob.local", "bob.local"]);
    stranger.close();
  },
);
