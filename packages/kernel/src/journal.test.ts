import { expect, test } from "bun:test";
import { createMemoryStore } from "@kinode-ts/store";
import { createVirtualClock } from "@kinode-ts/testing";
import type { ProcessId, Store, StoreChange } from "@kinode-ts/types";
import { Journal } from "./journal.ts";

const A = "a:test:sys" as ProcessId;
const state = (text: string): StoreChange => ({
  kind: "put-state",
  process: A,
  bytes: new TextEncoder().encode(text),
});
const record = (value: string): StoreChange => ({
  kind: "put-process",
  record: {
    id: A,
    wasmBytesHandle: value,
    witVersion: 1,
    onExit: { kind: "restart" },
    public: false,
  },
});

function create(commit?: Store["commit"]) {
  const clock = createVirtualClock();
  const batches: (readonly StoreChange[])[] = [];
  const errors: string[] = [];
  const store: Store = {
    ...createMemoryStore(),
    commit: (changes) => {
      batches.push(changes);
      return commit?.(changes) ?? Promise.resolve();
    },
  };
  return {
    clock,
    batches,
    errors,
    journal: new Journal(store, clock, (text) => errors.push(text)),
  };
}

test("changes of one turn share one commit, in order, and waiters settle after it", async () => {
  const { clock, batches, journal } = create();
  const settled: string[] = [];
  journal.append([record("1")]);
  void journal.commit([state("s")]).then(() => settled.push("first"));
  void journal.commit([record("2")]).then(() => settled.push("second"));
  await Promise.resolve();
  expect([batches.length, settled.length]).toEqual([0, 0]);
  await clock.settle();
  expect(batches).toEqual([[record("1"), state("s"), record("2")]]);
  expect(settled).toEqual(["first", "second"]);
});

test("what is appended during a commit goes with the next one", async () => {
  let finish: () => void = () => {};
  const { clock, batches, journal } = create(() => new Promise((resolve) => (finish = resolve)));
  void journal.commit([record("1")]);
  await clock.settle();
  let second = false;
  void journal.commit([record("2")]).then(() => (second = true));
  await clock.settle();
  expect([batches.length, second]).toEqual([1, false]);
  finish();
  await clock.settle();
  expect(batches).toHaveLength(2);
  finish();
  await clock.settle();
  expect(second).toBe(true);
});

test("a failed commit is told; rows of the kernel are tried again, a state is given up", async () => {
  let full = true;
  const { clock, batches, errors, journal } = create(() =>
    full ? Promise.reject(new Error("disk full")) : Promise.resolve(),
  );
  const outcome = journal.commit([record("1"), state("s")]).then(
    () => "written",
    (reason: Error) => reason.message,
  );
  await clock.settle();
  expect(await outcome).toBe("disk full");
  expect(errors).toEqual(["Cannot write the node's records: disk full"]);
  full = false;
  await clock.advance(1_000);
  expect(batches.at(-1)).toEqual([record("1")]);
});

test("a state that is not on disk yet is read back", async () => {
  const { clock, journal } = create(() => new Promise(() => {}));
  journal.append([state("one"), state("two")]);
  expect(journal.pendingState(A)?.value).toEqual(new TextEncoder().encode("two"));
  await clock.settle();
  expect(journal.pendingState(A)?.value).toEqual(new TextEncoder().encode("two"));
  journal.append([{ kind: "delete-state", process: A }]);
  expect(journal.pendingState(A)).toEqual({ value: undefined });
  expect(journal.pendingState("b:test:sys" as ProcessId)).toBeUndefined();
});
