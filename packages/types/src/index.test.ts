import { expect, test } from "bun:test";
import { messagingCapability, networkCapability, parseProcessId } from "./index.ts";

test("public names of @kinode-ts/types", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "COMPLETION_METADATA",
    "CONTROL_TERMINAL_CLOSE",
    "DEFAULT_CPU_LIMIT",
    "ETH_PROCESS",
    "FD_MANAGER_PROCESS",
    "HTTP_CLIENT_PROCESS",
    "HTTP_SERVER_PROCESS",
    "INTERRUPT_METADATA",
    "KERNEL_PROCESS",
    "KV_PROCESS",
    "KinodeError",
    "LOG_PROCESS",
    "MESSAGING_PARAMS",
    "NETWORK_PARAMS",
    "NET_PROCESS",
    "NameError",
    "ProcessFault",
    "ProcessKilled",
    "SCHEDULER_PROCESS",
    "SESSION_PREFIX",
    "SQLITE_PROCESS",
    "STATE_PROCESS",
    "SourceQueues",
    "TERMINAL_PROCESS",
    "TIMER_PROCESS",
    "U64_MAX",
    "VFS_PROCESS",
    "andThen",
    "assertNever",
    "errorText",
    "formatAddress",
    "formatProcessId",
    "isNameSafeNode",
    "isNameSafePackageId",
    "isNameSafeProcessId",
    "isProcessId",
    "messagingCapability",
    "networkCapability",
    "packageOf",
    "parseAddress",
    "parsePackageId",
    "parseProcessId",
    "processIdParts",
    "sameAddress",
    "toU64",
    "u64FromHalves",
  ]);
});

test("the two well-known capabilities have their quotes", () => {
  const process = parseProcessId("a:b:c");
  expect(messagingCapability("alice.os", process)).toEqual({
    issuer: { node: "alice.os", process },
    params: '"messaging"',
  });
  expect(networkCapability("alice.os")).toEqual({
    issuer: { node: "alice.os", process: parseProcessId("kernel:distro:sys") },
    params: '"network"',
  });
});
