/**
 * Programs in every compiled language, without a node: with so little fuel that they give way at each of their checks,
 * while a call of the node into the guest, such as for memory, must never be the one that gives way; and on a virtual
 * clock. On both paths of the linker.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadComponent, systemPowers } from "@kinode-ts/component";
import { createVirtualClock } from "@kinode-ts/testing";
import { type DirectHost, DirectLink } from "@kinode-ts/testing/direct-link";
import { parseAddress, type RunningProcess } from "@kinode-ts/types";

const PROGRAMS = ["c", "cpp", "go", "rust", "old-lib-0.8", "old-wit-0.7"] as const;
const PATHS = ["fast", "general"] as const;
/** Each makes the node ask the guest for memory. */
const TEXTS = ["a", "hello, world", "x".repeat(20_000)];
const MAX_MEMORY_BYTES = 64 << 20;

const readProgram = (name: string): Uint8Array =>
  Bun.zstdDecompressSync(readFileSync(join(import.meta.dir, `prebuilt/${name}.wasm.zst`)));

/** The name makes it the child, which needs nothing but messages. */
const createHost = (): DirectHost =>
  new DirectLink().createHost(parseAddress("our@counter-worker:my-app:example.os"));

/** What the child answers to a text. Rejects when it ends. */
function ask(host: DirectHost, process: RunningProcess, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    host.onResponse = ({ body }) => resolve(new TextDecoder().decode(body));
    void process.ended.then((ending) => reject(new Error(JSON.stringify(ending))));
    host.request(parseAddress("our@someone:test:sys"), new TextEncoder().encode(text));
  });
}

for (const name of PROGRAMS) {
  describe(`the program of the template in ${name}`, () => {
    const program = readProgram(name);
    for (const path of PATHS) {
      const options = path === "general" ? { path } : {};

      test(`answers with one unit of fuel between checks, linked the ${path} way`, async () => {
        const component = await loadComponent(program, { ...systemPowers, ...options });
        const host = createHost();
        host.sliceOver = true;
        host.turn = setImmediate;
        const limits = { maxMemoryBytes: MAX_MEMORY_BYTES, fuelPerCheck: 1 };
        const process = component.start(host, limits);
        for (const text of TEXTS) {
          const before = host.yieldCount;
          expect(await ask(host, process, text)).toBe(text.toUpperCase());
          expect(host.yieldCount).toBeGreaterThan(before);
        }
        process.kill();
        expect(await process.ended).toEqual({ kind: "killed" });
      }, 120_000);
    }

    test("runs on a clock that stands at its beginning", async () => {
      const powers = { ...systemPowers, clock: createVirtualClock() };
      const component = await loadComponent(program, powers);
      const host = createHost();
      const limits = { maxMemoryBytes: MAX_MEMORY_BYTES, fuelPerCheck: 100_000 };
      const process = component.start(host, limits);
      expect(await ask(host, process, "tick")).toBe("TICK");
      process.kill();
      await process.ended;
    });
  });
}
