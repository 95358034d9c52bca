/**
 * What each package occupies on the disk, and how much a person lets it have.
 * An extension: the reference knows no quotas. The modules that write book here; each package is counted once, at first use.
 * @module
 */
import type { DiskAccount, DiskAccounts, StoreChange, StoreRow } from "@kinode-ts/types";

/** Name of the stored records: key = package, value = `{"bytes": n}`. */
export const DISK_LIMITS_SPACE = "disk-limits";

/** Largest limit in bytes: what a number counts exactly. */
export const MAX_DISK_LIMIT_BYTES = Number.MAX_SAFE_INTEGER;

export interface PackageDiskOptions {
  /** Bytes of all files of a package as they lie on the disk now. Rejects when the disk does not answer: then the next one who asks tries again. */
  readonly count: (owner: string) => Promise<number>;
  /** Packages that have files, in no order. */
  readonly owners: () => Promise<readonly string[]>;
}

export interface PackageUsage {
  readonly owner: string;
  readonly usedBytes: number;
  /** `Infinity` without a limit. */
  readonly limitBytes: number;
}

class Account implements DiskAccount {
  usedBytes = 0;
  limitBytes: number;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  hasRoom(bytes: number): boolean {
    return bytes <= 0 || this.usedBytes + bytes <= this.limitBytes;
  }

  book(deltaBytes: number): void {
    this.usedBytes = Math.max(0, this.usedBytes + deltaBytes);
  }
}

/** The accounts of a node. Create it before the modules, and `load` the limits before they start. */
export class PackageDisk implements DiskAccounts {
  readonly #options: PackageDiskOptions;
  readonly #limits = new Map<string, number>();
  /** Never replaced once counted: modules keep them. */
  readonly #accounts = new Map<string, Account | Promise<Account>>();

  constructor(options: PackageDiskOptions) {
    this.#options = options;
  }

  account(owner: string): DiskAccount | Promise<DiskAccount> {
    return this.#account(owner);
  }

  /** Takes in stored rows; what is not understood is left out. */
  load(rows: readonly StoreRow[]): void {
    for (const { key, value } of rows) {
      const bytes = parse(value);
      if (bytes !== undefined) this.#limits.set(key, bytes);
    }
  }

  /**
   * Sets the limit of a package, or takes it away; it holds at once, also below what is used: then nothing more is
   * written. Returns what to store.
   * @throws {RangeError} not a whole number from 0 to `MAX_DISK_LIMIT_BYTES`
   */
  async setLimit(owner: string, bytes: number | undefined): Promise<StoreChange> {
    if (bytes !== undefined && !isLimit(bytes)) {
      throw new RangeError(
        `Cannot limit the disk space of ${owner} to ${bytes} bytes: take a whole number from 0 to ${MAX_DISK_LIMIT_BYTES}`,
      );
    }
    if (bytes === undefined) this.#limits.delete(owner);
    else this.#limits.set(owner, bytes);
    (await this.#account(owner)).limitBytes = this.#limitOf(owner);
    const record = { space: DISK_LIMITS_SPACE, key: owner };
    return bytes === undefined
      ? { kind: "delete-record", ...record }
      : { kind: "put-record", ...record, value: JSON.stringify({ bytes }) };
  }

  async usage(owner: string): Promise<PackageUsage> {
    const { usedBytes, limitBytes } = await this.#account(owner);
    return { owner, usedBytes, limitBytes };
  }

  /** Every package that has files or a limit, by name. */
  async list(): Promise<readonly PackageUsage[]> {
    const owners = new Set([...(await this.#options.owners()), ...this.#limits.keys()]);
    return await Promise.all([...owners].toSorted().map((owner) => this.usage(owner)));
  }

  #limitOf(owner: string): number {
    return this.#limits.get(owner) ?? Infinity;
  }

  #account(owner: string): Account | Promise<Account> {
    const known = this.#accounts.get(owner);
    if (known !== undefined) return known;
    const counted = this.#count(owner);
    this.#accounts.set(owner, counted);
    counted.catch(() => this.#accounts.delete(owner));
    return counted;
  }

  async #count(owner: string): Promise<Account> {
    const usedBytes = await this.#options.count(owner);
    // Read after counting: it may have been set meanwhile.
    const account = new Account(this.#limitOf(owner));
    account.book(usedBytes);
    this.#accounts.set(owner, account);
    return account;
  }
}

function isLimit(bytes: number): boolean {
  return Number.isSafeInteger(bytes) && bytes >= 0;
}

function parse(text: string): number | undefined {
  try {
    const { bytes } = JSON.parse(text) as { bytes: unknown };
    return typeof bytes === "number" && isLimit(bytes) ? bytes : undefined;
  } catch {
    return undefined;
  }
}
