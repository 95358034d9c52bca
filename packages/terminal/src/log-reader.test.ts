/** Who may read the printed lines, and which they get. */
import { expect, test } from "bun:test";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import { createLogReader } from "./log-reader.ts";

const LINES = [
  "Sat 05:10 a:b.os: one",
  "Sat 05:10 The node itself",
  "Sat 05:11 c:d.os: two",
  "Sat 05:11 a:b.os: three\n  a:b.os| of two rows",
  "Sat 05:12 c:d.os: says a:b.os: four",
];

async function ask(body: unknown, source = "77:terminal:sys"): Promise<unknown> {
  const module = createLogReader({
    recent: (count) => LINES.slice(Math.max(LINES.length - count, 0)),
  });
  const harness = createModuleHarness(module);
  await harness.start();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const answer = await harness.ask(source, { body: text });
  return answer.json;
}

test("the newest lines are given, of all packages or of one", async () => {
  expect(await ask({ Recent: { lines: 2 } })).toEqual({ Recent: LINES.slice(-2) });
  expect(await ask({ Recent: {} })).toEqual({ Recent: LINES });
  expect(await ask({ Recent: { lines: 0 } })).toEqual({ Recent: [] });
  expect(await ask({ Recent: { package: "a:b.os" } })).toEqual({ Recent: [LINES[0], LINES[3]] });
  expect(await ask({ Recent: { lines: 1, package: "a:b.os" } })).toEqual({ Recent: [LINES[3]] });
});

test("no other package, and no body that is something else, gets a line", async () => {
  expect(await ask({ Recent: { lines: 2 } }, "app:app:sys")).toEqual({ Err: "NotPermitted" });
  for (const body of [
    "",
    "null",
    "{",
    "[]",
    '"Recent"',
    '{"Recent":null}',
    '{"Recent":{"lines":-1}}',
    '{"Recent":{"lines":"2"}}',
    '{"Recent":{"package":7}}',
  ]) {
    expect(await ask(body)).toEqual({ Err: "MalformedRequest" });
  }
});
