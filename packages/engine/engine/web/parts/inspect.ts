/** Values as text. */
import { inspect } from "../../../src/web/inspect.ts";

declare let engineExports: object;
engineExports = { inspect };
