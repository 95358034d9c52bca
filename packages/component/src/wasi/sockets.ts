/**
 * `wasi:sockets`: nothing. Sockets cannot be made, names are not looked up; what would need a socket has none to act on.
 * @module
 */
import type { Result } from "@kinode-ts/types";
import { borrow, own } from "../canonical-abi/handles.ts";
import { string } from "../canonical-abi/lists.ts";
import { ResourceType } from "../canonical-abi/resource-type.ts";
import { enumOf } from "../canonical-abi/enums.ts";
import { option, result } from "../canonical-abi/variants.ts";
import type { WasiInterface } from "./contract.ts";
import { wasiFunction } from "./define.ts";
import { ERROR } from "./io-error.ts";

const errorCode = enumOf([
  "unknown",
  "access-denied",
  "not-supported",
  "invalid-argument",
  "out-of-memory",
  "timeout",
  "concurrency-conflict",
  "not-in-progress",
  "would-block",
  "invalid-state",
  "new-socket-limit",
  "address-not-bindable",
  "address-in-use",
  "remote-unreachable",
  "connection-refused",
  "connection-reset",
  "connection-aborted",
  "datagram-too-large",
  "name-unresolvable",
  "temporary-resolver-failure",
  "permanent-resolver-failure",
]);
type ErrorCode = "access-denied" | "permanent-resolver-failure";

const NETWORK = new ResourceType("network");
const RESOLVE_ADDRESS_STREAM = new ResourceType("resolve-address-stream");
const ipAddressFamily = enumOf(["ipv4", "ipv6"]);

const refused = (error: ErrorCode): Result<never, ErrorCode> => ({ ok: false, error });

/** The interfaces of one protocol: a resource without functions, and the one that does not make it. */
function protocol(name: "tcp" | "udp", others: readonly string[]): readonly WasiInterface[] {
  const socket = new ResourceType(`${name}-socket`);
  const resources = [socket, ...others.map((other) => new ResourceType(other))];
  return [
    {
      name: `wasi:sockets/${name}`,
      resources: Object.fromEntries(resources.map((resource) => [resource.name, resource])),
      functions: {},
    },
    {
      name: `wasi:sockets/${name}-create-socket`,
      resources: {},
      functions: {
        [`create-${name}-socket`]: wasiFunction(
          [ipAddressFamily],
          result(own(socket), errorCode),
          () => refused("access-denied"),
        ),
      },
    },
  ];
}

export const sockets: readonly WasiInterface[] = [
  {
    name: "wasi:sockets/network",
    resources: { network: NETWORK },
    functions: {
      "network-error-code": wasiFunction([borrow(ERROR)], option(errorCode), () => undefined),
    },
  },
  {
    name: "wasi:sockets/instance-network",
    resources: {},
    functions: { "instance-network": wasiFunction([], own(NETWORK), () => ({})) },
  },
  {
    name: "wasi:sockets/ip-name-lookup",
    resources: { "resolve-address-stream": RESOLVE_ADDRESS_STREAM },
    functions: {
      "resolve-addresses": wasiFunction(
        [borrow(NETWORK), string],
        result(own(RESOLVE_ADDRESS_STREAM), errorCode),
        () => refused("permanent-resolver-failure"),
      ),
    },
  },
  ...protocol("tcp", []),
  ...protocol("udp", ["incoming-datagram-stream", "outgoing-datagram-stream"]),
];
