/**
 * Every guest with fuel for one unit between two looks, giving way at each: wherever a guest can be interrupted, it is, and
 * nothing may come out differently; least of all may fuel be exhausted where nothing can wait.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import type { Address, ProcessId } from "@kinode-ts/types";
import { loadComponent } from "../src/load-component.ts";
import { address, options, realClock } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const BUILT = join(import.meta.dir, "../../testing/guests/built");
const LANGUAGES = join(import.meta.dir, "../../../apps/node/test/languages/prebuilt");
/** Without an end, or with one that depends on how long it takes. */
const UNSTEADY = /^(endless-|print-flood|spawn-bomb|memory-bomb|table-bomb|recursive-ask|source$)/;
/** Their clocks and sleeps are real. */
const SLOW = /^(sleep|preview1)$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function count(value: number): Uint8Array {
  const body = new Uint8Array(4);
  new DataView(body.buffer).setUint32(0, value, true);
  return body;
}

/** To the hand-made ones, of which some take a number. */
const NUMBERS: readonly Uint8Array[] = [count(3), count(0), count(7)];
/** What the templates know, and more. */
const WORDS: readonly Uint8Array[] = [
  count(3),
  encoder.encode('"Count"'),
  encoder.encode('{"Remember":"a line"}'),
  encoder.encode('"Count"'),
  encoder.encode("no JSON at all"),
];

/** A part of the node that answers everything the same. */
function answerAs(link: DirectLink, process: string, body: string): void {
  const host = link.createHost({ node: "our", process: process as ProcessId });
  const serve = (): void => {
    while (host.poll() !== undefined) {
      const answer = encoder.encode(body);
      host.sendResponse(
        { kind: "response", inherit: false, body: answer, metadata: undefined, capabilities: [] },
        undefined,
      );
    }
    host.park(serve);
  };
  serve();
}

interface Outcome {
  readonly ending: unknown;
  readonly responses: readonly string[];
  readonly calls: readonly string[];
  readonly lines: readonly string[];
}

async function run(
  bytes: Uint8Array,
  requests: readonly Uint8Array[],
  fuelPerCheck: number,
): Promise<Outcome & { yields: number }> {
  const program = await loadComponent(bytes, options({ random: createSeededRandom(5) }));
  const link = new DirectLink();
  answerAs(link, "echo:test:sys", "pong");
  answerAs(link, "vfs:distro:sys", '"Ok"');
  answerAs(link, "http-server:distro:sys", '{"Ok":null}');
  const host = link.createHost(address("guest"), true);
  host.sliceOver = fuelPerCheck === 1;
  host.turn = (resume) => void setImmediate(resume);
  // others would have their turn here; without it a thousand turns of the event loop are the whole test
  if (fuelPerCheck === 1) host.turn = queueMicrotask;
  const process = program.start(host, { maxMemoryBytes: 64 << 20, fuelPerCheck });
  let ending: unknown;
  void process.ended.then((ended) => (ending = ended));
  const source: Address = address("asker");
  for (const body of requests) host.request(source, body);
  const deadlineMs = realClock.monotonicMs() + 60_000;
  let quietTurns = 0;
  while (ending === undefined && quietTurns < 30) {
    const before = host.calls.length + host.responses.length + host.yieldCount;
    await new Promise((resolve) => setImmediate(resolve));
    const isQuiet = host.calls.length + host.responses.length + host.yieldCount === before;
    quietTurns = isQuiet ? quietTurns + 1 : 0;
    if (realClock.monotonicMs() > deadlineMs) throw new Error("It came to no end in a minute");
  }
  process.kill();
  ending ??= "waits";
  await process.ended;
  return {
    ending,
    responses: host.responses.map(({ response }) => decoder.decode(response.body)),
    calls: host.calls.map(([name, target]) => `${name} ${JSON.stringify(target)}`),
    lines: host.lines,
    yields: host.yieldCount,
  };
}

async function expectSame(bytes: Uint8Array, requests: readonly Uint8Array[]): Promise<void> {
  const { yields: few, ...usual } = await run(bytes, requests, 100_000);
  const { yields: many, ...interrupted } = await run(bytes, requests, 1);
  expect(interrupted).toEqual(usual);
  expect(many).toBeGreaterThanOrEqual(few);
}

const guests = readdirSync(BUILT)
  .filter((file) => file.endsWith(".wasm"))
  .map((file) => file.replace(".wasm", ""))
  .filter((name) => !UNSTEADY.test(name) && !SLOW.test(name));

for (const name of guests) {
  test(`${name} does the same when it is interrupted wherever it can be`, () =>
    expectSame(guestBytes(name), /probe|rust|c-bench/.test(name) ? WORDS : NUMBERS));
}

for (const file of readdirSync(LANGUAGES)) {
  test(`the template of ${file.replace(".wasm.zst", "")} does the same when it is interrupted wherever it can be`, () =>
    expectSame(Bun.zstdDecompressSync(readFileSync(join(LANGUAGES, file))), WORDS));
}
