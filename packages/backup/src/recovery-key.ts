/**
 * A recovery key: what a person writes down, and what opens a repository on a new machine.
 *
 * 26 digits of 5 random bits (130 bits) and 4 that check them, in groups: `K7DFM-2Q9XZ-…`. Its text with the dashes is the
 * password of a restic key, so `restic` opens the repository with it, too.
 * @module
 */
import type { Random } from "@kinode-ts/types";
import { BackupError } from "./errors.ts";
import { sha256 } from "./host-codec-bun.ts";

/** Canonical text: six groups of five digits. Give it to `openRepository` as the password. */
export type RecoveryKey = string & { readonly __brand: "RecoveryKey" };

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford's: no I, L, O, U
const SECRET_COUNT = 26;
const CHECK_COUNT = 4;
const GROUP = 5;

/** @param random - cryptographically secure */
export function createRecoveryKey(random: Random): RecoveryKey {
  const secret = [...random.bytes(SECRET_COUNT)].map((byte) => DIGITS[byte & 31]!).join("");
  return group(secret + check(secret));
}

/**
 * Reads what a person typed: small letters, spaces, missing dashes, O for 0 and I or L for 1 are understood.
 * @throws {BackupError} `backup.bad-recovery-key`
 */
export function parseRecoveryKey(text: string): RecoveryKey {
  const digits = text
    .slice(0, 200)
    .toUpperCase()
    .replace(/[\s-]/g, "")
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
  const length = SECRET_COUNT + CHECK_COUNT;
  if (digits.length !== length)
    throw bad(`it has ${digits.length} letters and digits, not ${length}`);
  const strange = [...digits].find((digit) => !DIGITS.includes(digit));
  if (strange !== undefined) throw bad(`"${strange}" does not occur in recovery keys`);
  const secret = digits.slice(0, SECRET_COUNT);
  if (check(secret) !== digits.slice(SECRET_COUNT)) {
    throw bad("its last letters do not fit the rest; a letter is wrong or swapped");
  }
  return group(digits);
}

function bad(why: string): BackupError {
  return new BackupError({ code: "backup.bad-recovery-key", why });
}

function check(secret: string): string {
  const hash = sha256(new TextEncoder().encode(`kinode recovery key ${secret}`));
  return [...hash.subarray(0, CHECK_COUNT)].map((byte) => DIGITS[byte & 31]!).join("");
}

function group(digits: string): RecoveryKey {
  const groups = digits.match(new RegExp(`.{${GROUP}}`, "g")) ?? [];
  return groups.join("-") as RecoveryKey;
}
