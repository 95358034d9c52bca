/**
 * What the processes of a package have asked for and have no answer to: while a package starts, that is what it waits for.
 * @module
 */
import type { Kernel } from "@kinode-ts/kernel";
import { type KernelMessage, packageOf, type ProcessId } from "@kinode-ts/types";

/** Answers when its time has come, which only the test moves. */
const TIMER = "timer:distro:sys";

export interface OpenQuestions extends Disposable {
  readonly count: number;
}

const isOf = (process: ProcessId, wanted: string): boolean => packageOf(process) === wanted;

export function watchOpenQuestions(kernel: Kernel, wanted: string): OpenQuestions {
  const open = new Set<string>();
  const keyOf = (message: KernelMessage, asker: ProcessId): string => `${message.id} ${asker}`;
  const stop = kernel.debug.watch((message, failure) => {
    const { source, target, message: content } = message;
    if (content.kind === "response") open.delete(keyOf(message, target.process));
    else if (failure !== undefined) open.delete(keyOf(message, source.process));
    else if (
      content.expectsResponse !== undefined &&
      target.process !== TIMER &&
      isOf(source.process, wanted)
    ) {
      open.add(keyOf(message, source.process));
    }
  });
  return {
    get count() {
      return open.size;
    },
    [Symbol.dispose]: stop,
  };
}
