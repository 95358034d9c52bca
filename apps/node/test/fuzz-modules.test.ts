/**
 * A short run of `bun run fuzz:modules`, and that it sees what it is to see.
 */
import { expect, test } from "bun:test";
import type { ModuleContext, RuntimeModule } from "@kinode-ts/types";
import { type Report, type RunOptions, fuzzModule } from "./fuzz/run.ts";
import { createTargets, type Target } from "./fuzz/seeds.ts";
import { toTree } from "./fuzz/json-text.ts";

const CASES = Number(process.env["KINODE_FUZZ_CASES"] ?? 1_000);
const SEED = Number(process.env["KINODE_SEED"] ?? 20_261_121);

for (const module of createTargets(1).keys()) {
  test(`${module} takes ${CASES} damaged messages (seed ${SEED})`, async () => {
    const report = await fuzzModule({ module, cases: CASES, seed: SEED });
    expect(report.faults).toEqual([]);
    expect(report.answered).toBeGreaterThan(CASES / 100);
  }, 120_000);
}

/** Runs cases against a module that does what none may do. */
function against(
  handle: (context: ModuleContext, message: Parameters<RuntimeModule["handle"]>[0]) => void,
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
