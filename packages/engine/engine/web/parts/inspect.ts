/** Values as text. */
import { inspect } from "../../../src/web/inspect.ts";

declare function engineExport(exports: object): void;
engineExport({ inspect });
