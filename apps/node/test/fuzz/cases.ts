/**
 * Cases: the same seed and number make the same message.
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";
import type { ProcessId } from "@kinode-ts/types";
import { mutateBlob, mutateTree, once, toBody } from "./mutate.ts";
import type { Target } from "./seeds.ts";
import { SOURCES } from "./world.ts";

export interface Case {
  readonly index: number;
  readonly source: string;
  /** Not ours: it comes from the network. */
  readonly node: string | undefined;
  readonly target: ProcessId;
  readonly body: Uint8Array;
  readonly blob: Uint8Array | undefined;
  readonly metadata: string | undefined;
  readonly expectsResponse: number | undefined;
}

/** Seconds. What is documented to be silent must not keep the run waiting. */
const PATIENCE_SECONDS = 20;
const SHORT_PATIENCE_SECONDS = 1;
const FOREIGN_PROCESSES = [
  "kernel:distro:sys",
  "main:p:x.os",
  "vfs:distro:sys",
  "terminal:terminal:sys",
];

export function createCase(target: Target, seed: number, index: number): Case {
  const dice = createSeededRandom(seed * 16_777_216 + index);
  const chosen = dice.pick(target.seeds);
  const body = toBody(mutateTree(chosen.body, dice, dice.pick(target.seeds).body), dice);
  const isForeign = once(dice, 20);
  const text = new TextDecoder().decode(body);
  const maySayNothing = target.silentAbout?.test(text) ?? false;
  return {
    index,
    source: isForeign
      ? dice.pick(FOREIGN_PROCESSES)
      : once(dice, 2)
        ? SOURCES[0]
        : dice.pick(SOURCES),
    node: isForeign ? dice.pick(["bob.os", "our.os", "alice.os.evil", ""]) : undefined,
    target: target.process as ProcessId,
    body,
    blob: mutateBlob(chosen.blob, dice),
    metadata: once(dice, 10) ? "\u001b[2J{}" : undefined,
    expectsResponse: once(dice, 8)
      ? undefined
      : maySayNothing
        ? SHORT_PATIENCE_SECONDS
        : PATIENCE_SECONDS,
  };
}

/** A case for a person to read. */
export function describeCase({ index, source, node, body, blob }: Case): string {
  const shown = (bytes: Uint8Array): string =>
    JSON.stringify(new TextDecoder().decode(bytes.slice(0, 400)));
  const extra =
    blob === undefined ? "" : `, blob of ${blob.length} bytes ${shown(blob.slice(0, 60))}`;
  const more = body.length > 400 ? ` … ${body.length} bytes` : "";
  return `case ${index} from ${node === undefined ? "" : `${node}@`}${source}: ${shown(body)}${more}${extra}`;
}
