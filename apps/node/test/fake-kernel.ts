/**
 * The part of the kernel's face that the installer uses, over a store, without running anything.
 * @module
 */
import { capabilityKey } from "@kinode-ts/caps";
import type { CapabilityGrant, Kernel, ProcessInfo, ProcessRegistration } from "@kinode-ts/kernel";
import {
  messagingCapability,
  type Capability,
  type ProcessId,
  type Store,
  type StoreChange,
} from "@kinode-ts/types";

interface Entry {
  readonly registration: ProcessRegistration;
  state: ProcessInfo["state"];
}

export interface FakeKernel extends Kernel {
  /** Loads the store's rows, as a boot does. */
  boot(): Promise<void>;
  /** Processes whose `run` fails, with the reason. */
  readonly broken: Map<string, string>;
}

const SIGNATURE = new Uint8Array(64);

export function createFakeKernel(
  our: string,
  store: Store,
  modules: readonly string[],
): FakeKernel {
  const entries = new Map<ProcessId, Entry>();
  const held = new Map<ProcessId, Map<string, Capability>>();
  const broken = new Map<string, string>();
  const table = (id: ProcessId) => held.get(id) ?? held.set(id, new Map()).get(id)!;
  const putRow = (holder: ProcessId, capability: Capability): StoreChange => ({
    kind: "put-capability",
    capability: { ...capability, holder, key: capabilityKey(capability), signature: SIGNATURE },
  });
  const info = (id: ProcessId): ProcessInfo | undefined => {
    const entry = entries.get(id);
    if (entry === undefined) return undefined;
    const { wasmBytesHandle, witVersion, onExit, public: isPublic } = entry.registration;
    return {
      id,
      wasmBytesHandle,
      witVersion,
      onExit,
      public: isPublic,
      state: entry.state,
      capabilities: [...table(id).values()],
      mailboxCount: 0,
      mailboxBytes: 0,
      refusedCount: 0,
      usage: undefined,
      cpuLimit: { shares: 1, burstMs: 200 },
    };
  };
  const change = async (
    grants: readonly CapabilityGrant[],
    apply: (grant: CapabilityGrant, key: string) => StoreChange,
  ) => {
    const known = grants.filter(({ holder }) => entries.has(holder));
    await store.commit(known.map((grant) => apply(grant, capabilityKey(grant.capability))));
  };
  const kernel = {
    our,
    broken,
    async boot() {
      for (const id of modules as ProcessId[]) {
        entries.set(id, {
          registration: {
            id,
            wasmBytesHandle: "",
            witVersion: undefined,
            onExit: { kind: "restart" },
            public: false,
            capabilities: [],
          },
          state: "module",
        });
      }
      for (const record of await store.processes()) {
        entries.set(record.id, { registration: { ...record, capabilities: [] }, state: "running" });
      }
      for (const row of await store.capabilities()) table(row.holder).set(row.key, row);
    },
    process: info,
    processes: () => [...entries.keys()].map((id) => info(id)!),
    capabilitiesOf: (id: ProcessId) =>
      [...table(id).values()].map((each) => ({ ...each, signature: SIGNATURE })),
    async register(registrations: readonly ProcessRegistration[]) {
      for (const registration of registrations) {
        const { id, wasmBytesHandle, witVersion, onExit, public: isPublic } = registration;
        const capabilities = [...registration.capabilities, messagingCapability(our, id)];
        await store.commit([
          {
            kind: "put-process",
            record: { id, wasmBytesHandle, witVersion, onExit, public: isPublic },
          },
          ...capabilities.map((each) => putRow(id, each)),
        ]);
        entries.set(id, { registration, state: "initialized" });
        for (const each of capabilities) table(id).set(capabilityKey(each), each);
      }
    },
    async run(ids: readonly ProcessId[]) {
      return new Map(
        ids.map((id) => {
          const reason = broken.get(entries.get(id)?.registration.wasmBytesHandle ?? "");
          const entry = entries.get(id);
          if (entry === undefined) return [id, "there is no such process"] as const;
          if (reason === undefined) entry.state = "running";
          return [id, reason] as const;
        }),
      );
    },
    async kill(id: ProcessId, options: { keepGrants?: boolean } = {}) {
      const entry = entries.get(id);
      if (entry === undefined || entry.state === "module") return false;
      const revoked =
        options.keepGrants === true
          ? []
          : [...held].flatMap(([holder, map]) =>
              [...map]
                .filter(([, capability]) => capability.issuer.process === id)
                .map(([key]) => ({ holder, key })),
            );
      await store.commit([
        { kind: "delete-process", id },
        ...revoked.map((row): StoreChange => ({ kind: "delete-capability", ...row })),
      ]);
      for (const { holder, key } of revoked) table(holder).delete(key);
      entries.delete(id);
      held.delete(id);
      return true;
    },
    grant: (grants: readonly CapabilityGrant[]) =>
      change(grants, ({ holder, capability }, key) => {
        table(holder).set(key, capability);
        return putRow(holder, capability);
      }),
    revoke: (grants: readonly CapabilityGrant[]) =>
      change(grants, ({ holder }, key) => {
        table(holder).delete(key);
        return { kind: "delete-capability", holder, key };
      }),
    commit: (changes: readonly StoreChange[]) => store.commit(changes),
    subscribe: () => () => {},
  };
  return kernel as unknown as FakeKernel;
}
