/** Who may read the printed lines, and which they get. */
import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import type { PrintedLine } from "./line-format.ts";
import { createLogReader } from "./log-reader.ts";

const line = (origin: string, text: string, verbosity = 0): PrintedLine => ({
  timeMs: Date.UTC(2026, 10, 21, 12),
  origin,
  text,
  verbosity,
});
const LINES = [
  line("a:b.os", "a:b.os: one"),
  line("kernel:sys", "The node itself"),
  line("a:b.os", "a:b.os: a detail", 1),
  line("c:d.os", "c:d.os: a:b.os: two"),
  line("a:b.os", "a:b.os: three\nof two rows"),
];

const TRACING = { clock: createVirtualClock(), watch: () => () => {}, version: "1.2.3" };

async function ask(body: unknown, source = "77:terminal:sys"): Promise<unknown> {
  const harness = createModuleHarness(createLogReader({ ...TRACING, recentLines: () => LINES }));
  await harness.start();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (await harness.ask(source, { body: text })).json;
}

/** Texts of the answer, without the time before them. */
async function recent(wanted: object): Promise<string[]> {
  const { Recent: lines } = (await ask({ Recent: wanted })) as { Recent: string[] };
  return lines.map((each) => each.slice(10));
}

test("the newest lines are given, of all packages or of one, as detailed as asked for", async () => {
  const three = "a:b.os: three\n  a:b.os | of two rows";
  expect(await recent({ lines: 2 })).toEqual(["c:d.os: a:b.os: two", three]);
  expect(await recent({ lines: 0 })).toEqual([]);
  expect(await recent({})).toHaveLength(4);
  expect(await recent({ verbosity: 1 })).toHaveLength(5);
  expect(await recent({ package: "a:b.os" })).toEqual(["a:b.os: one", three]);
  expect(await recent({ lines: 2, package: "a:b.os", verbosity: 2 })).toEqual([
    "a:b.os: a detail",
    three,
  ]);
});

test("the release of the node is told to the terminal's commands", async () => {
  expect(await ask({ About: null })).toEqual({ About: { version: "1.2.3" } });
  expect(await ask({ About: {} })).toEqual({ Err: "MalformedRequest" });
  expect(await ask({ About: null }, "app:app:sys")).toEqual({ Err: "NotPermitted" });
});

test("another node gets no answer", async () => {
  const harness = createModuleHarness(createLogReader({ ...TRACING, recentLines: () => LINES }));
  await harness.start();
  harness.post("77:terminal:sys", { node: "far.os", body: '{"Recent":{}}' });
  await harness.delivered();
  expect(harness.answers).toEqual([]);
});

test("no other package, and no body that is something else, gets a line", async () => {
  expect(await ask({ Recent: { lines: 2 } }, "app:app:sys")).toEqual({ Err: "NotPermitted" });
  const bodies = ["", "null", "{", "[]", '"Recent"', '{"Recent":null}', '{"Recent":{"lines":-1}}'];
  const traces = ['{"Trace":null}', '{"Trace":{"process":7}}', '{"Trace":{"seconds":-1}}'];
  for (const body of [
    ...bodies,
    ...traces,
    '{"Recent":{"verbosity":"2"}}',
    '{"Recent":{"package":7}}',
  ]) {
    expect(await ask(body)).toEqual({ Err: "MalformedRequest" });
  }
});
