/**
 * What every place for backups must do.
 * @module
 */
import { expect, test } from "bun:test";
import { type BackupRemote, KinodeError } from "@kinode-ts/types";

const name = (digit: string): string => digit.repeat(64);

/** @param create - an empty place, for each test */
export function remoteSuite(title: string, create: () => BackupRemote): void {
  const listed = async (remote: BackupRemote, kind: "data" | "index" | "config") =>
    (await Array.fromAsync(remote.list(kind))).sort((a, b) => (a.name < b.name ? -1 : 1));

  test(`${title}: what was put is there, whole and in parts`, async () => {
    const remote = create();
    const bytes = new Uint8Array(1_000).map((_, i) => i);
    for (const kind of ["data", "index", "keys", "snapshots", "locks"] as const) {
      await remote.put(kind, name("a"), bytes);
      expect(await remote.get(kind, name("a"))).toEqual(bytes);
      expect(await remote.stat(kind, name("a"))).toEqual({ name: name("a"), sizeBytes: 1_000 });
    }
    await remote.put("config", "config", bytes.subarray(0, 10));
    expect(await remote.get("config", "config")).toEqual(bytes.slice(0, 10));
    expect(await listed(remote, "config")).toEqual([{ name: "config", sizeBytes: 10 }]);
    const part = (offset: number, length: number) =>
      remote.get("data", name("a"), { offset, length });
    expect(await part(10, 20)).toEqual(bytes.slice(10, 30));
    expect(await part(0, 1)).toEqual(bytes.slice(0, 1));
    expect(await part(990, 100)).toEqual(bytes.slice(990));
    expect(await part(0, 5_000)).toEqual(bytes);
  });

  test(`${title}: what is not there is undefined, and deleting it does nothing`, async () => {
    const remote = create();
    expect(await remote.get("data", name("b"))).toBeUndefined();
    expect(await remote.get("data", name("b"), { offset: 0, length: 5 })).toBeUndefined();
    expect(await remote.stat("config", "config")).toBeUndefined();
    expect(await listed(remote, "data")).toEqual([]);
    await remote.delete("data", name("b"));
    await remote.put("data", name("b"), new Uint8Array(1));
    await remote.delete("data", name("b"));
    expect(await remote.get("data", name("b"))).toBeUndefined();
  });

  test(`${title}: a list has every object once, also a long one`, async () => {
    const remote = create();
    const names = Array.from(
      { length: 30 },
      (_, i) => i.toString(16).padStart(2, "0") + "c".repeat(62),
    );
    for (const each of names) await remote.put("data", each, new Uint8Array(3));
    await remote.put("index", name("d"), new Uint8Array(4));
    await remote.put("data", names[0]!, new Uint8Array(3)); // again
    expect(await listed(remote, "data")).toEqual(
      names.map((each) => ({ name: each, sizeBytes: 3 })),
    );
    expect(await listed(remote, "index")).toEqual([{ name: name("d"), sizeBytes: 4 }]);
  });

  test(`${title}: a name that is none never becomes a path`, async () => {
    const remote = create();
    for (const bad of ["../../x", "", "a/b", "A".repeat(64), "config", `${name("a")}/..`]) {
      const put = async (): Promise<void> => remote.put("data", bad, new Uint8Array(1));
      const error = await put().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(KinodeError);
      const get = async (): Promise<unknown> => remote.get("index", bad);
      expect(await get().catch((thrown: unknown) => thrown)).toBeInstanceOf(KinodeError);
    }
  });
}
