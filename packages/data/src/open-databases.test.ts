import { expect, test } from "bun:test";
import { OpenDatabases } from "./open-databases.ts";
import type { DatabaseKey } from "./request.ts";

class Fake {
  busy = false;
  isOpen = true;
  readonly closed = Promise.withResolvers<void>();
  readonly done = Promise.withResolvers<void>();
  idle(): Promise<void> {
    return this.busy ? this.done.promise : Promise.resolve();
  }
  finish(): void {
    this.busy = false;
    this.done.resolve();
  }
  close(): Promise<void> {
    return this.closed.promise.then(() => void (this.isOpen = false));
  }
}

const key = (text: string): DatabaseKey => ({ text }) as DatabaseKey;

test("one more waits until a busy one is done and has let go of its files", async () => {
  const fakes = new Map<string, Fake>();
  let pressure = 0;
  const databases = new OpenDatabases(
    ({ text }) => {
      const open = [...fakes.values()].filter(({ isOpen }) => isOpen).length;
      expect(open).toBeLessThan(2);
      const fake = new Fake();
      fakes.set(text, fake);
      return fake;
    },
    2,
    () => pressure++,
  );
  for (const name of ["a", "b"]) {
    expect(databases.room(key(name))).toBeUndefined();
    databases.use(key(name)).busy = true;
  }
  expect(databases.room(key("a"))).toBeUndefined();
  const order: string[] = [];
  const wait = async (name: string): Promise<void> => {
    await databases.room(key(name));
    order.push(name);
  };
  const both = [wait("c"), wait("d")];
  await Bun.sleep(0);
  expect([order, pressure]).toEqual([[], 0]);
  fakes.get("b")!.finish();
  await Bun.sleep(0);
  expect([order, pressure]).toEqual([[], 1]);
  fakes.get("b")!.closed.resolve();
  fakes.get("a")!.finish();
  fakes.get("a")!.closed.resolve();
  await Promise.all(both);
  expect(order).toEqual(["c", "d"]);
  expect([...fakes].filter(([, { isOpen }]) => isOpen).map(([name]) => name)).toEqual(["c", "d"]);
});

test("a package that opens very many closes its own, the least recently used first, and no busy one", () => {
  const closed: string[] = [];
  const busy = new Set<string>();
  const databases = new OpenDatabases(
    ({ text }) => ({
      get busy() {
        return busy.has(text);
      },
      close: () => void closed.push(text),
    }),
    10,
    () => {},
    2,
  );
  const of = (packageId: string, name: string): DatabaseKey =>
    ({ packageId, name, text: `${packageId}/${name}` }) as never;
  databases.use(of("q:y.os", "a"));
  for (const name of ["a", "b", "c"]) databases.use(of("p:x.os", name));
  expect(closed).toEqual(["p:x.os/a"]);
  busy.add("p:x.os/b");
  databases.use(of("p:x.os", "d"));
  expect(closed).toEqual(["p:x.os/a", "p:x.os/c"]);
  busy.add("p:x.os/d");
  databases.use(of("p:x.os", "e"));
  expect(closed).toHaveLength(2);
  expect(databases.count).toBe(4);
});
