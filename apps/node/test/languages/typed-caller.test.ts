/** A script with generated callers talks to a Rust process that reads and writes its JSON with serde. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { assemblePackage, createProject, packPackage } from "@kinode-ts/kit";
import type { ControlAnswer, ControlInspection } from "@kinode-ts/types";
import { killAllDetached, startDetached } from "../detached-node.ts";
import { withPrebuilt } from "./prebuilt-package.ts";

const home = mkdtempSync(join(tmpdir(), "kinode-typed-home-"));
const folder = mkdtempSync(join(tmpdir(), "kinode-typed-"));
afterAll(() => {
  killAllDetached();
  for (const path of [home, folder]) rmSync(path, { recursive: true, force: true });
});

/** What packages/kit/languages/README.md says of the templates' messages. */
const COUNTER = `interface counter {
  variant request { count, remember(string), recall, ask(string) }
  variant response { count(u64), remembered(u64), recalled(string), answer(answer), error(string) }
  record answer { question: string, answer: string }
}
`;

const CALLER = `
import { defineProcess, serve } from "@kinode-ts/stdlib";
import { counterApi } from "../target/api/caller.example.os/counter.ts";
const TEXT = 'zwölf "Zeilen" für €5 \\u{1F600}\\u0001';
export default defineProcess(() => serve(async () => {
  const counter = counterApi("counter:my-app:example.os");
  const first = counter.remember("x".repeat(10), { timeout: "5s" });
  return {
    counts: [await counter.count(), await counter.count()],
    remembered: await first,
    again: await counter.remember(TEXT),
    recalled: await counter.recall(),
    asked: await counter.ask(TEXT),
    same: TEXT.length,
  };
}));`;

const manifest = (name: string): string =>
  JSON.stringify([
    {
      ...{ process_name: name, process_wasm_path: `/${name}.js`, on_exit: "None", public: true },
      ...{ request_networking: false, request_capabilities: [], grant_capabilities: [] },
    },
  ]);

function writeCaller(): void {
  const properties = {
    ...{ package_name: "caller", publisher: "example.os", current_version: "1.0.0" },
    ...{ mirrors: [], code_hashes: {}, wit_version: 1 },
  };
  const files = {
    "metadata.json": JSON.stringify({ properties }),
    "pkg/manifest.json": manifest("caller"),
    "api/caller:example.os-v0.wit": COUNTER,
    "caller/main.ts": CALLER,
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** The Rust template's package, open to every process of the node. */
const rust = (): Promise<Uint8Array> =>
  withPrebuilt(
    "rust",
    (path) => createProject({ folder: path, language: "rust", publisher: "example.os" }),
    async (path) => {
      const file = join(path, "pkg/manifest.json");
      const entries = JSON.parse(readFileSync(file, "utf8")) as object[];
      writeFileSync(file, JSON.stringify(entries.map((entry) => ({ ...entry, public: true }))));
      return (await packPackage(path)).zip;
    },
  );

test("a script calls a Rust process by generated functions, and each reads what the other writes", async () => {
  writeCaller();
  const zips = [await rust(), (await assemblePackage(folder)).zip];
  const node = await startDetached(home);
  for (const zip of zips) {
    const { hash } = await node.post<ControlInspection>("packages/inspect", zip);
    await node.post(`packages/install?hash=${hash}`, { denied: [] });
  }
  const target = "our@caller:caller:example.os";
  let answer: ControlAnswer | undefined;
  for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
    answer = await node.post<ControlAnswer>("send", { target, body: "{}", timeout: 10 });
    if (answer.kind === "response") break;
    await Bun.sleep(50);
  }
  if (answer?.kind !== "response") throw new Error(`no answer:\n${node.output()}`);
  const text = 'zwölf "Zeilen" für €5 \u{1F600}\u0001';
  const bytes = 11 + new TextEncoder().encode(text).length + 1;
  expect(JSON.parse(answer.body)).toEqual({
    counts: [1, 2],
    remembered: { tag: "remembered", val: 11 },
    again: { tag: "remembered", val: bytes },
    recalled: { tag: "recalled", val: `xxxxxxxxxx\n${text}\n` },
    asked: { tag: "answer", val: { question: text, answer: text.toUpperCase() } },
    same: text.length,
  });
}, 120_000);
