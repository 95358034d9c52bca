/**
 * Child processes written as a function beside their parent.
 * The child runs the same bundle as its parent; its name says which function it is, so both have to declare their
 * functions at the top level of the file, in the same order.
 * Source: spec/packages-and-tools.md §25.1 (`Spawn!`).
 * @module
 */
import type { Address, ProcessId } from "./address.ts";
import { randomName } from "./address.ts";
import { our, receive, send } from "./send.ts";
import type { SpawnOptions } from "./spawn.ts";
import { spawn } from "./spawn.ts";

/** What the child runs; it ends when this settles. */
export type InlineBody = (our: Address, arg: string) => Promise<void> | void;

/** A function declared with `inline`. */
export interface Inline {
  readonly index: number;
}

export interface InlineOptions extends Omit<SpawnOptions, "entry" | "name"> {
  /** File of this bundle in our package's `pkg` drive. Default: `<name of our process>.js`. */
  readonly entry?: string;
}

const bodies: InlineBody[] = [];
const NAME = /^inline-(\d+)-\d+$/;

/** Declares a function that `spawnInline` can start as a process. Call it at the top level of the file. */
export function inline(body: InlineBody): Inline {
  return { index: bodies.push(body) - 1 };
}

/**
 * Starts a declared function as a child with one text as its argument.
 * Rejects with a `SpawnError`, or with a `TypeError` inside such a child when `entry` is not given.
 */
export async function spawnInline(
  declared: Inline,
  arg = "",
  options: InlineOptions = {},
): Promise<ProcessId> {
  const { node, process } = our();
  if (options.entry === undefined && NAME.test(process)) {
    throw new TypeError("A child cannot know the file of its bundle: give spawnInline an `entry`");
  }
  const entry = options.entry ?? `${process}.js`;
  const child = await spawn({
    ...options,
    entry,
    name: `inline-${declared.index}-${randomName()}`,
  });
  await send(`${node}@${child.toString()}`, arg);
  return child;
}

/** The function that a process with this address runs; `undefined` for an ordinary process. */
export function inlineBody(address: Address): InlineBody | undefined {
  const index = NAME.exec(address.process)?.[1];
  return index === undefined ? undefined : bodies[Number(index)];
}

/** Runs such a process: its first request from its own package is its argument. */
export async function runInline(body: InlineBody, address: Address): Promise<void> {
  let message = await receive();
  const owner = address.packageId().toString();
  while (
    message.kind !== "request" ||
    !message.isLocal ||
    message.source.packageId().toString() !== owner
  ) {
    message = await receive();
  }
  await body(address, message.text());
}
