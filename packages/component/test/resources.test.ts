import { expect, setDefaultTimeout, test } from "bun:test";
import { compileComponent, systemPowers } from "../src/index.ts";
import type { ImportsObject } from "../src/index.ts";
import { parseText } from "./build-component.ts";
import { thingUser, ticketUser } from "./composed-text.ts";

setDefaultTimeout(120_000);

const compile = async (text: string) => compileComponent(await parseText(text), systemPowers);

/** Runs `run(5)` of a component that uses tickets of another. */
async function useTickets(body: string) {
  const dropped: number[] = [];
  const component = await compile(ticketUser(body));
  const instance = await component.instantiate({
    log: (number: number) => void dropped.push(number),
  });
  const answer = await instance.exports["run"]!(5).catch((error: Error) => error.message);
  return { answer, dropped, instance };
}

const MAKE = "(local.set $a (call $make (local.get 0)))";

test("a resource of one component is made, used and dropped by another; its destructor runs once", async () => {
  const { answer, dropped } = await useTickets(
    `${MAKE} (local.set $b (call $number (local.get $a))) (call $drop (local.get $a)) (local.get $b)`,
  );
  expect(answer).toBe(5);
  expect(dropped).toEqual([5]);
});

test("a handle given away is gone, and the one that comes back is another", async () => {
  const { answer, dropped } = await useTickets(
    `${MAKE} (local.set $a (call $swap (local.get $a))) (call $number (local.get $a))`,
  );
  expect(answer).toBe(105);
  expect(dropped).toEqual([5]);
});

const TRAPS: Readonly<Record<string, readonly [body: string, reason: string]>> = {
  "a dropped handle": [
    `${MAKE} (call $drop (local.get $a)) (call $number (local.get $a))`,
    "The process passed handle 1, which it does not hold",
  ],
  "a handle dropped twice": [
    `${MAKE} (call $drop (local.get $a)) (call $drop (local.get $a)) (i32.const 0)`,
    "The process passed handle 1, which it does not hold",
  ],
  "a handle out of nowhere": [
    "(call $number (i32.const -1))",
    "The process passed handle 4294967295",
  ],
  "handle 0": [
    "(call $number (i32.const 0))",
    "The process passed handle 0, which it does not hold",
  ],
  "a handle lent and given away in one call": [
    `${MAKE} (call $both (local.get $a) (local.get $a))`,
    "The process gave away handle 1 while it is lent",
  ],
};

for (const [what, [body, reason]] of Object.entries(TRAPS)) {
  test(`${what} traps`, async () => {
    expect((await useTickets(body)).answer).toContain(reason);
  });
}

test("components that call each other without end let others have their turn, and are killed", async () => {
  const component = await compile(
    ticketUser(`${MAKE} (loop $l (drop (call $number (local.get $a))) (br $l)) (i32.const 0)`),
  );
  const instance = await component.instantiate({ log: () => {} });
  const running = instance.exports["run"]!(5).catch((error: Error) => error.message);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(instance.usage().cpuMs).toBeGreaterThan(0);
  instance.kill();
  expect(await running).toContain("was killed");
});

test("a caller has resources of a component as objects with methods", async () => {
  const { instance, dropped } = await useTickets("(i32.const 0)");
  const office = instance.exports["demo:x/office"]! as unknown as {
    Ticket: { create(number: number): Promise<Ticket> };
    swap(given: Ticket): Promise<Ticket>;
    both(lent: Ticket, given: Ticket): Promise<number>;
  };
  interface Ticket extends AsyncDisposable {
    number(): Promise<number>;
    drop(): Promise<void>;
  }
  const first = await office.Ticket.create(7);
  expect(await first.number()).toBe(7);
  const second = await office.swap(first);
  expect(await second.number()).toBe(107);
  await expect(first.number()).rejects.toThrow('The "ticket" was dropped or given away');
  const third = await office.Ticket.create(1);
  await third.drop();
  await third.drop();
  expect(dropped).toEqual([7, 1]);
  await expect(office.swap({} as Ticket)).rejects.toThrow(
    'Expected a "ticket" of this component, got an object',
  );
  await instance.close();
});

class Thing {
  static ended: number[] = [];
  readonly #name: number;
  constructor(name: number) {
    this.#name = name;
  }
  name(): number {
    return this.#name;
  }
  static merge(a: Thing, b: Thing): Thing {
    return new Thing(a.#name + b.#name);
  }
  [Symbol.dispose](): void {
    Thing.ended.push(this.#name);
  }
}

async function useThings(body: string, given: ImportsObject = { "demo:x/things": { Thing } }) {
  Thing.ended = [];
  const instance = await (await compile(thingUser(body))).instantiate(given);
  const answer = await instance.exports["run"]!(5).catch((error: Error) => error.message);
  return { answer, instance };
}

test("a resource of the caller is a class: constructor, methods, static functions and dispose", async () => {
  const { answer, instance } = await useThings(`
    (local.set $a (call $make (local.get 0)))
    (local.set $b (call $merge (local.get $a) (call $make (i32.const 10))))
    (local.set $a (call $name (local.get $b)))
    (call $drop (local.get $b))
    (local.get $a)`);
  expect(answer).toBe(15);
  expect(Thing.ended).toEqual([15]);
  await instance.close();
  expect(Thing.ended).toEqual([15]);
});

test("handles of the caller's resources that are left end with the instance", async () => {
  const { answer, instance } = await useThings(
    "(drop (call $make (local.get 0))) (drop (call $make (i32.const 6))) (i32.const 1)",
  );
  expect(answer).toBe(1);
  expect(Thing.ended).toEqual([]);
  await instance.close();
  expect(Thing.ended).toEqual([5, 6]);
});

test("handles left behind by a trap end too", async () => {
  await useThings("(drop (call $make (local.get 0))) unreachable");
  expect(Thing.ended).toEqual([5]);
});

test("a handle given away in a call that traps before it is made ends too", async () => {
  const { answer } = await useThings("(call $merge (call $make (local.get 0)) (i32.const 99))");
  expect(answer).toContain("The process passed handle 99, which it does not hold");
  expect(Thing.ended).toEqual([5]);
});

test("no more handles than the limit", async () => {
  const { answer } = await useThings(
    "(loop $l (drop (call $make (local.get 0))) (br $l)) (i32.const 0)",
  );
  expect(answer).toContain("The process holds 65536 handles and may not have more");
});

test("a class without the methods the component imports is not given", async () => {
  const text = thingUser("(i32.const 0)");
  const component = await compile(text);
  await expect(component.instantiate({ "demo:x/things": { Thing: class {} } })).rejects.toThrow(
    '"demo:x/things" "[method]thing.name", "demo:x/things" "[static]thing.merge"',
  );
});
