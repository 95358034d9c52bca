/** `URL` and `URLSearchParams`. */
import { URL } from "../url.ts";
import { URLSearchParams } from "../url-search-params.ts";

declare let engineExports: object;
engineExports = { URL, URLSearchParams };
