/**
 * `bun run contracts`: compiles `contracts/` into `src/generated/contracts.ts`, which is committed.
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import solc from "solc";

const FOLDER = join(import.meta.dir, "../contracts");
const RECORD = join(import.meta.dir, "../src/generated/contracts.ts");
/** Those that are put somewhere; the rest is part of them. */
const WANTED = [
  "AccountRegistry",
  "CommitZone",
  "Kimap",
  "KimapGenesis",
  "Multicall",
  "NameAccount",
  "OpenZone",
] as const;

const HEADER = `/**
 * Code of the contracts in \`contracts/\`: "bun run contracts" writes this file, and a test compares.
 * @module
 */

`;

interface Output {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts: Readonly<
    Record<string, Readonly<Record<string, { evm: { deployedBytecode: { object: string } } }>>>
  >;
}

/** Code by contract, as `0x` texts; the same for the same sources, wherever they lie. */
export function compileContracts(): Readonly<Record<string, string>> {
  const files = readdirSync(FOLDER).toSorted();
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(
      files.map((file) => [file, { content: readFileSync(join(FOLDER, file), "utf8") }]),
    ),
    settings: {
      evmVersion: "cancun",
      optimizer: { enabled: true, runs: 200 },
      metadata: { bytecodeHash: "none" },
      outputSelection: { "*": { "*": ["evm.deployedBytecode.object"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as Output;
  const faults = (output.errors ?? []).map((fault) => fault.formattedMessage);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  const all = Object.assign({}, ...Object.values(output.contracts));
  return Object.fromEntries(
    WANTED.map((name) => [name, `0x${all[name].evm.deployedBytecode.object}`]),
  );
}

if (import.meta.main) {
  const entries = Object.entries(compileContracts()).map(
    ([name, code]) => `  ${name}:\n    "${code}",\n`,
  );
  writeFileSync(RECORD, `${HEADER}export const contracts = {\n${entries.join("")}} as const;\n`);
  console.log(`wrote ${RECORD}`);
}
