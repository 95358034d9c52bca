/** Source: spec/network-identity.md §3.6, §6 W14. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  childHash,
  type Hex,
  labelHash,
  nameHash,
  type PlacedEvent,
  type RegistryEvent,
  ROOT_HASH,
  toHex,
} from "@kinode-ts/kimap";
import { Ledger } from "./ledger.ts";

const IP = Uint8Array.of(127, 0, 0, 1);
const OTHER_IP = Uint8Array.of(10, 0, 0, 2);
const hashOf = (fork: number, block: number): Hex =>
  toHex(new Uint8Array(32).fill(fork * 16 + (block % 16)));

function place(event: RegistryEvent, block: number, index: number, fork = 0): PlacedEvent {
  return { event, block, index, blockHash: hashOf(fork, block), removed: false };
}

function mint(name: string): RegistryEvent {
  const [label = "", ...parents] = name.split(".");
  return { kind: "mint", parent: nameHash(parents.join(".")), hash: nameHash(name), label };
}

function note(name: string, label: string, data: Uint8Array): RegistryEvent {
  const parent = nameHash(name);
  return { kind: "note", parent, hash: childHash(parent, labelHash(label)), label, data };
}

const ip = (ledger: Ledger, name: string) => ledger.entry(nameHash(name))?.record.ip;

test("[N75] a note read before the mint of its name is applied once the mint is seen", () => {
  const ledger = new Ledger(0);
  ledger.add(place(note("alice.os", "~ip", IP), 5, 2));
  expect(ledger.nameOf(nameHash("alice.os"))).toBeUndefined();
  ledger.takeChanged();
  ledger.add(place(mint("alice.os"), 5, 1));
  // The zone itself is not known yet.
  expect(ledger.nameOf(nameHash("alice.os"))).toBeUndefined();
  ledger.takeChanged();
  ledger.add(place(mint("os"), 1, 0));
  expect(ledger.takeChanged()).toContain(nameHash("alice.os"));
  expect(ledger.nameOf(nameHash("alice.os"))).toBe("alice.os");
  expect(ip(ledger, "alice.os")).toBe("127.0.0.1");
});

test("a mint below an unknown parent is no name at the top", () => {
  const ledger = new Ledger(0);
  ledger.add(place(mint("alice.unknown"), 1, 0));
  expect(ledger.nameOf(nameHash("alice.unknown"))).toBeUndefined();
});

test("[N77] an event that is removed is as if it had never been", () => {
  const ledger = new Ledger(0);
  const first = place(note("alice.os", "~ip", IP), 3, 0);
  const second = place(note("alice.os", "~ip", OTHER_IP), 4, 0);
  for (const event of [place(mint("os"), 1, 0), place(mint("alice.os"), 2, 0), first, second]) {
    ledger.add(event);
  }
  expect(ip(ledger, "alice.os")).toBe("10.0.0.2");
  ledger.add({ ...second, removed: true });
  expect(ip(ledger, "alice.os")).toBe("127.0.0.1");
  // The same once more, and one that was never there.
  ledger.add({ ...second, removed: true });
  ledger.add({ ...place(note("alice.os", "~ip", IP), 3, 9), removed: true });
  expect(ip(ledger, "alice.os")).toBe("127.0.0.1");
  ledger.add({ ...first, removed: true });
  expect(ip(ledger, "alice.os")).toBeUndefined();
  ledger.takeChanged();
  ledger.add({ ...place(mint("alice.os"), 2, 0), removed: true });
  expect(ledger.entry(nameHash("alice.os"))).toBeUndefined();
  expect(ledger.nameOf(nameHash("alice.os"))).toBeUndefined();
  expect(ledger.takeChanged()).toContain(nameHash("alice.os"));
});

test("the removal of a zone takes the names below it along", () => {
  const ledger = new Ledger(0);
  for (const event of [place(mint("zone"), 1, 0), place(mint("a.zone"), 2, 0)]) ledger.add(event);
  expect(ledger.nameOf(nameHash("a.zone"))).toBe("a.zone");
  ledger.takeChanged();
  ledger.undo(place(mint("zone"), 1, 0));
  expect(ledger.nameOf(nameHash("a.zone"))).toBeUndefined();
  expect(ledger.takeChanged()).toContain(nameHash("a.zone"));
  ledger.add(place(mint("zone"), 1, 0, 1));
  expect(ledger.nameOf(nameHash("a.zone"))).toBe("a.zone");
});

test("what was read from the registry is not overwritten by older notes", () => {
  const ledger = new Ledger(0);
  ledger.put(
    "alice.os",
    { publicKey: "", ip: "10.0.0.2", wsPort: 1, tcpPort: undefined, routers: [] },
    50,
  );
  expect(ledger.nameOf(nameHash("alice.os"))).toBe("alice.os");
  ledger.add(place(mint("alice.os"), 10, 0));
  ledger.add(place(note("alice.os", "~ip", IP), 11, 0));
  expect(ip(ledger, "alice.os")).toBe("10.0.0.2");
  ledger.add(place(note("alice.os", "~ip", IP), 51, 0));
  expect(ip(ledger, "alice.os")).toBe("127.0.0.1");
});

const NAMES = ["os", "a.os", "b.os", "c.a.os"] as const;
const event = fc.oneof(
  fc.constantFrom(...NAMES).map(mint),
  fc
    .tuple(
      fc.constantFrom(...NAMES),
      fc.constantFrom("~ip", "~routers", "~net-key"),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
    )
    .map(([name, label, data]) => note(name, label, data)),
);
/** At most one per place. */
const chain = fc
  .array(fc.tuple(event, fc.integer({ min: 1, max: 12 })), { maxLength: 30 })
  .map((list) => list.map(([each, block], index) => place(each, block, index)));

const picture = (ledger: Ledger) =>
  NAMES.map((name) => [ledger.nameOf(nameHash(name)), ledger.entry(nameHash(name))?.record]);

test("the order in which events come, settling, and forks that are taken back make no difference", () => {
  fc.assert(
    fc.property(chain, chain, fc.infiniteStream(fc.nat(1_000)), (kept, dropped, stream) => {
      const next = (): number => stream.next().value as number;
      const straight = new Ledger(0);
      for (const each of kept.toSorted((a, b) => a.block - b.block || a.index - b.index)) {
        straight.add(each);
      }
      const fork = dropped.map((each) => ({ ...each, blockHash: hashOf(1, each.block) }));
      const steps = [
        ...kept.map((each) => ({ each, at: next() })),
        ...fork.flatMap((each) => {
          const at = next();
          return [
            { each, at },
            { each: { ...each, removed: true }, at: at + 1 + next() },
          ];
        }),
      ].toSorted((a, b) => a.at - b.at);
      const shuffled = new Ledger(0);
      for (const { each } of steps) {
        shuffled.add(each);
        if (next() % 5 === 0) void picture(shuffled);
      }
      shuffled.settle(next() % 12);
      expect(picture(shuffled)).toEqual(picture(straight));
      const kept2 = new Ledger(shuffled.settledBlock, shuffled.settledEntries());
      for (const each of kept) kept2.add(each);
      expect(picture(kept2)).toEqual(picture(straight));
    }),
    { numRuns: 300 },
  );
});

test("a name has no parent but the root above it", () => {
  const ledger = new Ledger(0);
  ledger.add(place(mint("os"), 1, 0));
  expect(ledger.entry(nameHash("os"))?.parent).toBe(ROOT_HASH);
});

test("a flood of logs finds no more room than there is, and what is settled makes room", () => {
  const ledger = new Ledger(0);
  ledger.add(place(mint("os"), 1, 0));
  let taken = 0;
  for (let i = 0; i < 3_000; i++) {
    // Backwards, which is the worst.
    if (ledger.add(place(note("os", "~ip", IP), 5_000 - i, i))) taken++;
  }
  expect(taken).toBe(1_999);
  ledger.settle(4_000);
  expect(ledger.add(place(note("os", "~ip", OTHER_IP), 6_000, 0))).toBe(true);
  expect(ip(ledger, "os")).toBe("10.0.0.2");
});
