// What the Node scripts share: what they ask for, and one line of JSON about the checks of one client.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

export const baseURL = process.env.BASE_URL; // with /v1
export const origin = baseURL.replace(/\/v1$/, "");
export const model = "gpt-sim-1";
export const question = "Tell me about volcanoes";
export const weatherQuestion = "What is the weather in Paris right now?";
export const weather = "22 degrees and sunny";
export { assert };

export function getWeather({ city }) {
  assert.equal(city, "Paris");
  return weather;
}

// Run the checks in order; their names say what they show. A check that fails ends the script with its stack.
export async function run(name, checks) {
  for (const check of Object.values(checks)) await check();
  const manifest = new URL(`./node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8"));
  console.log(JSON.stringify({ client: name, version, checks: Object.keys(checks) }));
}
