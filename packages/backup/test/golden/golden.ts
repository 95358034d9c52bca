/**
 * What is in `golden.json`, made by `make.ts`.
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";

export interface Golden {
  readonly madeBy: string;
  readonly password: string;
  /** As `restic cat` shows them. */
  readonly masterKey: {
    readonly mac: { readonly k: string; readonly r: string };
    readonly encrypt: string;
  };
  readonly config: {
    readonly version: number;
    readonly id: string;
    readonly chunker_polynomial: string;
  };
  /** What restic lists. */
  readonly paths: readonly string[];
  /** All objects by path, base64. */
  readonly objects: Readonly<Record<string, string>>;
  /** A stream and the SHA-256 of the chunks that restic cut it into. */
  readonly stream: {
    readonly seed: number;
    readonly length: number;
    readonly polynomial: string;
    readonly chunks: readonly string[];
  };
}

export const GOLDEN_STREAM = { seed: 2_026, length: 24_000_000 } as const;

/** Random, then all the same for a while (cut at the largest size), then random. */
export function goldenStream(): Uint8Array {
  const random = createSeededRandom(GOLDEN_STREAM.seed);
  const bytes = new Uint8Array(GOLDEN_STREAM.length).fill(1);
  bytes.set(random.bytes(7_000_000));
  bytes.set(random.bytes(6_000_000), 18_000_000);
  return bytes;
}
