/**
 * The two files that the person's choices are kept in.
 * Source: spec/network-identity.md §5.3.
 * @module
 */
import { errorText } from "@kinode-ts/types";
import {
  type AccessSettings,
  accessSettingsJson,
  CLOSED,
  parseAccessSettings,
} from "./providers/access-settings.ts";
import { parseProviders, type ProviderConfig, providerJson } from "./providers/provider-config.ts";

export const PROVIDERS_FILE = ".eth_providers";
export const ACCESS_FILE = ".eth_access_settings";
export type SettingsFileName = typeof PROVIDERS_FILE | typeof ACCESS_FILE;

/** Small text files of the node. A write replaces the whole file or nothing. */
export interface SettingsFiles {
  /** `undefined`: there is none. */
  read(name: SettingsFileName): Promise<string | undefined>;
  write(name: SettingsFileName, text: string): Promise<void>;
}

export interface SettingsOptions {
  readonly files: SettingsFiles;
  readonly defaults: readonly ProviderConfig[];
  readonly maxProvidersCount: number;
  /** A line for the person who runs the node. */
  readonly say: (text: string) => void;
}

export class Settings {
  readonly #options: SettingsOptions;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SettingsOptions) {
    this.#options = options;
  }

  /** What the file says, or the defaults when it is missing or unreadable. Never rejects. */
  async providers(): Promise<readonly ProviderConfig[]> {
    const { defaults, maxProvidersCount } = this.#options;
    const text = await this.#read(PROVIDERS_FILE);
    if (text === undefined) return defaults;
    const providers = parseProviders(text, maxProvidersCount);
    if (providers !== undefined) return providers;
    this.#options.say(
      `${PROVIDERS_FILE} is no list of providers; the ${defaults.length} default ones are used until it is changed`,
    );
    return defaults;
  }

  /** What the file says; nobody may when it is missing or unreadable. Never rejects. */
  async access(): Promise<AccessSettings> {
    const text = await this.#read(ACCESS_FILE);
    if (text === undefined) return CLOSED;
    const settings = parseAccessSettings(text);
    if (settings !== undefined) return settings;
    this.#options.say(`${ACCESS_FILE} cannot be read; no other node is served until it is changed`);
    return CLOSED;
  }

  saveProviders(providers: readonly ProviderConfig[]): Promise<void> {
    return this.#write(PROVIDERS_FILE, providers.map(providerJson));
  }

  saveAccess(settings: AccessSettings): Promise<void> {
    return this.#write(ACCESS_FILE, accessSettingsJson(settings));
  }

  /** Settles when everything is written. */
  written(): Promise<void> {
    return this.#writing;
  }

  async #read(name: SettingsFileName): Promise<string | undefined> {
    try {
      return await this.#options.files.read(name);
    } catch (thrown) {
      this.#options.say(`${name} cannot be read: ${errorText(thrown)}`);
      return undefined;
    }
  }

  /** One after the other: the last change is what stays. */
  #write(name: SettingsFileName, json: unknown): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#options.files.write(name, `${JSON.stringify(json, null, 2)}\n`);
      } catch (thrown) {
        this.#options.say(
          `${name} cannot be written, so the change is lost at the next start: ${errorText(thrown)}`,
        );
      }
    });
    return this.#writing;
  }
}
