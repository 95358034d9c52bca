/** `structuredClone`. */
import { structuredClone } from "../../structured-clone.ts";

declare function engineExport(exports: object): void;
engineExport({ structuredClone });
