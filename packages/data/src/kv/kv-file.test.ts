/** What is left of a file of keys and values when the power fails while its log begins anew. */
import { afterEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { KvFile } from "./kv-file-bun.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4_096;
const COUNT = 300;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function makeFile(): { readonly path: string; readonly file: KvFile } {
  const folder = mkdtempSync(join(tmpdir(), "kv-file-"));
  folders.push(folder);
  const path = join(folder, "kv.sqlite");
  return { path, file: new KvFile(path) };
}

/** How often each value is found in a database of these pages and this log. @throws {Error} it is damaged */
function found(pages: Uint8Array, log: Uint8Array): Readonly<Record<string, number>> {
  const path = join(mkdtempSync(join(tmpdir(), "kv-left-")), "kv.sqlite");
  folders.push(join(path, ".."));
  writeFileSync(path, pages);
  writeFileSync(`${path}-wal`, log);
  const database = new Database(path);
  try {
    expect(database.query("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    const rows = database.query(
      "SELECT CAST(value AS TEXT) AS value, count(*) AS count FROM kv GROUP BY value",
    );
    return Object.fromEntries(
      (rows.all() as { value: string; count: number }[]).map(({ value, count }) => [value, count]),
    );
  } finally {
    database.close();
  }
}

test("whatever part of a new beginning of the log has reached the disk, nothing is lost or mixed", async () => {
  const { path, file } = makeFile();
  const setAll = (value: string): void => {
    for (let i = 0; i < COUNT; i++) file.set(bytes(`k${i}`), bytes(value));
  };
  const log = (): Uint8Array => new Uint8Array(readFileSync(`${path}-wal`));
  setAll("value 1");
  setAll("value 2");
  await file.syncLog();
  file.copyLog();
  await file.syncPages();
  const pages = readFileSync(path);
  const before = log();
  file.restartLog();
  const begun = log();
  // It has to be written by then, or the next sync of the log has nothing of it.
  expect(begun.subarray(0, HEADER_BYTES)).not.toEqual(before.subarray(0, HEADER_BYTES));
  expect(begun.length).toBe(before.length);
  const end = HEADER_BYTES + FRAME_BYTES;
  expect(begun.subarray(end)).toEqual(before.subarray(end));

  // The power fails before that sync is done: each of both parts is old or new.
  for (const header of [before, begun]) {
    for (const frame of [before, begun]) {
      const left = before.slice();
      left.set(header.subarray(0, HEADER_BYTES));
      left.set(frame.subarray(HEADER_BYTES, end), HEADER_BYTES);
      expect(found(pages, left)).toEqual({ "value 2": COUNT });
    }
  }

  // After it, any of the frames that follow may be there or not. Those up to the first that is missing count.
  await file.syncLog();
  setAll("value 3");
  const after = log();
  const random = createSeededRandom(1);
  for (let round = 0; round < 30; round++) {
    const left = after.slice();
    const missing = Array.from({ length: 1 + random.below(4) }, () => random.below(COUNT));
    for (const each of missing) {
      const at = end + each * FRAME_BYTES;
      left.set(before.subarray(at, at + FRAME_BYTES), at);
    }
    const third = Math.min(...missing);
    const wanted = { "value 2": COUNT - third, ...(third === 0 ? {} : { "value 3": third }) };
    expect(found(pages, left)).toEqual(wanted);
  }
  expect(found(pages, after)).toEqual({ "value 3": COUNT });
  file.close();
});
