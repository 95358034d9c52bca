/**
 * Carries out configuration requests, and keeps what they change.
 * Source: spec/network-identity.md §5.3.
 * @module
 */
import type { ConfigAction } from "./actions.ts";
import type { EthLimits } from "./limits.ts";
import {
  type AccessSettings,
  accessSettingsJson,
  CLOSED,
  withName,
} from "./providers/access-settings.ts";
import type { ProviderBook } from "./providers/provider-book.ts";
import {
  type NodeRecord,
  type ProviderConfig,
  providerJson,
  providerKey,
} from "./providers/provider-config.ts";
import type { Settings } from "./settings-files.ts";

export interface ConfigurationOptions {
  readonly book: ProviderBook;
  readonly settings: Settings;
  readonly limits: EthLimits;
  readonly introduce: (record: NodeRecord) => void;
  /** The providers are others now. */
  readonly onProviders: () => void;
  readonly onAccess: (access: AccessSettings) => void;
  readonly stateJson: () => string;
}

const OK = '"Ok"';

export class Configuration {
  readonly #options: ConfigurationOptions;
  #access: AccessSettings = CLOSED;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
  }

  /** Who may use our providers. */
  get access(): AccessSettings {
    return this.#access;
  }

  /** Reads the files. @param first - a provider to be put first, and saved */
  async load(first: ProviderConfig | undefined): Promise<void> {
    const { book, settings } = this.#options;
    this.#access = await settings.access();
    book.set(await settings.providers());
    if (first !== undefined && !isSame(first, book.configs[0])) {
      book.add(first);
      await settings.saveProviders(book.configs);
    }
    this.#introduceNodes();
  }

  /** Settles when every change is written. */
  written(): Promise<void> {
    return this.#options.settings.written();
  }

  /** The answer, a JSON text; changes are written before it is given. */
  async perform(action: ConfigAction): Promise<string> {
    const { book, limits, stateJson } = this.#options;
    switch (action.kind) {
      case "add-provider":
        if (book.configs.length >= limits.maxProvidersCount) book.set(book.configs.slice(0, -1));
        book.add(action.provider);
        return this.#providersChanged();
      case "remove-provider":
        book.remove(action.chainId, action.key);
        return this.#providersChanged();
      case "set-providers":
        book.set(action.providers);
        return this.#providersChanged();
      case "set-public":
        return this.#accessChanged({ ...this.#access, public: action.isPublic });
      case "list-node": {
        const { list, node, isIn } = action;
        const isFull = this.#access[list].size >= limits.maxListedNodesCount;
        if (isIn && isFull && !this.#access[list].has(node)) return OK;
        return this.#accessChanged(withName(this.#access, list, node, isIn));
      }
      case "get-providers":
        return JSON.stringify({ Providers: book.configs.map(providerJson) });
      case "get-access-settings":
        return JSON.stringify({ AccessSettings: accessSettingsJson(this.#access) });
      case "get-state":
        return stateJson();
    }
  }

  async #providersChanged(): Promise<string> {
    const { book, settings, onProviders } = this.#options;
    onProviders();
    this.#introduceNodes();
    await settings.saveProviders(book.configs);
    return OK;
  }

  async #accessChanged(access: AccessSettings): Promise<string> {
    this.#access = access;
    this.#options.onAccess(access);
    await this.#options.settings.saveAccess(access);
    return OK;
  }

  #introduceNodes(): void {
    const { book, introduce } = this.#options;
    for (const { place } of book.configs) if (place.kind === "node") introduce(place.record);
  }
}

function isSame(a: ProviderConfig, b: ProviderConfig | undefined): boolean {
  return b !== undefined && a.chainId === b.chainId && providerKey(a) === providerKey(b);
}
