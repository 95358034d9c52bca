/**
 * Process libraries speak one version of the process interface.
 * @module
 */
import { PackageError } from "../errors.ts";
import type { BuildRequest } from "./contract.ts";
import { witText } from "./make-component-bun.ts";

const NEWEST = "kinode:process@1.0.0";

/**
 * Refuses a package that is written for an older interface than the library of the language.
 * @throws {PackageError} `kit.build-failed`
 */
export function requireNewestWit(request: BuildRequest, label: string): void {
  if (witText(request.witFolder).includes(NEWEST)) return;
  const reason = `the library for ${label} speaks ${NEWEST}, and this package asks for an older interface`;
  throw new PackageError(
    { code: "kit.build-failed", entry: request.sourceFolder, reason },
    `Cannot build ${request.sourceFolder}: ${reason}`,
    { hint: 'Write "wit_version": 1 into the properties of metadata.json' },
  );
}
