/**
 * Every function of preview 1 with every lie about memory, called by a real guest; and the attempts to see anything of the
 * host through one of them.
 * @module
 */
import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import type { LoadedComponent } from "../src/api.ts";
import type { CoreType } from "../src/canonical-abi/abi-type.ts";
import { loadComponent } from "../src/load-component.ts";
import { PREVIEW1, PREVIEW1_MODULE } from "../src/preview1.ts";
import { WASI_INTERFACES } from "../src/wasi/index.ts";
import { ERRNO } from "../src/preview1-memory.ts";
import { previewAdapter } from "./hostile/preview-adapter.ts";
import { buildCaller, callState, processWorld } from "./hostile/caller.ts";
import type { CallerFunction, CallerWorld } from "./hostile/caller.ts";
import { wasiFunctions, wasiWorld } from "./hostile/wasi-world.ts";
import { MEMORY_BYTES } from "./hostile/call-image.ts";
import { LIMITS, address, killAndTime, options, until } from "./run-guest.ts";
import { createWasiProcess } from "./wasi-process.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const STANDARD = "kinode:process/standard@1.0.0";
/** Somewhere in memory, aligned for everything, with room behind it. */
const PROPER: bigint = 4_096n;
const HOSTILE_I32 = [0xffff_fff0n, 0x8000_0000n, BigInt(MEMORY_BYTES - 1), 4_097n];
const HOSTILE_I64 = [2n ** 64n - 1n, 2n ** 63n];
const TURNS = 50;
const NO_IMAGE = new Uint8Array(0);

const GET_STATE: CallerFunction = {
  module: STANDARD,
  name: "get-state",
  params: ["i32"],
  results: [],
};

const PREVIEW1_FUNCTIONS: readonly CallerFunction[] = [...PREVIEW1].map(([name, { type }]) => ({
  module: PREVIEW1_MODULE,
  name,
  params: type.params as readonly CoreType[],
  results: type.results as readonly CoreType[],
}));

/** All of 0.2, also what this node does not have. */
const WASI_FUNCTIONS = await wasiFunctions();

/** Whether a function is there; those that are not link, and trap with their own name. */
function isOffered({ module, name }: CallerFunction): boolean {
  const [interfaceName = ""] = module.split("@");
  // a resource without a function of ours is dropped like any other
  return (
    name.startsWith("[resource-drop]") ||
    WASI_INTERFACES.get(interfaceName)?.functions[name] !== undefined
  );
}

/** What ends a process is either said by us, or a trap inside the guest's own adapter. */
const OUR_REASONS =
  /^(The process passed|The process gave away|it asked for \d+ random bytes|it called exit|it called ".*which this node does not have|it polled an empty list)/;
const ANY_REASON = new RegExp(
  `${OUR_REASONS.source}|^it (executed an unreachable|accessed memory out of bounds)`,
);

const processWorldOnly = (): Promise<CallerWorld> =>
  processWorld("kinode-process-1.0.0", "process-v1");
const adapted = async (): Promise<[string, Uint8Array][]> => [
  [PREVIEW1_MODULE, await previewAdapter()],
];

const WAYS = [
  {
    name: "preview 1",
    functions: [GET_STATE, ...PREVIEW1_FUNCTIONS],
    build: async (functions: readonly CallerFunction[]) =>
      buildCaller(functions, await processWorldOnly(), await adapted()),
    given: {},
    reasons: OUR_REASONS,
  },
  {
    name: "preview 1 through the public adapter",
    functions: [GET_STATE, ...PREVIEW1_FUNCTIONS],
    build: async (functions: readonly CallerFunction[]) =>
      buildCaller(functions, await processWorldOnly(), await adapted()),
    given: { path: "general" },
    reasons: ANY_REASON,
  },
  {
    name: "WASI 0.2",
    functions: [GET_STATE, ...WASI_FUNCTIONS],
    build: async (functions: readonly CallerFunction[]) =>
      buildCaller(functions, { witSource: await wasiWorld(), world: "all" }),
    given: {},
    reasons: OUR_REASONS,
  },
] as const;

/** Long enough for whatever does not wait for a time. */
async function someTurns(): Promise<false> {
  for (let turn = 0; turn < TURNS; turn++)
    await new Promise((resolve) => void setImmediate(resolve));
  return false;
}

/** Calls with one value a lie, and with all of them. */
function hostileCalls({ params }: CallerFunction): readonly (readonly bigint[])[] {
  const proper = params.map((type) => (type === "i64" ? 0n : PROPER));
  const lies = (type: CoreType): readonly bigint[] => (type === "i64" ? HOSTILE_I64 : HOSTILE_I32);
  const single = params.flatMap((type, i) => lies(type).map((lie) => proper.with(i, lie)));
  const all = HOSTILE_I32.map((_lie, n) =>
    params.map((type) => lies(type)[n % lies(type).length]!),
  );
  // small numbers: descriptors that exist, and counts that are taken seriously
  const small = [0n, 1n, 3n].flatMap((first) =>
    HOSTILE_I32.map((lie) =>
      params.map((type, i) => (i === 0 ? first : type === "i64" ? 0n : lie)),
    ),
  );
  return [...single, ...all, ...small];
}

for (const { name: way, functions, build, given, reasons } of WAYS) {
  describe(way, () => {
    let program: LoadedComponent;

    beforeAll(async () => {
      program = await loadComponent(await build(functions), options(given));
    });

    function start(index: number, args: readonly bigint[], repeat: "once" | "forever") {
      const host = new DirectLink().createHost(address("caller"), true);
      host.turn = (resume) => void setImmediate(resume);
      host.state = callState(index, { args, image: NO_IMAGE }, repeat);
      const process = program.start(host, LIMITS);
      return { host, process, ended: process.ended };
    }

    functions.forEach((item, index) => {
      if (item === GET_STATE) return;
      const calls = hostileCalls(item);

      test(`${item.name}: ${calls.length} hostile calls answer an error or end the caller with a known reason`, async () => {
        for (const args of calls) {
          const { host, process, ended } = start(index, args, "once");
          // a sleep of years is no lie
          const isOver = await Promise.race([ended.then(() => true), someTurns()]);
          if (!isOver) process.kill();
          const ending = await ended;
          const shown = `${item.name}(${args.join(", ")})`;
          if (ending.kind === "trapped")
            expect([shown, ending.reason]).toEqual([shown, expect.stringMatching(reasons)]);
          expect([shown, host.calls]).toEqual([shown, []]);
        }
      });

      if (item.module !== PREVIEW1_MODULE && !isOffered(item)) {
        test(`${item.module} ${item.name} is not there: a call traps with its name`, async () => {
          const args = item.params.map(() => 0n);
          expect(await start(index, args, "once").ended).toMatchObject({
            kind: "trapped",
            reason: expect.stringContaining(item.name),
          });
        });
        return;
      }

      test(`${item.name}: killed in a loop that catches everything, the process ends`, async () => {
        const args = item.params.map((type) => (type === "i64" ? 0n : PROPER));
        const guest = start(index, args, "forever");
        guest.host.sliceOver = true;
        await Promise.race([until(() => guest.host.yieldCount > 3), guest.ended, someTurns()]);
        expect(await killAndTime(guest)).toBeLessThan(250);
        expect(["killed", "trapped"]).toContain((await guest.ended).kind);
      });
    });
  });
}

const HOST_PATHS = [
  "/etc/passwd",
  "/etc/localtime",
  "/etc/timezone",
  "/usr/share/zoneinfo/Europe/Berlin",
  "/proc/self/environ",
  "/proc/self/cwd",
  "/dev/urandom",
  "../../../../etc/passwd",
  ".",
  "",
  "\0",
];

test("no descriptor and no path leads to a file, link or folder of the host", () => {
  const process = createWasiProcess();
  const { memory } = process.fiber;
  const byName = new Map(PREVIEW1_FUNCTIONS.map((item) => [item.name, item]));
  const pathAt = 512;
  for (const path of HOST_PATHS) {
    const encoded = new TextEncoder().encode(path);
    memory.view().set(encoded, pathAt);
    for (const [name] of PREVIEW1) {
      if (!/^path_|^fd_(prestat|readdir|pread)/.test(name)) continue;
      for (let fd = 0; fd < 32; fd++) {
        const { params } = byName.get(name)!;
        // wherever a pointer to the path may stand, it stands, and its length behind it
        for (let place = 1; place < params.length; place++) {
          const args = params.map((type, i) => {
            if (type === "i64") return 0n;
            return i === 0 ? fd : i === place ? pathAt : i === place + 1 ? encoded.length : 1_024;
          });
          const refused = [ERRNO.badf, ERRNO.nosys].includes(
            process.preview1(name, ...args) as never,
          );
          expect({ name, path, fd, refused }).toEqual({ name, path, fd, refused: true });
        }
      }
    }
  }
});

test("there are no arguments and no variables, of the host or others", () => {
  const process = createWasiProcess();
  for (const name of ["args", "environ"]) {
    process.view().setBigUint64(512, -1n, true);
    expect(process.preview1(`${name}_sizes_get`, 512, 516)).toBe(0);
    expect(process.view().getBigUint64(512, true)).toBe(0n);
    const before = process.fiber.memory.bytes(0, 4_096);
    expect(process.preview1(`${name}_get`, 512, 1_024)).toBe(0);
    expect(process.fiber.memory.bytes(0, 4_096)).toEqual(before);
  }
});

test("clocks know no zone: what they tell is the same wherever the node is", () => {
  const before = process.env["TZ"];
  const told = (): bigint => {
    const guest = createWasiProcess();
    guest.preview1("clock_time_get", 0, 0n, 512);
    return guest.view().getBigUint64(512, true);
  };
  try {
    process.env["TZ"] = "Pacific/Kiritimati";
    const there = told();
    process.env["TZ"] = "UTC";
    expect(told()).toBe(there);
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
});
