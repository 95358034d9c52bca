/**
 * Asks a person at a terminal what `kinode new` needs to know and was not told.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import type { LanguageId } from "./languages/contract.ts";
import { listTemplates, type NewProject } from "./new-project-bun.ts";
import { checkPackageName, checkPublisher, TEMPLATE_PUBLISHER } from "./project-names.ts";

/** What was told already. */
export type KnownProject = Omit<NewProject, "folder"> & { readonly folder?: string | undefined };

/** A check in the form prompts want: what is wrong, or nothing. */
function problemOf(check: (text: string) => void, text: string): string | undefined {
  try {
    check(text);
    return undefined;
  } catch (thrown) {
    return errorText(thrown);
  }
}

/** @returns `undefined` when the person went away */
export async function askForProject(known: KnownProject): Promise<NewProject | undefined> {
  const { isCancel, select, text } = await import("@clack/prompts");
  const folder =
    known.folder ??
    (await text({
      message: "Folder and name of the package",
      placeholder: "my-app",
      validate: (value = "") => problemOf(checkPackageName, value),
    }));
  if (isCancel(folder)) return undefined;
  const language =
    known.language ??
    (known.starter === undefined
      ? await select<LanguageId>({
          message: "Language",
          options: listTemplates().map(({ language: value, label }) => ({ value, label })),
        })
      : undefined);
  if (isCancel(language)) return undefined;
  const publisher =
    known.publisher ??
    (await text({
      message: "Node that publishes it",
      initialValue: TEMPLATE_PUBLISHER,
      validate: (value = "") => problemOf(checkPublisher, value),
    }));
  if (isCancel(publisher)) return undefined;
  return { ...known, folder, language, publisher };
}
