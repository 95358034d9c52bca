import { expect, test } from "bun:test";
import { createNodeSigner } from "@kinode-ts/crypto";
import type {
  Capability,
  HeldCapability,
  ProcessId,
  SignedCapability,
  StoreChange,
} from "@kinode-ts/types";
import { messagingCapability, networkCapability } from "@kinode-ts/types";
import fc from "fast-check";
import { capabilityKey, sameCapability } from "./capability-key.ts";
import { createCapabilityTables } from "./capability-tables.ts";
import { signCapability, verifyCapability } from "./signature.ts";

const our = "alice.os";
const signer = createNodeSigner(new Uint8Array(32).map((_, index) => index));
const bobSigner = createNodeSigner(new Uint8Array(32).fill(2));
const A = "a:test:sys" as ProcessId;
const B = "b:test:sys" as ProcessId;
const C = "c:test:sys" as ProcessId;

const create = () => createCapabilityTables({ our, signer });
const issuedBy = (process: ProcessId, params: string, node = our): Capability => ({
  issuer: { node, process },
  params,
});
const plain = (capabilities: readonly Capability[]) =>
  capabilities.map(({ issuer, params }) => ({ issuer, params }));
const keysOf = (changes: readonly StoreChange[]) => changes.map((change) => change.kind);

test("[K55] the signature vectors of the specification reproduce", () => {
  const vectors = [
    [
      "chess:chess:sys",
      '"messaging"',
      "ab0c556db0e6583abe0264e94b43744205ef77274c498e34eec5c964b5f855230c509ae22b98f16ea2ab2937d984c30d94e668211732ae7fefbd1f5823fe1a08",
    ],
    [
      "kernel:distro:sys",
      '"network"',
      "314a7a287ccb6423d0ae9c0d6a1e2a83b564dcd00c5111ab0e7e666aa24e085703edb75b2e10283455a88156ca64514fc4b0fa8f425a877586b4920a22884f0e",
    ],
    [
      "vfs:distro:sys",
      '{"drive":"/chess:sys/pkg","kind":"read"}',
      "9614c8151448719aea7200f018d6e329bd215660006bcafcb94e4dbd41ad072e40064fd1711b93472a6cfb2bd62028e1f062ef633cbc57b2c987ea70b6c99b06",
    ],
  ] as const;
  expect(Buffer.from(signer.publicKey).toString("hex")).toBe(
    "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
  );
  for (const [process, params, hex] of vectors) {
    const signed = signCapability(signer, issuedBy(process as ProcessId, params));
    expect(Buffer.from(signed.signature).toString("hex")).toBe(hex);
    expect(verifyCapability(signer, signed)).toBe(true);
    expect(verifyCapability(signer, { ...signed, params: `${params} ` })).toBe(false);
    expect(verifyCapability(bobSigner, signed)).toBe(false);
    expect(verifyCapability(signer, { ...signed, signature: new Uint8Array(0) })).toBe(false);
  }
});

test("[K56] capabilities are equal when their params are the same JSON value", () => {
  const same = (a: string, b: string) => sameCapability(issuedBy(A, a), issuedBy(A, b));
  expect(same('{"a":1,"b":2}', '{ "b":2,"a":1 }')).toBe(true);
  expect(same("1", "1.0")).toBe(false);
  expect(same("messaging", "null")).toBe(true);
  expect(same("", "{broken")).toBe(true);
  expect(same('"messaging"', "messaging")).toBe(false);
  expect(sameCapability(issuedBy(A, "1"), issuedBy(B, "1"))).toBe(false);
  expect(sameCapability(issuedBy(A, "1"), issuedBy(A, "1", "bob.os"))).toBe(false);
});

test("[K56] a table finds a capability under any text of its value", () => {
  const tables = create();
  tables.add(A, [issuedBy(B, '{"a":1,"b":2}'), issuedBy(B, "1"), issuedBy(B, "messaging")]);
  const holder = tables.provide(A);
  expect(holder.has(issuedBy(B, '{ "b":2,"a":1 }'))).toBe(true);
  expect(holder.has(issuedBy(B, "1.0"))).toBe(false);
  expect(holder.has(issuedBy(B, "null"))).toBe(true);
  expect(holder.size).toBe(3);
});

test("params too long to be read as JSON equal themselves only, and are compared quickly", () => {
  const long = `[${"1, ".repeat(400_000)}1]`;
  const start = performance.now();
  expect(sameCapability(issuedBy(A, long), issuedBy(A, `${long}`))).toBe(true);
  expect(sameCapability(issuedBy(A, long), issuedBy(A, `${long} `))).toBe(false);
  expect(sameCapability(issuedBy(A, `${long}]`), issuedBy(A, "null"))).toBe(false);
  expect(performance.now() - start).toBeLessThan(1_000);
});

test("filter keeps what the process issues or holds and drops the rest silently", () => {
  const tables = create();
  tables.add(A, [issuedBy(B, "1")]);
  const kept = tables.filter(A, [
    issuedBy(A, '"own"'),
    issuedBy(B, "1"),
    issuedBy(B, "2"),
    issuedBy(C, "1"),
  ]);
  expect(plain(kept)).toEqual([issuedBy(A, '"own"'), issuedBy(B, "1")]);
  expect(kept.every((capability) => verifyCapability(signer, capability))).toBe(true);
  expect(tables.filter(C, [issuedBy(B, "1")])).toEqual([]);
});

test("filter sends the requested text with a signature that covers it (W31)", () => {
  const tables = create();
  tables.add(A, [issuedBy(B, '{"a":1}')]);
  const [sent] = tables.filter(A, [issuedBy(B, '{ "a": 1 }')]);
  expect(sent?.params).toBe('{ "a": 1 }');
  expect(verifyCapability(signer, sent!)).toBe(true);
});

test("a capability of another node keeps its issuer's signature through saving and attaching (W13)", () => {
  const tables = create();
  const foreign = signCapability(bobSigner, issuedBy(B, '{"x":1}', "bob.os"));
  tables.add(A, [foreign]);
  const [sent] = tables.filter(A, [issuedBy(B, '{"x":1}', "bob.os")]);
  expect(verifyCapability(bobSigner, sent!)).toBe(true);
  const [other] = tables.filter(A, [issuedBy(B, '{ "x": 1 }', "bob.os")]);
  expect(verifyCapability(bobSigner, other!)).toBe(true);
});

test("adding an equal capability replaces text and signature, in the rows too (W31)", () => {
  const tables = create();
  const [first] = tables.add(A, [issuedBy(B, '{"a":1}')]);
  const [second] = tables.add(A, [issuedBy(B, '{ "a":1 }')]);
  if (first?.kind !== "put-capability" || second?.kind !== "put-capability")
    throw new Error("kinds");
  expect(second.capability.key).toBe(first.capability.key);
  expect(second.capability.params).toBe('{ "a":1 }');
  const [held] = tables.provide(A).list();
  expect(held?.params).toBe('{ "a":1 }');
  expect(verifyCapability(signer, held!)).toBe(true);
  expect(tables.add(A, [issuedBy(B, '{ "a":1 }')])).toEqual([]);
});

test("of a remote message, capabilities of ours need our signature; others pass", () => {
  const tables = create();
  const good = signCapability(signer, issuedBy(A, "1"));
  const forged = { ...signCapability(bobSigner, issuedBy(A, "2")) };
  const altered = { ...good, params: "3" };
  const unsigned = { ...issuedBy(A, "4"), signature: new Uint8Array(0) };
  const theirs = { ...issuedBy(B, "5", "bob.os"), signature: new Uint8Array(0) };
  const third = { ...issuedBy(B, "6", "carol.os"), signature: new Uint8Array(64) };
  const all = [good, forged, altered, unsigned, theirs, third];
  expect(tables.prune(all, "bob.os")).toEqual([good, theirs, third]);
  expect(tables.prune(all, our)).toBe(all);
});

test("mayMessage and mayNetwork follow what is added, dropped and revoked", () => {
  const tables = create();
  const holder = tables.provide(A);
  expect(tables.find(B)).toBeUndefined();
  expect([holder.mayMessage(B), holder.mayNetwork()]).toEqual([false, false]);
  tables.add(A, [messagingCapability(our, B), networkCapability(our)]);
  expect([holder.mayMessage(B), holder.mayNetwork()]).toEqual([true, true]);
  tables.drop(A, [{ ...networkCapability(our), params: ' "network" ' }]);
  expect(holder.mayNetwork()).toBe(false);
  tables.revokeIssuedBy(B);
  expect(holder.mayMessage(B)).toBe(false);
  tables.add(A, [issuedBy(B, '"m\\u0065ssaging"')]);
  expect(holder.mayMessage(B)).toBe(true);
});

test("messaging and network capabilities of other nodes open nothing here", () => {
  const tables = create();
  tables.add(A, [
    messagingCapability("bob.os", B),
    networkCapability("bob.os"),
    issuedBy(B, '"network"'),
  ]);
  const holder = tables.provide(A);
  expect([holder.mayMessage(B), holder.mayNetwork()]).toEqual([false, false]);
});

test("revoking takes the issuer's capabilities from everybody, also those loaded from the store (W15)", () => {
  const before = create();
  const rows: HeldCapability[] = [
    ...before.add(A, [messagingCapability(our, B), messagingCapability(our, C)]),
    ...before.add(C, [issuedBy(B, "1"), issuedBy(B, "2", "bob.os")]),
  ].flatMap((change) => (change.kind === "put-capability" ? [change.capability] : []));
  const tables = create();
  tables.load(rows);
  const changes = tables.revokeIssuedBy(B);
  expect(keysOf(changes)).toEqual(["delete-capability", "delete-capability"]);
  expect(
    tables
      .find(A)
      ?.list()
      .map((held) => held.issuer.process),
  ).toEqual([C]);
  expect(
    tables
      .find(C)
      ?.list()
      .map((held) => held.issuer.node),
  ).toEqual(["bob.os"]);
  expect(tables.revokeIssuedBy(B)).toEqual([]);
});

test("remove forgets the table, and a later table of the same id starts empty", () => {
  const tables = create();
  tables.add(A, [issuedBy(B, "1")]);
  expect(keysOf(tables.remove(A))).toEqual(["delete-capability"]);
  expect(tables.find(A)).toBeUndefined();
  expect(tables.revokeIssuedBy(B)).toEqual([]);
  expect(tables.provide(A).size).toBe(0);
  expect(tables.remove(C)).toEqual([]);
});

test("dropping what is not held changes nothing", () => {
  const tables = create();
  expect(tables.drop(A, [issuedBy(B, "1")])).toEqual([]);
  tables.add(A, [issuedBy(B, "1")]);
  expect(tables.drop(A, [issuedBy(B, "2")])).toEqual([]);
  expect(tables.drop(A, [issuedBy(B, " 1 ")])).toEqual([
    { kind: "delete-capability", holder: A, key: capabilityKey(issuedBy(B, "1")) },
  ]);
});

test("after a change of key, resigning makes our stored capabilities verify and leaves foreign ones alone", () => {
  const old = createCapabilityTables({ our, signer: bobSigner });
  const foreign = signCapability(signer, issuedBy(C, "1", "carol.os"));
  const rows = old
    .add(A, [issuedBy(B, "1"), foreign])
    .flatMap((change) => (change.kind === "put-capability" ? [change.capability] : []));
  const tables = create();
  tables.load(rows);
  const changes = tables.resign();
  expect(changes).toHaveLength(1);
  const [own, other] = tables.find(A)!.list();
  expect(verifyCapability(signer, own!)).toBe(true);
  expect(other).toEqual(foreign);
  expect(tables.resign()).toEqual([]);
});

test("the rows that come out of random use are what the tables hold", () => {
  const ids = [A, B, C];
  const anyId = fc.constantFrom(...ids);
  const anyCapability = fc
    .record({
      process: anyId,
      params: fc.constantFrom("1", "1.0", " 1", '"messaging"', "x", "null"),
      node: fc.constantFrom(our, "bob.os"),
    })
    .map(({ process, params, node }) => issuedBy(process, params, node));
  const anyStep = fc.record({
    verb: fc.constantFrom("add", "drop", "remove", "revoke"),
    id: anyId,
    capabilities: fc.array(anyCapability, { maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
      const tables = create();
      const rows = new Map<string, SignedCapability>();
      for (const { verb, id, capabilities } of steps) {
        for (const change of run(tables, verb, id, capabilities)) {
          if (change.kind === "put-capability")
            rows.set(`${change.capability.holder} ${change.capability.key}`, change.capability);
          if (change.kind === "delete-capability") rows.delete(`${change.holder} ${change.key}`);
        }
      }
      const held = ids.flatMap((id) =>
        (tables.find(id)?.list() ?? []).map((capability) => [
          `${id} ${capabilityKey(capability)}`,
          capability.params,
        ]),
      );
      expect(new Map([...rows].map(([key, row]) => [key, row.params]))).toEqual(
        new Map(held as [string, string][]),
      );
      for (const id of ids) {
        for (const target of ids) {
          expect(tables.find(id)?.mayMessage(target) ?? false).toBe(
            tables.find(id)?.has(messagingCapability(our, target)) ?? false,
          );
        }
      }
    }),
    { seed: 4, numRuns: 200 },
  );
});

function run(
  tables: ReturnType<typeof create>,
  verb: string,
  id: ProcessId,
  capabilities: readonly Capability[],
): StoreChange[] {
  if (verb === "add") return tables.add(id, capabilities);
  if (verb === "drop") return tables.drop(id, capabilities);
  return verb === "remove" ? tables.remove(id) : tables.revokeIssuedBy(id);
}

test("checking and filtering cost the same with 10 and with 10,000 capabilities held", () => {
  const few = measure(10);
  const many = measure(10_000);
  // A linear search would be a thousand times slower; the bound leaves room for noise and cache misses.
  expect(many / few).toBeLessThan(10);
});

function measure(count: number): number {
  const fake = {
    publicKey: new Uint8Array(32),
    sign: () => new Uint8Array(64),
    verify: () => true,
  };
  const tables = createCapabilityTables({ our, signer: fake });
  tables.add(
    A,
    Array.from({ length: count }, (_, index) =>
      issuedBy(`p${index}:test:sys` as ProcessId, '{"drive":"/x"}'),
    ),
  );
  const holder = tables.provide(A);
  const wanted = issuedBy(`p${count - 1}:test:sys` as ProcessId, '{"drive":"/x"}');
  const rounds = Array.from({ length: 7 }, () => {
    const start = performance.now();
    for (let index = 0; index < 5_000; index++) {
      holder.has(wanted);
      holder.mayMessage(B);
      tables.filter(A, [wanted]);
    }
    return performance.now() - start;
  });
  return Math.min(...rounds);
}
