/**
 * Where test programs lie, and who may put them there.
 * Source: spec/packages-and-tools.md §20.1.
 * @module
 */
import { Capability, our, send } from "@kinode-ts/stdlib";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";
import { createDrive } from "@kinode-ts/stdlib/vfs";

/** Programs of the packages that a test needs. */
export const SETUP_DRIVE = "/tester:sys/setup";
/** Programs of the tests themselves, and `capabilities.json`. */
export const TESTS_DRIVE = "/tester:sys/tests";

const HTTP_SERVER = "http-server:distro:sys";

/** Makes both drives and lets files be written to them over HTTP. */
export async function prepareDrives(): Promise<void> {
  for (const drive of [SETUP_DRIVE, TESTS_DRIVE]) {
    await createDrive(drive.slice(drive.lastIndexOf("/") + 1));
    const write = Capability.withJson(`${our.node}@vfs:distro:sys`, { kind: "write", drive });
    const grant = { target: HTTP_SERVER, capabilities: [write] };
    await send(KERNEL, kernelCommand({ GrantCapabilities: grant }));
  }
}
