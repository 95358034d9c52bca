/**
 * The entries of the home page, in the order and with the favourites the user chose.
 * Source: spec/packages-and-tools.md §14.1.
 * @module
 */
import type { ProcessId } from "@kinode-ts/stdlib";
import { state } from "@kinode-ts/stdlib";

/** What a process asks to be shown. */
export interface AddedApp {
  readonly label: string;
  readonly icon: string | null;
  readonly path: string | null;
  readonly widget: string | null;
}

/** An entry as pages and other processes see it. */
export interface App {
  readonly id: string;
  readonly process: string;
  readonly package_name: string;
  readonly publisher: string;
  readonly path: string | null;
  readonly label: string;
  readonly base64_icon: string | null;
  readonly widget: string | null;
  readonly order: number;
  readonly favorite: boolean;
}

interface Choices {
  readonly order: Readonly<Record<string, number>>;
  readonly favorites: Readonly<Record<string, boolean>>;
}

const NO_CHOICES: Choices = { order: {}, favorites: {} };
const DEFAULT_FAVORITES = new Set([
  "chess:chess:sys",
  "main:app-store:sys",
  "settings:settings:sys",
]);
/** Characters: an icon and a widget are held in memory and sent with every list. */
const LABEL_MAX = 100;
const CONTENT_MAX = 262_144;

function optionalText(value: unknown, name: string, max: number): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string") throw new TypeError(`"${name}" is not a text`);
  if (value.length <= max) return value;
  throw new RangeError(`"${name}" has ${value.length} characters, more than ${max}`);
}

/** @throws {TypeError | RangeError} not an entry, or too large a one */
export function parseAdded(value: unknown): AddedApp {
  const added = value as Record<string, unknown>;
  const label = optionalText(added["label"], "label", LABEL_MAX);
  if (label === null) throw new TypeError('"label" is missing');
  const icon = optionalText(added["icon"], "icon", CONTENT_MAX);
  return {
    label,
    icon: icon === null || icon.startsWith("data:image/") ? icon : null,
    path: optionalText(added["path"], "path", LABEL_MAX * 10),
    widget: optionalText(added["widget"], "widget", CONTENT_MAX),
  };
}

function parseChoices(value: unknown): Choices {
  const { order, favorites } = value as Choices;
  if (typeof order !== "object" || typeof favorites !== "object") {
    throw new TypeError("the stored choices are of an unknown shape");
  }
  return { order, favorites };
}

export class Apps {
  readonly #added = new Map<string, Omit<App, "order" | "favorite"> & { readonly added: number }>();
  #choices: Choices;
  #count = 0;

  private constructor(choices: Choices) {
    this.#choices = choices;
  }

  static async load(): Promise<Apps> {
    return new Apps((await state.load(parseChoices, { migrate: () => NO_CHOICES })) ?? NO_CHOICES);
  }

  add(id: ProcessId, added: AddedApp): void {
    const { label, icon, path, widget } = added;
    const text = id.toString();
    this.#added.set(text, {
      id: text,
      process: id.process,
      package_name: id.package,
      publisher: id.publisher,
      path: path === null ? null : `/${text}/${path.replace(/^\//, "")}`,
      label,
      base64_icon: icon,
      widget,
      added: this.#added.get(text)?.added ?? this.#count++,
    });
  }

  remove(id: string): void {
    this.#added.delete(id);
  }

  /** Sorted as they are to be shown. */
  list(): App[] {
    const { order, favorites } = this.#choices;
    return [...this.#added.values()]
      .map(({ added, ...app }) => ({
        ...app,
        order: order[app.id] ?? added,
        favorite: favorites[app.id] ?? DEFAULT_FAVORITES.has(app.id),
      }))
      .sort((a, b) => a.order - b.order);
  }

  async setFavorite(id: string, favorite: boolean): Promise<void> {
    const favorites = { ...this.#choices.favorites, [id]: favorite };
    await this.#store({ ...this.#choices, favorites });
  }

  async setOrder(order: readonly (readonly [string, number])[]): Promise<void> {
    await this.#store({
      ...this.#choices,
      order: { ...this.#choices.order, ...Object.fromEntries(order) },
    });
  }

  async #store(choices: Choices): Promise<void> {
    this.#choices = choices;
    await state.save(choices);
  }
}
