/**
 * What the control interface works with.
 * @module
 */
import type { Kernel } from "@kinode-ts/kernel";
import type { NodePrinter } from "@kinode-ts/terminal";
import type { Clock, ProcessId, Random } from "@kinode-ts/types";
import type { PackageDisk } from "@kinode-ts/vfs";
import type { NetworkPowers } from "../network/local-network.ts";
import type { Installer } from "../packages/installer.ts";
import type { Permissions } from "../packages/permissions.ts";
import type { Uploads } from "./uploads.ts";

export interface ControlPowers {
  readonly kernel: Kernel;
  readonly installer: Installer;
  readonly permissions: Permissions;
  readonly uploads: Uploads;
  readonly disk: PackageDisk;
  readonly printer: NodePrinter;
  readonly clock: Clock;
  readonly random: Random;
  readonly network: NetworkPowers;
  readonly version: string;
  /** Address of the web interface; known once it listens. */
  readonly url: () => string;
  readonly appsPort: () => number;
  /** Modules that only say that they are not there. */
  readonly missingModules: ReadonlySet<ProcessId>;
  readonly startedAtMs: number;
  readonly issueLoginLink: () => string;
  /** Stops the node after the answer was given. */
  readonly shutdown: () => void;
}
