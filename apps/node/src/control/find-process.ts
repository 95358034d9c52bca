/** The process that a request of the control interface is about. */
import type { Kernel, ProcessInfo } from "@kinode-ts/kernel";
import type { ProcessId } from "@kinode-ts/types";
import { ControlFault } from "./answers.ts";

/**
 * @param whyNotModule - ends the sentence `"<id>" is a part of the node itself and …`
 * @throws {ControlFault} 404 no such process, 409 a module
 */
export function findProcess(kernel: Kernel, id: string, whyNotModule: string): ProcessInfo {
  const info = kernel.process(id as ProcessId);
  if (info === undefined) {
    throw new ControlFault(
      404,
      "control.unknown-process",
      `There is no process "${id}" on this node`,
    );
  }
  if (info.state === "module") {
    throw new ControlFault(
      409,
      "control.module",
      `"${id}" is a part of the node itself and ${whyNotModule}`,
    );
  }
  return info;
}
