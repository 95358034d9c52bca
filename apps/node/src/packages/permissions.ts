/**
 * The person's decisions about capabilities while processes run: see, withdraw, give back.
 * @module
 */
import { describeCapability } from "@kinode-ts/caps";
import type { CapabilityGrant, Kernel } from "@kinode-ts/kernel";
import {
  type ControlGrant,
  type ControlGrantChange,
  isProcessId,
  NameError,
  type NodeId,
  packageOf,
  parseAddress,
  type ProcessId,
} from "@kinode-ts/types";
import { InstallError } from "./errors.ts";
import { grantFromText, grantKey, grantToText, isOwnMessaging } from "./grants.ts";
import type { PackageRecords } from "./package-records.ts";

export interface PermissionPowers {
  readonly our: NodeId;
  readonly kernel: Kernel;
  readonly records: PackageRecords;
}

interface Known {
  readonly grant: CapabilityGrant;
  readonly origin: ControlGrant["origin"];
}

export class Permissions {
  readonly #powers: PermissionPowers;

  constructor(powers: PermissionPowers) {
    this.#powers = powers;
  }

  /** Every capability of installed packages: asked for, acquired since, or withdrawn. */
  list(): ControlGrant[] {
    const known = new Map<string, Known>();
    const add = (grant: CapabilityGrant, origin: ControlGrant["origin"]): void => {
      const key = grantKey(grant);
      if (!known.has(key)) known.set(key, { grant, origin });
    };
    const { records, kernel, our } = this.#powers;
    for (const record of records.list()) {
      for (const text of record.requested) add(grantFromText(text), "requested");
    }
    const installed = new Set(records.list().map((record) => record.id));
    for (const info of kernel.processes()) {
      if (!installed.has(packageOf(info.id))) continue;
      for (const capability of info.capabilities) {
        const grant = { holder: info.id, capability };
        if (!isOwnMessaging(grant, our)) add(grant, "acquired");
      }
    }
    for (const grant of records.withdrawn()) add(grant, "acquired");
    const held = new Map<ProcessId, ReadonlySet<string>>();
    return [...known.values()].map((each) => this.#show(each, held));
  }

  /** How many requested capabilities of a package are not held. */
  withdrawnCount(processes: ReadonlySet<string>): number {
    return this.#powers.records.withdrawn().filter(({ holder }) => processes.has(holder)).length;
  }

  /**
   * Gives a capability, also one that nobody asked for.
   * @throws {InstallError} unknown holder, or text that is no capability
   */
  async grant(change: ControlGrantChange): Promise<ControlGrant> {
    const { kernel, records } = this.#powers;
    const grant = this.#read(change);
    await kernel.grant([grant]);
    await kernel.commit([
      records.giveBack(grant),
      records.audit({ action: "grant", ...this.#line(grant), by: "person" }),
    ]);
    return this.#show({ grant, origin: this.#originOf(grant) }, new Map());
  }

  /**
   * Takes a capability away at once, and remembers it so that neither a restart nor an update gives it back.
   * @throws {InstallError} the holder does not hold it
   */
  async revoke(change: ControlGrantChange): Promise<ControlGrant> {
    const { kernel, records } = this.#powers;
    const grant = this.#read(change);
    if (!this.#holds(grant, new Map())) {
      const { holder, issuer, params } = grantToText(grant);
      throw new InstallError(
        { code: "install.unknown-capability", holder, issuer, params },
        `"${holder}" does not hold the capability ${params} of "${issuer}"`,
        { hint: 'See what it holds with "kinode caps ls"' },
      );
    }
    // Remembered first: a node that dies in between must not give it back at its next start.
    await kernel.commit([
      records.withdraw(grant),
      records.audit({ action: "revoke", ...this.#line(grant), by: "person" }),
    ]);
    await kernel.revoke([grant]);
    return this.#show({ grant, origin: this.#originOf(grant) }, new Map());
  }

  /** A capability in words, as pages and prompts show it. */
  describe(grant: CapabilityGrant): Pick<ControlGrant, "description" | "risk"> {
    const { text, risk } = describeCapability(grant.capability, this.#powers.our, grant.holder);
    return { description: text, risk };
  }

  #line(grant: CapabilityGrant): { readonly subject: string; readonly detail: string } {
    const { holder, issuer, params } = grantToText(grant);
    return { subject: holder, detail: `${issuer} ${params}` };
  }

  #read(change: ControlGrantChange): CapabilityGrant {
    const { kernel, our } = this.#powers;
    const grant = readGrant(change, our);
    if (kernel.process(grant.holder) === undefined) {
      throw new InstallError(
        { code: "install.unknown-process", process: change.holder },
        `There is no process "${change.holder}" on this node`,
        { hint: 'See all processes with "kinode ps"' },
      );
    }
    return grant;
  }

  #originOf(grant: CapabilityGrant): ControlGrant["origin"] {
    const key = grantKey(grant);
    const isRequested = this.#powers.records
      .list()
      .some((record) => record.requested.some((text) => grantKey(grantFromText(text)) === key));
    return isRequested ? "requested" : "acquired";
  }

  #holds(grant: CapabilityGrant, cache: Map<ProcessId, ReadonlySet<string>>): boolean {
    const { kernel } = this.#powers;
    let keys = cache.get(grant.holder);
    if (keys === undefined) {
      const held = kernel.process(grant.holder) ? kernel.capabilitiesOf(grant.holder) : [];
      keys = new Set(held.map((capability) => grantKey({ holder: grant.holder, capability })));
      cache.set(grant.holder, keys);
    }
    return keys.has(grantKey(grant));
  }

  #show({ grant, origin }: Known, cache: Map<ProcessId, ReadonlySet<string>>): ControlGrant {
    return {
      ...grantToText(grant),
      ...this.describe(grant),
      granted: this.#holds(grant, cache),
      origin,
    };
  }
}

/** Reads a grant from outside; `our` as node, and params that are not JSON as a JSON text, are understood. */
export function readGrant(change: ControlGrantChange, our: NodeId): CapabilityGrant {
  const fail = (reason: string) =>
    new InstallError(
      { code: "install.unknown-capability", ...change },
      `Cannot read the capability: ${reason}`,
      {
        hint: 'A capability is a holder, an issuer "our@process:package:publisher" and JSON params',
      },
    );
  if (!isProcessId(change.holder)) throw fail(`"${change.holder}" is not a process id`);
  try {
    JSON.parse(change.params);
  } catch {
    throw fail(`the params ${change.params} are not JSON`);
  }
  try {
    const issuer = parseAddress(change.issuer);
    const node = issuer.node === "our" ? our : issuer.node;
    return {
      holder: change.holder,
      capability: { issuer: { node, process: issuer.process }, params: change.params },
    };
  } catch (thrown) {
    if (thrown instanceof NameError) throw fail(thrown.message);
    throw thrown;
  }
}
