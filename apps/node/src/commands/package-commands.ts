/**
 * The existing kit's commands that combine building with a running node.
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { buildPackage, openPackageFolder } from "@kinode-ts/kit";
import { type ControlNode, isProcessId } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { homeFolder } from "../boot/home-folder.ts";
import { readToken } from "../boot/run-file.ts";
import { type BuildFlags, buildOptions, packBuilt } from "./build-commands.ts";
import { connectToNode } from "./control-client.ts";
import { installCommand, type InstallFlags, uninstallCommand } from "./install-command.ts";
import type { CommandFlags } from "./node-commands.ts";
import { type Output, plain } from "./output.ts";

export async function startPackageCommand(
  folder: string,
  flags: InstallFlags,
  output: Output,
): Promise<void> {
  await installCommand(await packBuilt(folder), flags, output);
}

export async function buildStartPackageCommand(
  folder: string,
  flags: InstallFlags & BuildFlags,
  output: Output,
): Promise<void> {
  // Before a long build, look whether there is a node to install into.
  connectToNode(flags.home);
  await buildPackage(folder, buildOptions(flags));
  await installCommand(await packBuilt(folder, flags.component), flags, output);
}

export interface RemoveFlags extends CommandFlags {
  readonly package?: string;
  readonly publisher?: string;
  readonly purge?: boolean;
}

export async function removePackageCommand(
  folder: string,
  flags: RemoveFlags,
  output: Output,
): Promise<void> {
  const { package: name, publisher } = flags;
  if ((name === undefined) !== (publisher === undefined)) {
    throw new NodeError(
      { code: "node.usage", reason: "half a package id" },
      "--package and --publisher belong together",
      { hint: "Without both, the package of the folder is removed" },
    );
  }
  const id = name === undefined ? openPackageFolder(folder).metadata.id : `${name}:${publisher}`;
  await uninstallCommand(id, flags, output);
}

export interface InjectFlags extends CommandFlags {
  readonly node?: string;
  readonly blob?: string;
  readonly nonBlock?: boolean;
}

const ANSWER_SECONDS = 15;

interface InjectAnswer {
  readonly body: readonly number[];
  readonly lazy_load_blob: { readonly mime: string | null; readonly bytes: string } | null;
}

function readBlob(path: string | undefined): string | null {
  if (path === undefined) return null;
  if (!existsSync(path)) {
    throw new NodeError({ code: "node.usage", reason: "no blob" }, `There is no file "${path}"`);
  }
  return new Uint8Array(readFileSync(path)).toBase64();
}

function checkRequest(process: string, body: string): void {
  if (!isProcessId(process)) {
    throw new NodeError(
      { code: "node.usage", reason: "process id" },
      `"${process}" is not a process id`,
      { hint: "It is process:package:publisher, such as main:app-store:sys" },
    );
  }
  try {
    JSON.parse(body);
  } catch {
    throw new NodeError({ code: "node.usage", reason: "body" }, "The body is not JSON", {
      hint: "A text needs quotes inside quotes: '\"hello\"'",
    });
  }
}

/** Source: spec/packages-and-tools.md §21. */
export async function injectCommand(
  process: string,
  body: string,
  flags: InjectFlags,
  output: Output,
): Promise<void> {
  checkRequest(process, body);
  const data = readBlob(flags.blob);
  const { url } = await connectToNode(flags.home).get<ControlNode>("node");
  const response = await fetch(`${url}/rpc:distro:sys/message`, {
    method: "POST",
    headers: { authorization: `Bearer ${readToken(homeFolder(flags.home)) ?? ""}` },
    body: JSON.stringify({
      node: flags.node ?? null,
      process,
      inherit: false,
      expects_response: flags.nonBlock === true ? null : ANSWER_SECONDS,
      body,
      metadata: null,
      context: null,
      mime: data === null ? null : "application/octet-stream",
      data,
    }),
  });
  const text = await response.text();
  if (!response.ok) {
    const reason = text.trim() === "" ? `no answer within ${ANSWER_SECONDS} s` : plain(text);
    throw new NodeError(
      { code: "node.answer", status: response.status, reason },
      `${process}: ${reason} (status ${response.status})`,
      { hint: "Look with kinode ps whether it runs, and with kinode logs for what it says" },
    );
  }
  if (flags.nonBlock === true)
    return output.line(flags.json === true ? "{}" : `Sent to ${process}.`);
  const answer = JSON.parse(text) as InjectAnswer;
  const answered = new TextDecoder().decode(Uint8Array.from(answer.body));
  if (flags.json === true) {
    return output.line(JSON.stringify({ body: answered, blob: answer.lazy_load_blob }));
  }
  output.line(plain(answered));
  if (answer.lazy_load_blob !== null) {
    const { length } = Uint8Array.fromBase64(answer.lazy_load_blob.bytes);
    output.line(`(and a blob of ${length} bytes)`);
  }
}
