/** `structuredClone`. */
import { structuredClone } from "../../structured-clone.ts";

declare let engineExports: object;
engineExports = { structuredClone };
