/**
 * `kinode install` and `uninstall`: shows what a package asks for, asks, installs.
 * @module
 */
import type { ControlApp, ControlGrantChange, ControlInspection } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { connectToNode } from "./control-client.ts";
import type { Output } from "./output.ts";
import { plain } from "./output.ts";
import { readPackageSource } from "./package-source.ts";

type Asked = ControlInspection["capabilities"][number];

export interface InstallFlags {
  readonly home: string;
  readonly yes?: boolean;
  readonly deny?: readonly string[];
  readonly json?: boolean;
}

const RISK = { usual: " ", powerful: "!", "full-control": "!!" } as const;

/** One line in plain words. A package of several processes is told apart by their names. */
function describe(asked: Asked, { id, processes }: ControlInspection): string {
  const isOwn = asked.holder.endsWith(`:${id}`);
  const [name = ""] = asked.holder.split(":");
  const own = processes.length > 1 ? `Its process ${name} may` : "It may";
  const who = isOwn ? own : `${asked.holder} may`;
  const state = asked.withdrawn === true ? " (refused earlier)" : asked.approved ? "" : " (new)";
  return `  ${RISK[asked.risk].padEnd(2)} ${who} ${plain(asked.description)}${state}`;
}

function matches(asked: Asked, wanted: string): boolean {
  const [process = "", ...params] = wanted.trim().split(" ");
  const issuer = asked.issuer.slice(asked.issuer.indexOf("@") + 1);
  const isIssuer = process === issuer || process === asked.issuer;
  return isIssuer && (params.length === 0 || params.join(" ") === asked.params);
}

/** The capabilities named by `--deny`. @throws {NodeError} one that is not asked for */
export function deniedBy(inspection: ControlInspection, deny: readonly string[]): Asked[] {
  return deny.flatMap((wanted) => {
    const found = inspection.capabilities.filter((asked) => matches(asked, wanted));
    if (found.length > 0) return found;
    const choices = new Set(
      inspection.capabilities.map(({ issuer }) => issuer.slice(issuer.indexOf("@") + 1)),
    );
    throw new NodeError(
      { code: "node.usage", reason: "deny" },
      `The package does not ask for "${wanted}"`,
      { hint: `It asks for: ${[...choices].join(", ")}. Params may follow after a space` },
    );
  });
}

function show(inspection: ControlInspection, output: Output): void {
  const { id, name, version, installedVersion, capabilities } = inspection;
  const what = installedVersion === null ? "" : `, in the place of ${installedVersion}`;
  output.line(`${plain(name)} ${version} (${id})${what}`);
  if (inspection.description !== "") output.line(`  ${plain(inspection.description)}`);
  if (capabilities.length === 0) output.line("  It asks for no permissions.");
  for (const asked of capabilities) output.line(describe(asked, inspection));
}

async function askPerson(inspection: ControlInspection): Promise<readonly Asked[] | undefined> {
  const { confirm, isCancel, multiselect } = await import("@clack/prompts");
  const choice = await multiselect({
    message: "Allow (space changes, enter goes on)",
    options: inspection.capabilities.map((asked, index) => ({
      value: index,
      label: plain(asked.description),
      hint: plain(asked.holder),
    })),
    initialValues: inspection.capabilities.flatMap((asked, index) =>
      asked.withdrawn === true ? [] : [index],
    ),
    required: false,
  });
  if (isCancel(choice)) return undefined;
  const answer = await confirm({ message: `Install ${plain(inspection.name)}?` });
  if (isCancel(answer) || !answer) return undefined;
  return inspection.capabilities.filter((_, index) => !choice.includes(index));
}

async function decide(
  inspection: ControlInspection,
  flags: InstallFlags,
  output: Output,
): Promise<readonly Asked[] | undefined> {
  const denied = deniedBy(inspection, flags.deny ?? []);
  const keptBack = inspection.capabilities.filter(({ withdrawn }) => withdrawn === true);
  const isAnswered = flags.yes === true || denied.length > 0;
  const asksForMore = inspection.capabilities.some(
    (asked) => !asked.approved && asked.withdrawn !== true,
  );
  // An update that asks for nothing new was answered when the first version was installed.
  const needsAnswer = inspection.installedVersion === null || asksForMore;
  if (isAnswered || !needsAnswer) return [...new Set([...denied, ...keptBack])];
  if (output.isTerminal && flags.json !== true) return await askPerson(inspection);
  throw new NodeError(
    { code: "node.usage", reason: "needs an answer" },
    "Not installed: the permissions above wait for your answer",
    { hint: "Repeat with --yes, with --deny <process id> for what you refuse, or in a terminal" },
  );
}

export async function installCommand(
  path: string,
  flags: InstallFlags,
  output: Output,
): Promise<void> {
  const node = connectToNode(flags.home);
  const source = await readPackageSource(path);
  const query = new URLSearchParams();
  if (source.id !== undefined) query.set("id", source.id);
  if (source.metadata !== undefined) query.set("metadata", source.metadata);
  const inspection = await node.post<ControlInspection>(
    `packages/inspect?${String(query)}`,
    source.zip,
  );
  if (flags.json !== true) show(inspection, output);
  const denied = await decide(inspection, flags, output);
  if (denied === undefined) {
    output.exitCode = 1;
    return output.line("Not installed.");
  }
  const body = {
    denied: denied.map(({ holder, issuer, params }): ControlGrantChange => ({
      holder,
      issuer,
      params,
    })),
  };
  const app = await node.post<ControlApp>(`packages/install?hash=${inspection.hash}`, body);
  if (flags.json === true) return output.line(JSON.stringify(app));
  const where = app.path === null ? "" : ` Its page: ${node.run.url}${app.path}`;
  output.line(`Installed ${plain(app.name)} ${app.version}; it is ${app.state}.${where}`);
  if (denied.length === 0) return;
  output.line("Refused, and perhaps missed by it; kinode caps grant gives it:");
  for (const { holder, issuer, params } of denied) {
    const process = issuer.slice(issuer.indexOf("@") + 1);
    output.line(`  ${holder} ${process} '${plain(params)}'`);
  }
}

export async function uninstallCommand(
  id: string,
  flags: { readonly home: string; readonly purge?: boolean; readonly json?: boolean },
  output: Output,
): Promise<void> {
  const node = connectToNode(flags.home);
  const purge = flags.purge === true;
  await node.post(`packages/${encodeURIComponent(id)}/uninstall`, { purge });
  if (flags.json === true) return output.line(JSON.stringify({ id, purge }));
  const kept = purge ? "with all its data" : "its data is kept; --purge removes that too";
  output.line(`Uninstalled ${id} (${kept}).`);
}
