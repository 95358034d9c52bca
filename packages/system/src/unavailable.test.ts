import { expect, test } from "bun:test";
import {
  ETH_PROCESS,
  HTTP_CLIENT_PROCESS,
  KV_PROCESS,
  NET_PROCESS,
  SQLITE_PROCESS,
} from "@kinode-ts/types";
import { createModuleHarness } from "@kinode-ts/testing/module-harness";
import { createUnavailableModule } from "./unavailable.ts";

test("a module that is not there yet says so in its own error shape", async () => {
  const answers: Record<string, unknown> = {};
  for (const id of [KV_PROCESS, SQLITE_PROCESS, HTTP_CLIENT_PROCESS, ETH_PROCESS, NET_PROCESS]) {
    const harness = createModuleHarness(createUnavailableModule(id));
    await harness.start();
    harness.post("main:p:x.os", { body: "{}", expectsResponse: null });
    expect(harness.answers).toEqual([]);
    answers[id] = (await harness.ask("main:p:x.os", { body: "anything" })).json;
  }
  const text = (id: string): string => `this version of the node has no ${id} module yet`;
  expect(answers).toEqual({
    [KV_PROCESS]: { Err: { IOError: text(KV_PROCESS) } },
    [SQLITE_PROCESS]: { Err: { IOError: text(SQLITE_PROCESS) } },
    [HTTP_CLIENT_PROCESS]: { Err: { BuildRequestFailed: text(HTTP_CLIENT_PROCESS) } },
    [ETH_PROCESS]: { Err: { RpcError: { code: -32601, message: text(ETH_PROCESS) } } },
    [NET_PROCESS]: { Err: text(NET_PROCESS) },
  });
});
