/**
 * Accounts of packages in memory.
 * @module
 */
import type { DiskAccount, DiskAccounts } from "@kinode-ts/types";

export class TestAccount implements DiskAccount {
  usedBytes = 0;
  limitBytes = Infinity;

  hasRoom(bytes: number): boolean {
    return bytes <= 0 || this.usedBytes + bytes <= this.limitBytes;
  }

  book(deltaBytes: number): void {
    this.usedBytes += deltaBytes;
  }
}

/** One account for every package; a promise the first time, as the real ones. */
export function testAccounts(account: TestAccount): DiskAccounts {
  let isKnown = false;
  return {
    account() {
      if (isKnown) return account;
      isKnown = true;
      return Promise.resolve(account);
    },
  };
}
