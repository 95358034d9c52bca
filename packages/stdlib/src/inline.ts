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

/** As for `spawn`; name and function are chosen by `spawnInline`. */
export interface InlineOptions extends Omit<SpawnOptions, "entry" | "name"> {
  /** File of this bundle in our package's `pkg` drive. Default: `<name of our process>.js`. */
  readonly entry?: string;
}

const bodies: InlineBody[] = [];
const NAME = /^inline-(\d+)-\d+$/;

/**
 * Declares a function that `spawnInline` can start as a process, and gives it back. Call it at the top level of the file:
 * what the function uses besides its parameters must be there too, as the child is a process of its own.
 */
export function inline<T extends InlineBody>(body: T): T {
  bodies.push(body);
  return body;
}

/**
 * Starts a declared function as a child with one text as its argument.
 * Rejects with a `SpawnError`; with a `TypeError` for a function that was not declared with `inline`, and inside such a
 * child when `entry` is not given.
 */
export async function spawnInline(
  body: InlineBody,
  arg = "",
  options: InlineOptions = {},
): Promise<ProcessId> {
  const index = bodies.indexOf(body);
  if (index < 0) {
    throw new TypeError("spawnInline starts functions declared with inline(…) at the top level");
  }
  const { node, process } = our();
  if (options.entry === undefined && NAME.test(process)) {
    throw new TypeError("A child cannot know the file of its bundle: give spawnInline an `entry`");
  }
  const entry = options.entry ?? `${process}.js`;
  const child = await spawn({
    ...options,
    entry,
    name: `inline-${index}-${randomName()}`,
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
