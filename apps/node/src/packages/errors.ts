/**
 * Why a package was not installed, updated or removed.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type InstallFault =
  | { code: "install.program"; package: string; file: string; reason: string }
  | { code: "install.start"; package: string; process: string; reason: string }
  | { code: "install.not-installed"; package: string }
  | { code: "install.bundled"; package: string }
  | { code: "install.needs-install"; package: string; reason: string }
  | { code: "install.unknown-capability"; holder: string; issuer: string; params: string }
  | { code: "install.unknown-process"; process: string }
  | { code: "install.failed"; package: string; reason: string };

/** Nothing was changed: what was installed before runs on with what it held before. */
export class InstallError extends KinodeError<InstallFault> {
  override name = "InstallError";
}
