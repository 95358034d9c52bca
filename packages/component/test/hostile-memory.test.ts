/**
 * Every way to lie about memory, in every parameter of every function of all four process interfaces.
 * @module
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { Ending } from "@kinode-ts/types";
import type { ComponentOptions, LoadedComponent } from "../src/api.ts";
import { loadComponent } from "../src/load-component.ts";
import { selectedVersion } from "./hostile/selected-version.ts";
import { buildCaller, callState, processWorld } from "./hostile/caller.ts";
import { callsOf } from "./hostile/call-image.ts";
import type { Call } from "./hostile/call-image.ts";
import { STANDARD } from "./hostile/standard-functions.ts";
import { LIMITS, address, killAndTime, options, until } from "./run-guest.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const FAST: readonly [string, Partial<ComponentOptions>] = ["main module alone", {}];
const GENERAL: readonly [string, Partial<ComponentOptions>] = [
  "all modules as they are wired",
  { path: "general" },
];
/** The way that all modules are wired is slower to start and has the same lowerings: one interface stands for all. */
const ON_BOTH_PATHS = "kinode:process/standard@1.0.0";

for (const standard of STANDARD) {
  const functions = Object.entries(standard.functions).map(([name, type]) => ({
    name,
    hasParams: type.params.length > 0,
    ...callsOf(type),
  }));

  const paths = standard.name === ON_BOTH_PATHS ? [FAST, GENERAL] : [FAST];
  describe.each(paths)(`${standard.name}, %s`, (_path, given) => {
    let program: LoadedComponent;

    beforeAll(async () => {
      const imports = functions.map(({ name, core }) => ({ module: standard.name, name, ...core }));
      const world = await processWorld(standard.folder, standard.world);
      program = await loadComponent(await buildCaller(imports, world), options(given));
    });

    function start(index: number, call: Call, repeat: "once" | "forever") {
      const host = new DirectLink().createHost(address("caller"), true);
      host.turn = (resume) => void setImmediate(resume);
      host.state = callState(index, call, repeat);
      const process = program.start(host, LIMITS);
      return { host, process, ended: process.ended };
    }

    test("these are all functions of the interface, with the core types that the linker has", () => {
      const known = selectedVersion(standard.name);
      expect(functions.map(({ name }) => name).sort()).toEqual([...known.keys()].sort());
      for (const { name, core } of functions)
        expect({ name, type: core }).toEqual({ name, type: known.get(name)!.type as typeof core });
    });

    functions.forEach(({ name, hasParams, proper, lies }, index) => {
      test(`${name}: a proper call goes through, ${lies.length} lies end the liar and reach nobody`, async () => {
        const honest = start(index, proper, "once");
        await Promise.race([honest.ended, until(() => honest.host.parked)]);
        honest.process.kill();
        expect((await honest.ended).kind).not.toBe("trapped");
        // the recording host notes what has values, nothing else
        if (hasParams) expect(honest.host.calls).toHaveLength(1);
        for (const { what, call } of lies) {
          const { host, ended } = start(index, call, "once");
          const ending = await ended;
          expect([what, ending]).toEqual([what, expect.objectContaining({ kind: "trapped" })]);
          expect([what, (ending as Ending & { reason: string }).reason]).toEqual([
            what,
            expect.stringMatching(/^The process passed /),
          ]);
          expect([what, host.calls]).toEqual([what, []]);
        }
      });

      test(`${name}: killed in a loop that catches everything, it ends and calls no more`, async () => {
        const guest = start(index, proper, "forever");
        guest.host.sliceOver = true;
        await until(() => guest.host.parked || guest.host.yieldCount > 3);
        expect(await killAndTime(guest)).toBeLessThan(250);
        expect(await guest.ended).toEqual({ kind: "killed" });
        const { length } = guest.host.calls;
        await new Promise((resolve) => void setImmediate(resolve));
        expect(guest.host.calls.length).toBe(length);
      });
    });
  });
}
