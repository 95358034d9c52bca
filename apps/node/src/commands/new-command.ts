/**
 * `kinode new`: a package to start from.
 * @module
 */
import { relative } from "node:path";
import {
  askForProject,
  createProject,
  type LanguageId,
  listTemplates,
  type NewProjectReport,
} from "@kinode-ts/kit";
import { NodeError } from "../boot/errors.ts";
import { formatTable, type Output } from "./output.ts";

export interface NewFlags {
  readonly template?: string;
  readonly language?: string;
  readonly starter?: string;
  readonly package?: string;
  readonly publisher?: string;
  readonly list?: boolean;
  readonly json?: boolean;
}

/** The program that runs this, for the scripts of the new package. */
const PROGRAM = new URL("../main.ts", import.meta.url).pathname;

function listCommand(flags: NewFlags, output: Output): void {
  const templates = listTemplates();
  if (flags.json === true) return output.line(JSON.stringify(templates));
  const rows = templates.map(({ language, label, starters }) => [
    language,
    label,
    starters.join(", "),
  ]);
  output.line(formatTable(["TEMPLATE", "LANGUAGE", "STARTERS"], rows));
}

/** `--template echo` of the existing kit means a starter, `--template go` a language. */
function readTemplate(flags: NewFlags): { language?: LanguageId; starter?: string } {
  const templates = listTemplates();
  const isLanguage = templates.some(({ language }) => language === flags.template);
  const language = flags.language ?? (isLanguage ? flags.template : undefined);
  const starter = flags.starter ?? (isLanguage ? undefined : flags.template);
  const isStarter = templates.some(({ starters }) => starters.includes(starter ?? ""));
  if (starter !== undefined && flags.starter === undefined && !isStarter) {
    // Neither: most likely a language that is misspelt.
    return { language: starter as LanguageId };
  }
  return {
    ...(language === undefined ? {} : { language: language as LanguageId }),
    ...(starter === undefined ? {} : { starter }),
  };
}

export async function newCommand(
  folder: string | undefined,
  flags: NewFlags,
  output: Output,
): Promise<void> {
  if (flags.list === true) return listCommand(flags, output);
  const given = { folder, name: flags.package, publisher: flags.publisher, ...readTemplate(flags) };
  const isComplete = folder !== undefined && (given.language ?? given.starter) !== undefined;
  const asks = output.isTerminal && flags.json !== true && !isComplete;
  const project = asks ? await askForProject(given) : given;
  if (project === undefined) return output.line("Nothing was made.");
  if (project.folder === undefined) {
    throw new NodeError(
      { code: "node.usage", reason: "no folder" },
      "A folder for the new package is missing",
      { hint: "For example: kinode new my-app --template typescript" },
    );
  }
  const made = createProject({ ...project, folder: project.folder, program: PROGRAM });
  if (flags.json === true) return output.line(JSON.stringify(made));
  const place = relative(process.cwd(), made.folder) || ".";
  output.line(`Made ${made.id} in ${place}:`);
  for (const file of made.files) output.line(`  ${file}`);
  output.line("");
  for (const line of nextSteps(made, place)) output.line(line);
}

/** As the person would type it: a script of the repository calls this program too. */
function nextSteps({ files }: NewProjectReport, place: string): string[] {
  if (files.includes("package.json")) {
    const go = place === "." ? [] : [`  cd ${place}`];
    return [
      "Next, with a node running:",
      ...go,
      "  bun run dev      builds and installs it, and again whenever you save",
      "  bun run test     runs its tests",
    ];
  }
  const program = process.env["npm_lifecycle_event"] === "kinode" ? "bun kinode" : "kinode";
  return [
    "Next, with a node running:",
    `  ${program} dev ${place}      builds and installs it, and again whenever you save`,
  ];
}
