import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { fixtures } from "./fixture-list.ts";
import { compareWithRecord, readRecord } from "./fixture-record.ts";
import { ROOT } from "./workspace.ts";

for (const fixture of fixtures()) {
  test(`the committed ${fixture.name} corresponds to its sources`, () => {
    expect(compareWithRecord(fixture, readRecord()[fixture.name])).toEqual([]);
  });

  test(`the committed ${fixture.name} is small`, () => {
    for (const file of fixture.outputs) {
      expect(statSync(join(ROOT, file)).size).toBeLessThan(2_000_000);
    }
  });
}

test("compareWithRecord() names a changed source and a changed binary", () => {
  const fixture = fixtures()[0]!;
  const entry = readRecord()[fixture.name]!;
  expect(compareWithRecord(fixture, undefined)[0]).toContain("has no record");
  expect(compareWithRecord(fixture, { ...entry, sources: "0" })[0]).toContain("sources");
  expect(compareWithRecord(fixture, { ...entry, outputs: {} })[0]).toContain(
    "not what was recorded",
  );
});
