import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Waiting, WaitingShares } from "./waiting-shares.ts";

const from = (address: string | undefined): Waiting => ({
  client: { peer: address === undefined ? null : { address, port: 1 } },
});

test("a network has so many places, whatever the others do; programs on this machine have all", () => {
  const addresses = ["1.1.1.1", "2.2.2.2", "2001:db8::1", "2001:db8::2", "127.0.0.1", undefined];
  const networks = ["a", "b", "c", "c", undefined, undefined];
  const steps = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.boolean()), { maxLength: 120 });
  fc.assert(
    fc.property(steps, (taken) => {
      const shares = new WaitingShares(3);
      const all = new Map<number, Waiting>();
      const networkById = new Map<number, string | undefined>();
      for (const [id, [at, leaves]] of taken.entries()) {
        const one = from(addresses[at]);
        const network = networks[at];
        const others = [...networkById.values()].filter((other) => other === network).length;
        const may = shares.mayWait(one.client!, all);
        expect(may).toBe(network === undefined || others < 3);
        if (may) {
          all.set(id, one);
          networkById.set(id, network);
          shares.added(one);
        }
        const [oldest] = all.keys();
        if (!leaves || oldest === undefined) continue;
        const gone = all.get(oldest)!;
        all.delete(oldest);
        networkById.delete(oldest);
        shares.removed(gone, all.size);
      }
    }),
    { numRuns: 500 },
  );
});
