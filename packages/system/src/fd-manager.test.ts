import { describe, expect, test } from "bun:test";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import { createFdManager } from "./fd-manager.ts";
import { createUnavailableModule, UNAVAILABLE_MODULES } from "./unavailable.ts";

const MODULES = ["vfs", "kv", "sqlite", "net"].map((name) => `${name}:distro:sys`);

async function started(softLimit = 1024, isStatic = false) {
  const harness = createModuleHarness(createFdManager({ softLimit, isStatic }));
  await harness.start();
  const limits = () =>
    Object.fromEntries(
      harness.sent.map(({ target, body }) => [
        target.process,
        (JSON.parse(new TextDecoder().decode(body)) as { FdsLimit: number }).FdsLimit,
      ]),
    );
  return { harness, limits };
}

describe("fd-manager:distro:sys", () => {
  test("[M118] four modules at RLIMIT 1024 get 222 each; after one hit that one has 289, others 200", async () => {
    const { harness, limits } = await started();
    for (const id of MODULES)
      harness.post(id, { body: '"RequestFdsLimit"', expectsResponse: null });
    expect(Object.values(limits())).toEqual([222, 222, 222, 222]);
    harness.post("vfs:distro:sys", { body: { FdsLimitHit: null }, expectsResponse: null });
    expect(limits()).toEqual({
      "vfs:distro:sys": 289,
      "kv:distro:sys": 200,
      "sqlite:distro:sys": 200,
      "net:distro:sys": 200,
    });
  });

  test("[M119] GetState and GetProcessFdLimit answer as documented; an unknown process has 0", async () => {
    const { harness } = await started();
    harness.post("vfs:distro:sys", { body: '"RequestFdsLimit"', expectsResponse: null });
    expect((await harness.ask("a:b:c", { body: '"GetState"' })).json).toEqual({
      GetState: { "vfs:distro:sys": { limit: 891, hit_count: 1 } },
    });
    const limitOf = async (id: string) =>
      (await harness.ask("a:b:c", { body: { GetProcessFdLimit: id } })).json;
    expect(await limitOf("vfs:distro:sys")).toEqual({ GetProcessFdLimit: 891 });
    expect(await limitOf("x:y:z")).toEqual({ GetProcessFdLimit: 0 });
  });

  test("[M120] a static limit is used as it is and the module keeps answering", async () => {
    const { harness, limits } = await started(100, true);
    harness.post("vfs:distro:sys", { body: '"RequestFdsLimit"', expectsResponse: null });
    expect(limits()).toEqual({ "vfs:distro:sys": 100 });
    expect((await harness.ask("a:b:c", { body: '"GetState"' })).json).toBeDefined();
  });

  test("only the terminal package and the kernel may administer, and no other node", async () => {
    const { harness, limits } = await started();
    harness.post("vfs:distro:sys", { body: '"RequestFdsLimit"', expectsResponse: null });
    const change = { UpdateMaxFdsAsFractionOfUlimitPercentage: 50 };
    harness.post("a:b:c", { body: change, expectsResponse: null });
    harness.post("terminal:terminal:sys", { body: change, expectsResponse: null, node: "bob.os" });
    expect(limits()).toEqual({ "vfs:distro:sys": 891 });
    harness.post("terminal:terminal:sys", { body: change, expectsResponse: null });
    expect(limits()).toEqual({ "vfs:distro:sys": 482 });
  });
});

describe("modules of later versions", () => {
  test("answer at once that they are not there, in the shape of their errors", async () => {
    for (const id of UNAVAILABLE_MODULES) {
      const harness = createModuleHarness(createUnavailableModule(id));
      await harness.start();
      const answer = await harness.ask("a:b:c", { body: "anything" });
      expect(answer.text).toContain(`${id} is not part of this version of the node yet`);
      expect(answer.json).toHaveProperty("Err");
      harness.post("a:b:c", { body: "anything", expectsResponse: null });
      expect(harness.answers).toHaveLength(1);
    }
  });
});
