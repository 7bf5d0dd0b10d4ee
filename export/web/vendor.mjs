// Puts the files of LiteRT.js that the page loads into vendor/; `npm ci` runs it.
//
// A browser cannot resolve the name '@litertjs/wasm-utils'. An import map could, but would be a
// script inside the page, which the content security policy forbids; so the name is replaced here.

import {copyFile, mkdir, readFile, rm, writeFile} from 'node:fs/promises';

const from = new URL('node_modules/@litertjs/', import.meta.url);
const to = new URL('vendor/', import.meta.url);

// The second pair is for browsers without relaxed SIMD.
const runtime = ['litert_wasm_internal', 'litert_wasm_compat_internal'];
const importedName = '"@litertjs/wasm-utils"';

await rm(to, {recursive: true, force: true});
await mkdir(to);
for (const name of runtime) {
  for (const suffix of ['.js', '.wasm']) {
    await copyFile(new URL(`core/wasm/${name}${suffix}`, from), new URL(`${name}${suffix}`, to));
  }
}
const core = await withoutSourceMap('core/dist/index.js');
if (core.split(importedName).length !== 2) {
  throw new Error(`@litertjs/core does not import ${importedName} once, as it did in 2.5.3`);
}
await writeFile(new URL('litert.js', to), core.replace(importedName, '"./wasm_utils.js"'));
await writeFile(new URL('wasm_utils.js', to), await withoutSourceMap('wasm-utils/dist/index.js'));

async function withoutSourceMap(path) {
  const text = await readFile(new URL(path, from), 'utf8');
  return text.replace(/\/\/# sourceMappingURL=.*\s*$/, '');
}
