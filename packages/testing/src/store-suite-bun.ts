/**
 * The compliance suite of the `Store` contract: an implementation is done when it passes.
 * Runs under `bun test` only.
 * @module
 */
import { describe, expect, test } from "bun:test";
import type {
  HeldCapability,
  ProcessId,
  ProcessRecord,
  Store,
  StoreChange,
} from "@kinode-ts/types";
import fc from "fast-check";

export interface StoreSuiteOptions {
  /** A new empty store. */
  readonly create: () => Promise<Store>;
  /** Closes the store and opens it again on the same place; leave out for stores that keep nothing. */
  readonly reopen?: (store: Store) => Promise<Store>;
}

const A = "a:test:sys" as ProcessId;
const B = "b:test:sys" as ProcessId;

function processRecord(id: ProcessId, changes: Partial<ProcessRecord> = {}): ProcessRecord {
  return {
    id,
    wasmBytesHandle: "/test:sys/pkg/a.wasm",
    witVersion: 1,
    onExit: { kind: "none" },
    public: false,
    ...changes,
  };
}

function held(holder: ProcessId, params: string, byte = 7, key = params): HeldCapability {
  const issuer = { node: "alice.os", process: B };
  return { holder, key, issuer, params, signature: new Uint8Array(64).fill(byte) };
}

const put = (key: string, capability: HeldCapability): StoreChange => ({
  kind: "put-capability",
  capability: { ...capability, key },
});

const EVERY_ON_EXIT: readonly ProcessRecord["onExit"][] = [
  { kind: "none" },
  { kind: "restart" },
  {
    kind: "requests",
    requests: [
      {
        target: { node: "our", process: A },
        request: {
          kind: "request",
          inherit: true,
          expectsResponse: 0xffff_ffff_ffff_ffffn,
          body: Uint8Array.of(0, 128, 255),
          metadata: "ü",
          capabilities: [{ issuer: { node: "alice.os", process: B }, params: '"messaging"' }],
        },
        blob: { mime: undefined, bytes: new Uint8Array(0) },
      },
      {
        target: { node: "bob.os", process: B },
        request: {
          kind: "request",
          inherit: false,
          expectsResponse: 30,
          body: new Uint8Array(0),
          metadata: undefined,
          capabilities: [],
        },
        blob: undefined,
      },
    ],
  },
];

/** Registers the suite under `name`. */
export function storeSuite(name: string, options: StoreSuiteOptions): void {
  async function withStore(use: (store: Store) => Promise<Store | void>): Promise<void> {
    const store = await options.create();
    const last = (await use(store)) ?? store;
    await last[Symbol.asyncDispose]();
  }
  const reopen = options.reopen ?? (async (store: Store) => store);

  describe(`store contract: ${name}`, () => {
    test("a new store is empty", async () => {
      await withStore(async (store) => {
        expect(await store.processes()).toEqual([]);
        expect(await store.capabilities()).toEqual([]);
        expect(await store.stateIds()).toEqual([]);
        expect(await store.records("settings")).toEqual([]);
        expect(await store.state(A)).toBeUndefined();
        expect(await store.record("settings", "theme")).toBeUndefined();
      });
    });

    test("process records come back as they were put, with every kind of on-exit", async () => {
      await withStore(async (store) => {
        for (const onExit of EVERY_ON_EXIT) {
          const records = [
            processRecord(A, { onExit, public: true, witVersion: undefined }),
            processRecord(B, { onExit, wasmBytesHandle: "", witVersion: 0 }),
          ];
          await store.commit(records.map((record) => ({ kind: "put-process", record })));
          store = await reopen(store);
          const found = [...(await store.processes())].sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(found).toEqual(records);
        }
        return store;
      });
    });

    test("deleting a process removes its capabilities and keeps its state", async () => {
      await withStore(async (store) => {
        await store.commit([
          { kind: "put-process", record: processRecord(A) },
          put("k", held(A, "1")),
          put("k", held(B, "1")),
          { kind: "put-state", process: A, bytes: Uint8Array.of(1) },
        ]);
        await store.commit([{ kind: "delete-process", id: A }]);
        store = await reopen(store);
        expect(await store.processes()).toEqual([]);
        expect(await store.capabilities()).toEqual([held(B, "1", 7, "k")]);
        expect(await store.state(A)).toEqual(Uint8Array.of(1));
        return store;
      });
    });

    test("a capability replaces the one with the same holder and key, text and signature", async () => {
      await withStore(async (store) => {
        await store.commit([put("k", held(A, '{"a": 1}')), put("other", held(A, "2"))]);
        await store.commit([put("k", held(A, '{"a":1}', 9))]);
        await store.commit([{ kind: "delete-capability", holder: A, key: "other" }]);
        await store.commit([{ kind: "delete-capability", holder: B, key: "k" }]);
        store = await reopen(store);
        expect(await store.capabilities()).toEqual([held(A, '{"a":1}', 9, "k")]);
        return store;
      });
    });

    test("state is one byte string per process, zero bytes included", async () => {
      await withStore(async (store) => {
        const large = new Uint8Array(1_000_000).map((_, index) => index);
        await store.commit([
          { kind: "put-state", process: A, bytes: new Uint8Array(0) },
          { kind: "put-state", process: B, bytes: Uint8Array.of(1, 2, 3) },
        ]);
        await store.commit([{ kind: "put-state", process: B, bytes: large }]);
        store = await reopen(store);
        expect(await store.state(A)).toEqual(new Uint8Array(0));
        expect(await store.state(B)).toEqual(large);
        expect([...(await store.stateIds())].sort()).toEqual([A, B]);
        await store.commit([{ kind: "delete-state", process: A }]);
        expect(await store.state(A)).toBeUndefined();
        expect(await store.stateIds()).toEqual([B]);
        return store;
      });
    });

    test("what is read belongs to the reader", async () => {
      await withStore(async (store) => {
        await store.commit([{ kind: "put-state", process: A, bytes: Uint8Array.of(1, 2) }]);
        (await store.state(A))?.fill(9);
        expect(await store.state(A)).toEqual(Uint8Array.of(1, 2));
      });
    });

    test("records are kept per space and ordered by key bytes", async () => {
      await withStore(async (store) => {
        const keys = ["b", "a", "é", "Z", "\u{1f600}", "\uffee", ""];
        await store.commit(
          keys.map((key) => ({ kind: "put-record", space: "s", key, value: `"${key}"` })),
        );
        await store.commit([
          { kind: "put-record", space: "t", key: "a", value: "1" },
          { kind: "put-record", space: "s", key: "a", value: "2" },
          { kind: "delete-record", space: "s", key: "b" },
        ]);
        store = await reopen(store);
        const rows = await store.records("s");
        expect(rows.map((row) => row.key)).toEqual(["", "Z", "a", "é", "\uffee", "\u{1f600}"]);
        expect(await store.record("s", "a")).toBe("2");
        expect(await store.record("t", "a")).toBe("1");
        expect(await store.record("s", "b")).toBeUndefined();
        return store;
      });
    });

    test("the changes of a batch are applied in order", async () => {
      await withStore(async (store) => {
        await store.commit([
          { kind: "put-record", space: "s", key: "k", value: "1" },
          { kind: "delete-record", space: "s", key: "k" },
          { kind: "put-process", record: processRecord(A) },
          put("k", held(A, "1")),
          { kind: "delete-process", id: A },
          put("k", held(A, "2")),
        ]);
        expect(await store.record("s", "k")).toBeUndefined();
        expect(await store.processes()).toEqual([]);
        expect(await store.capabilities()).toEqual([held(A, "2", 7, "k")]);
      });
    });

    test("commits that overlap are applied in the order they were asked for", async () => {
      await withStore(async (store) => {
        const commits = Array.from({ length: 20 }, (_, index) =>
          store.commit([{ kind: "put-record", space: "s", key: "k", value: `${index}` }]),
        );
        await Promise.all(commits);
        expect(await store.record("s", "k")).toBe("19");
      });
    });

    test("a batch with a change that cannot be applied leaves everything as it was", async () => {
      await withStore(async (store) => {
        await store.commit([{ kind: "put-record", space: "s", key: "k", value: "1" }]);
        const impossible = { kind: "put-nothing" } as unknown as StoreChange;
        const batch: StoreChange[] = [
          { kind: "put-record", space: "s", key: "k", value: "2" },
          { kind: "put-state", process: A, bytes: Uint8Array.of(1) },
        ];
        const failure = await store.commit([...batch, impossible]).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).toMatchObject({ code: "store.bad-change" });
        store = await reopen(store);
        expect(await store.record("s", "k")).toBe("1");
        expect(await store.stateIds()).toEqual([]);
        await store.commit(batch);
        expect(await store.record("s", "k")).toBe("2");
        return store;
      });
    });

    test("an empty batch is fine", async () => {
      await withStore(async (store) => {
        await store.commit([]);
      });
    });

    test("a closed store refuses everything with a clear error, and closing twice is fine", async () => {
      const store = await options.create();
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      const codes = await Promise.all(
        [store.commit([]), store.processes(), store.state(A), store.record("s", "k")].map((call) =>
          call.then(
            () => "no error",
            (error: { code?: string }) => error.code,
          ),
        ),
      );
      expect(codes).toEqual(Array(4).fill("store.closed"));
    });

    test("random batches end as in a plain model, also after reopening", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(anyChange, { maxLength: 8 }), { maxLength: 8 }),
          async (batches) => {
            await withStore(async (store) => {
              const model = new Model();
              for (const batch of batches) {
                model.apply(batch);
                await store.commit(batch);
              }
              store = await reopen(store);
              expect(await snapshot(store)).toEqual(model.snapshot());
              return store;
            });
          },
        ),
        { numRuns: 40, seed: 20_250_131 },
      );
    });
  });
}

const anyId = fc.constantFrom(A, B, "c:test:sys" as ProcessId);
const anyKey = fc.constantFrom("k", "l", "ü");

const anyChange: fc.Arbitrary<StoreChange> = fc.oneof(
  fc.record({
    kind: fc.constant("put-process" as const),
    record: fc
      .record({ id: anyId, isPublic: fc.boolean(), onExit: fc.constantFrom(...EVERY_ON_EXIT) })
      .map(({ id, isPublic, onExit }) => processRecord(id, { public: isPublic, onExit })),
  }),
  fc.record({ kind: fc.constant("delete-process" as const), id: anyId }),
  fc
    .record({ key: anyKey, holder: anyId, params: fc.json({ maxDepth: 1 }), byte: fc.nat(255) })
    .map(({ key, holder, params, byte }) => put(key, held(holder, params, byte))),
  fc.record({ kind: fc.constant("delete-capability" as const), holder: anyId, key: anyKey }),
  fc.record({
    kind: fc.constant("put-state" as const),
    process: anyId,
    bytes: fc.uint8Array({ maxLength: 64 }),
  }),
  fc.record({ kind: fc.constant("delete-state" as const), process: anyId }),
  fc.record({
    kind: fc.constant("put-record" as const),
    space: anyKey,
    key: anyKey,
    value: fc.json({ maxDepth: 1 }),
  }),
  fc.record({ kind: fc.constant("delete-record" as const), space: anyKey, key: anyKey }),
);

type Snapshot = Record<"processes" | "capabilities" | "states" | "records", unknown[]>;

/** What a store should hold, kept in the plainest way: entries by "table/key". */
class Model {
  readonly #rows = new Map<string, unknown>();

  apply(batch: readonly StoreChange[]): void {
    for (const change of batch) this.#applyOne(change);
  }

  #applyOne(change: StoreChange): void {
    const rows = this.#rows;
    switch (change.kind) {
      case "put-process":
        return void rows.set(`processes/${change.record.id}`, change.record);
      case "delete-process":
        rows.delete(`processes/${change.id}`);
        for (const key of [...rows.keys()]) {
          if (key.startsWith(`capabilities/${change.id}/`)) rows.delete(key);
        }
        return;
      case "put-capability":
        return void rows.set(
          `capabilities/${change.capability.holder}/${change.capability.key}`,
          change.capability,
        );
      case "delete-capability":
        return void rows.delete(`capabilities/${change.holder}/${change.key}`);
      case "put-state":
        return void rows.set(`states/${change.process}`, [change.process, [...change.bytes]]);
      case "delete-state":
        return void rows.delete(`states/${change.process}`);
      case "put-record":
        return void rows.set(`records/${change.space}/${change.key}`, [
          change.space,
          change.key,
          change.value,
        ]);
      case "delete-record":
        return void rows.delete(`records/${change.space}/${change.key}`);
    }
  }

  snapshot(): Snapshot {
    const table = (name: string) =>
      byJson([...this.#rows].filter(([key]) => key.startsWith(`${name}/`)).map(([, row]) => row));
    return {
      processes: table("processes"),
      capabilities: table("capabilities"),
      states: table("states"),
      records: table("records"),
    };
  }
}

const jsonOf = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? `${item}n` : item));
const byJson = (items: readonly unknown[]): unknown[] =>
  [...items].sort((a, b) => (jsonOf(a) < jsonOf(b) ? -1 : 1));

async function snapshot(store: Store): Promise<Snapshot> {
  const states: unknown[] = [];
  for (const id of await store.stateIds()) states.push([id, [...((await store.state(id)) ?? [])]]);
  const records: unknown[] = [];
  for (const space of ["k", "l", "ü"]) {
    for (const row of await store.records(space)) records.push([space, row.key, row.value]);
  }
  return {
    processes: byJson(await store.processes()),
    capabilities: byJson(await store.capabilities()),
    states: byJson(states),
    records: byJson(records),
  };
}
