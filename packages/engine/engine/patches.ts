/**
 * What is changed in the C files of QuickJS-ng before they are compiled.
 * @module
 */
import { join } from "node:path";

/** A place that must be in the file exactly once, and what comes there. */
interface Patch {
  readonly why: string;
  readonly file: string;
  readonly place: string;
  readonly text: string;
}

const PATCHES: readonly Patch[] = [
  {
    why: "QuickJS asks us for its lazy globals, besides its own few (src/globals.h)",
    file: "quickjs.c",
    place: "static JSValue js_bytecode_autoinit(JSContext *ctx, JSObject *p, JSAtom atom,",
    text:
      "static JSValue lazy_global(JSContext *ctx, JSAtom name, void *opaque);\n" +
      "static JSValue js_bytecode_autoinit(JSContext *ctx, JSObject *p, JSAtom atom,",
  },
  {
    why: "the same",
    file: "quickjs.c",
    place: "    default:\n        abort();\n    case JS_BUILTIN_ARRAY_FROMASYNC:",
    text: "    default: return lazy_global(ctx, atom, opaque);\n    case JS_BUILTIN_ARRAY_FROMASYNC:",
  },
  {
    why: "our own functions, which have no positions, do not show in stack traces",
    file: "quickjs.c",
    place: "            backtrace_barrier = b->backtrace_barrier;\n",
    text:
      "            if (b->filename == JS_ATOM_NULL) continue;\n" +
      "            backtrace_barrier = b->backtrace_barrier;\n",
  },
  {
    why: "the column of a token is that of its first byte, also where no blank stands before it",
    file: "quickjs.c",
    place: "    s->token.col_num = max_int(1, s->mark - s->eol);\n    s->buf_ptr = p;\n",
    text: "    s->token.col_num = (int)(s->token.ptr - s->token.line_start) + 1;\n    s->buf_ptr = p;\n",
  },
  {
    why: "a call is at its own parenthesis in stack traces, not at its last argument",
    file: "quickjs.c",
    place: "        JSFunctionDef *fd = s->cur_func;\n        bool has_optional_chain = false;\n",
    text:
      "        JSFunctionDef *fd = s->cur_func;\n        bool has_optional_chain = false;\n" +
      "        int call_line_num = s->token.line_num, call_col_num = s->token.col_num;\n",
  },
  {
    why: "the same",
    file: "quickjs.c",
    place: "            emit_func_call:\n",
    text: "            emit_func_call:\n                emit_source_loc_at(s, call_line_num, call_col_num);\n",
  },
  {
    why: "the strings of a template are frozen in compiled code that is read again as in code that was just compiled",
    file: "quickjs.c",
    place:
      "                goto fail;\n        }\n        JS_PreventExtensions(ctx, obj);\n    }\n    return obj;\n",
    text: "                goto fail;\n        }\n        if (seal_template_obj(ctx, obj) < 0) goto fail;\n    }\n    return obj;\n",
  },
];

/**
 * Recursive functions of QuickJS-ng that use little of the C stack and much of the host's stack below it, which nothing in
 * here can see. Each is given a heavier frame, so that the C stack always ends first, in an error the script can catch.
 * The bytes per call exceed what the ratio of the two stacks asks for (`bun test` in this package tries each of them).
 */
const FRAME_WEIGHTS: Record<string, number> = {
  re_parse_disjunction: 768,
  js_proxy_get: 384,
  json_parse_value: 384,
  js_json_to_str: 384,
  internalize_json_property: 384,
  JS_FlattenIntoArray: 256,
  js_parse_unary: 384,
  js_parse_assign_expr2: 640,
  js_parse_statement_or_decl: 512,
};

/** Adds the weights to the text of the file that has each function. */
function addFrameWeights(sources: Map<string, string>): void {
  for (const [name, bytes] of Object.entries(FRAME_WEIGHTS)) {
    const definition = new RegExp(`^static[^;{}()]*\\b${name}\\([^;{}]*\\)\\n\\{\\n`, "m");
    const found = [...sources].find(([, text]) => definition.test(text));
    if (found === undefined)
      throw new Error(`QuickJS-ng has no function ${name} to add a frame weight to`);
    const [file, text] = found;
    const weight = `    char frame_weight[${bytes}]; __asm__ volatile("" : : "r"(frame_weight) : "memory");\n`;
    sources.set(
      file,
      text.replace(definition, (head) => head + weight),
    );
  }
}

/** @throws Error a file has not the places that are to be changed: it is of another version */
export async function patchQuickJs(folder: string): Promise<void> {
  const sources = new Map<string, string>();
  for (const file of ["quickjs.c", "libregexp.c"]) {
    sources.set(file, await Bun.file(join(folder, file)).text());
  }
  for (const { why, file, place, text } of PATCHES) {
    const parts = sources.get(file)!.split(place);
    if (parts.length !== 2) {
      throw new Error(
        `${file} has ${parts.length - 1} places instead of one for the change: ${why}`,
      );
    }
    sources.set(file, parts.join(text));
  }
  addFrameWeights(sources);
  for (const [file, text] of sources) await Bun.write(join(folder, file), text);
}
