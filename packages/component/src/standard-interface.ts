/**
 * The functions of `kinode:process/standard`, one table for all versions (spec/kernel.md §1.3).
 * @module
 */
import { MESSAGING_PARAMS } from "@kinode-ts/types";
import type {
  Address,
  Capability,
  LazyLoadBlob,
  OnExit,
  OutgoingRequest,
  ProcessHost,
  ProcessId,
  Request,
  Response,
} from "@kinode-ts/types";
import type { HostFunctionType } from "./api.ts";
import type { AbiType } from "./canonical-abi/abi-type.ts";
import { bytes, list, string } from "./canonical-abi/lists.ts";
import type { ImportBinding } from "./canonical-abi/lower-function.ts";
import { lowerFunction } from "./canonical-abi/lower-function.ts";
import { tuple } from "./canonical-abi/records.ts";
import { bool, u8 } from "./canonical-abi/scalars.ts";
import { option, result } from "./canonical-abi/variants.ts";
import type { FiberPort } from "./fiber-port.ts";
import { hotBindings, peekBlob } from "./lower-hot.ts";
import type { StandardVersion } from "./select-interface.ts";
import {
  address,
  capabilities,
  deliveryTypes,
  lazyLoadBlob,
  onExit,
  outgoingRequests,
  processId,
  request,
  response,
  spawnError,
} from "./standard-types.ts";

const ALL: readonly StandardVersion[] = ["0.7.0", "0.8.0", "1.0.0"];
const SINCE_1: readonly StandardVersion[] = ["1.0.0"];

/** Fuel for the text of one printed line and the like: what the node spends on it beyond the call itself. */
const BYTES_PER_HOST_CALL = 64;

interface StandardFunction {
  readonly name: string;
  readonly versions: readonly StandardVersion[];
  readonly params: readonly AbiType<unknown>[];
  readonly result: AbiType<unknown> | undefined;
  readonly call: (host: ProcessHost, values: readonly unknown[], fiber: FiberPort) => unknown;
}

/** Types a table entry by its parameters. */
function entry<const P extends readonly AbiType<unknown>[], R>(
  name: string,
  versions: readonly StandardVersion[],
  params: P,
  resultType: AbiType<R> | undefined,
  call: (
    host: ProcessHost,
    values: { readonly [K in keyof P]: P[K] extends AbiType<infer T> ? T : never },
    fiber: FiberPort,
  ) => R | Promise<R> | void,
): StandardFunction {
  return { name, versions, params, result: resultType, call: call as StandardFunction["call"] };
}

const grantsSince1: AbiType<readonly (readonly [ProcessId, string])[]> = list(
  tuple(processId, string),
);
const grantsBefore1: AbiType<readonly ProcessId[]> = list(processId);

type Grants = readonly { readonly process: ProcessId; readonly params: string }[];
type SpawnParams = readonly [
  string | undefined,
  string,
  OnExit,
  readonly Capability[],
  unknown,
  boolean,
];

function spawnEntry<G>(
  versions: readonly StandardVersion[],
  grantsType: AbiType<G>,
  widen: (grants: G) => Grants,
): StandardFunction {
  const params = [option(string), string, onExit, capabilities, grantsType, bool];
  return entry("spawn", versions, params, result(processId, spawnError), (host, values) => {
    const [name, wasmPath, exit, requestCapabilities, grants, isPublic] =
      values as unknown as SpawnParams;
    const grantCapabilities = widen(grants as G);
    return host.spawn({
      name,
      wasmPath,
      onExit: exit,
      requestCapabilities,
      grantCapabilities,
      public: isPublic,
    });
  });
}

const FUNCTIONS: readonly StandardFunction[] = [
  entry("print-to-terminal", ALL, [u8, string], undefined, (host, [verbosity, text], fiber) => {
    fiber.spend(Math.ceil(text.length / BYTES_PER_HOST_CALL));
    host.print(verbosity, text);
  }),
  entry("our", SINCE_1, [], address, (host) => host.our),
  entry("get-on-exit", ALL, [], onExit, (host) => host.getOnExit()),
  entry("set-on-exit", ALL, [onExit], undefined, (host, [value]) => host.setOnExit(value)),
  entry("get-state", ALL, [], option(bytes), (host) => host.getState()),
  entry("set-state", ALL, [bytes], undefined, (host, [value]) => host.setState(value)),
  entry("clear-state", ALL, [], undefined, (host) => host.clearState()),
  spawnEntry(SINCE_1, grantsSince1, (grants) =>
    grants.map(([process, params]) => ({ process, params })),
  ),
  // before 1.0.0 each listed process gets exactly the right to message the child (K4)
  spawnEntry(["0.7.0", "0.8.0"], grantsBefore1, (grants) =>
    grants.map((process) => ({ process, params: MESSAGING_PARAMS })),
  ),
  entry("save-capabilities", ALL, [capabilities], undefined, (host, [held]) =>
    host.saveCapabilities(held),
  ),
  entry("drop-capabilities", ALL, [capabilities], undefined, (host, [held]) =>
    host.dropCapabilities(held),
  ),
  entry("our-capabilities", ALL, [], capabilities, (host, _values, fiber) => {
    const held = host.ourCapabilities();
    fiber.spend(held.length * 4);
    return held;
  }),
  entry("has-blob", SINCE_1, [], bool, (host) => host.hasBlob()),
  entry("last-blob", SINCE_1, [], option(lazyLoadBlob), (host) => peekBlob(host)),
  entry("send-requests", ALL, [outgoingRequests], undefined, (host, [requests], fiber) => {
    fiber.spend(requests.length * 4);
    return host.sendRequests(requests as readonly OutgoingRequest[]);
  }),
];

/** Types of the functions with hand-made lowerings, for checking what a component imports. */
function hotTypes(version: StandardVersion): Readonly<Record<string, HostFunctionType>> {
  const { received, awaited } = deliveryTypes(version);
  const blob: AbiType<LazyLoadBlob | undefined> = option(lazyLoadBlob);
  const to: AbiType<Address> = address;
  const asked: AbiType<Request> = request;
  const answered: AbiType<Response> = response;
  return {
    receive: { params: [], result: received },
    "get-blob": { params: [], result: blob },
    "send-request": { params: [to, asked, option(bytes), blob], result: undefined },
    "send-response": { params: [answered, blob], result: undefined },
    "send-and-await-response": { params: [to, asked, blob], result: awaited },
  };
}

function buildInterface(version: StandardVersion): ReadonlyMap<string, ImportBinding> {
  const bindings = new Map<string, ImportBinding>(
    hotBindings(hotTypes(version), deliveryTypes(version)),
  );
  for (const item of FUNCTIONS) {
    if (!item.versions.includes(version)) continue;
    bindings.set(
      item.name,
      lowerFunction(item, (fiber, values) => item.call(fiber.host, values, fiber)),
    );
  }
  return bindings;
}

const built = new Map<StandardVersion, ReadonlyMap<string, ImportBinding>>();

/** All functions of one version by name. Built once. */
export function standardInterface(version: StandardVersion): ReadonlyMap<string, ImportBinding> {
  let bindings = built.get(version);
  if (bindings === undefined) built.set(version, (bindings = buildInterface(version)));
  return bindings;
}
