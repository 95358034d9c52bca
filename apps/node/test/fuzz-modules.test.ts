/**
 * A short run of `bun run fuzz:modules`, and that it sees what it is to see. The terminal's part needs a whole node; lines as it makes
 * them are in terminal-scripts.test.ts.
 */
import { expect, test } from "bun:test";
import type { ModuleContext, RuntimeModule } from "@kinode-ts/types";
import { type Report, type RunOptions, fuzzModule } from "./fuzz/run.ts";
import { createTargets, type Target } from "./fuzz/seeds.ts";
import { isSpecified, type Specified } from "./fuzz/specified.ts";
import { toTree } from "./fuzz/json-text.ts";

const CASES = Number(process.env["KINODE_FUZZ_CASES"] ?? 300);
const SEED = Number(process.env["KINODE_SEED"] ?? 20_261_121);

const TARGETS = [...createTargets(1)];
/** Those whose silence is waited for: they wait together. */
const SILENT = TARGETS.flatMap(([name, { silentAbout }]) => (silentAbout ? [name] : []));
const OTHERS = TARGETS.flatMap(([name, { silentAbout }]) => (silentAbout ? [] : [[name]]));

for (const modules of [...OTHERS, SILENT]) {
  test(`${modules.join(", ")}: ${CASES} damaged messages to each (seed ${SEED})`, async () => {
    const reports = await Promise.all(
      modules.map((module) => fuzzModule({ module, cases: CASES, seed: SEED })),
    );
    for (const { faults, answered } of reports) {
      expect(faults).toEqual([]);
      expect(answered).toBeGreaterThan(CASES / 100);
    }
  }, 60_000);
}

const SPECIFIED_GET: Specified = {
  body: (json) => json !== null && typeof json === "object" && "Get" in json,
  refusal: /^\{"Err":"Bad"\}$/,
};

/** Runs cases against a module that does what none may do. */
function against(
  handle: (context: ModuleContext, message: Parameters<RuntimeModule["handle"]>[0]) => void,
  specified?: Specified,
): Promise<Report> {
  let context: ModuleContext;
  const module: RuntimeModule = {
    id: "eth:distro:sys" as RuntimeModule["id"],
    start: (given) => void (context = given),
    handle: (message) => handle(context, message),
  };
  const target: Target = {
    process: module.id,
    seeds: [{ body: toTree({ Get: { name: "x" } }), blob: undefined }],
    silentAbout: undefined,
    specified,
  };
  const options: RunOptions = { module: "bad", cases: 60, seed: 1, bad: { module, target } };
  return fuzzModule(options);
}

const answer = (text: string) => ({ body: new TextEncoder().encode(text) });

test("an answer with a path of the host is a fault, with a smaller case", async () => {
  const { faults } = await against((context, message) => {
    const isLong = message.message.body.length > 5;
    context.respond(message, answer(isLong ? `no file ${process.cwd()}/x` : "Ok"));
  });
  expect(faults[0]).toMatch(/^shows a path of the host/);
  const smaller = faults.map((fault) => /smaller: .*: "(.*)"/.exec(fault)?.[1]?.length ?? 0);
  expect(Math.max(...smaller)).toBeLessThan(20);
});

test("an answer other than the refusal to what is not as specified is a fault", async () => {
  const isGood = ({ message }: Parameters<RuntimeModule["handle"]>[0]): boolean =>
    isSpecified(SPECIFIED_GET, message.body) !== false;
  const good = await against(
    (context, message) =>
      context.respond(message, answer(isGood(message) ? "Ok" : '{"Err":"Bad"}')),
    SPECIFIED_GET,
  );
  expect(good.faults.filter((fault) => !fault.includes("another node"))).toEqual([]);
  const { faults } = await against(
    (context, message) => context.respond(message, answer("Ok")),
    SPECIFIED_GET,
  );
  expect(faults.join("\n")).toContain("answered what is not as specified: Ok");
});

test("exceptions, answers to other nodes and slowness are faults", async () => {
  const seen = async (...args: Parameters<typeof against>): Promise<string> =>
    (await against(...args)).faults.join("\n");
  expect(
    await seen((context, message) => {
      context.respond(message, answer("Ok"));
      throw new Error("bad luck");
    }),
  ).toContain("failed on a message: bad luck");
  let wasSlow = false;
  const slow = await seen((context, message) => {
    context.respond(message, answer("Ok"));
    const started = process.cpuUsage();
    const usedMicros = (): number => {
      const { user, system } = process.cpuUsage(started);
      return user + system;
    };
    while (!wasSlow && usedMicros() < 400_000);
    wasSlow = true;
  });
  expect(slow).toContain("one message took");
  expect(slow).toContain("answered another node");
}, 120_000);
