/**
 * Cost of the kernel's questions with 10 and with 10,000 capabilities held. Run: `bun src/caps.bench.ts`
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import { capabilityKey } from "./capability-key.ts";
import { createCapabilityTables } from "./capability-tables.ts";

const our = "alice.os";
const holderId = "a:test:sys" as ProcessId;
const target = "p3:test:sys" as ProcessId;
const params = '{"kind":"read","drive":"/test:sys/pkg"}';
// Signing costs the same for any table; leave it out of the comparison.
const signature = new Uint8Array(64);
const signer = { publicKey: new Uint8Array(32), sign: () => signature, verify: () => true };

function nanosecondsPerCall(work: () => unknown): number {
  const calls = 100_000;
  const rounds = Array.from({ length: 9 }, () => {
    const start = performance.now();
    for (let index = 0; index < calls; index++) work();
    return ((performance.now() - start) * 1e6) / calls;
  });
  return rounds.sort((a, b) => a - b)[4]!;
}

function measure(held: number): Record<string, number> {
  const tables = createCapabilityTables({ our, signer });
  for (let index = 0; index < held; index++) {
    const issuer = { node: our, process: `p${index}:test:sys` as ProcessId };
    tables.add(holderId, [{ issuer, params: index % 2 === 0 ? params : '"messaging"' }]);
  }
  const holder = tables.provide(holderId);
  const wanted = { issuer: { node: our, process: "p2:test:sys" as ProcessId }, params };
  return {
    mayMessage: nanosecondsPerCall(() => holder.mayMessage(target)),
    has: nanosecondsPerCall(() => holder.has(wanted)),
    filterOne: nanosecondsPerCall(() => tables.filter(holderId, [wanted])),
    filterNone: nanosecondsPerCall(() => tables.filter(holderId, [])),
    capabilityKey: nanosecondsPerCall(() => capabilityKey(wanted)),
  };
}

const [few, many] = [measure(10), measure(10_000)];
for (const [name, small] of Object.entries(few)) {
  const large = many[name] ?? Number.NaN;
  console.log(
    `${name.padEnd(14)} ${small.toFixed(0)} ns with 10 held, ${large.toFixed(0)} ns with 10,000`,
  );
}
