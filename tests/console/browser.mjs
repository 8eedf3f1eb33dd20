// The console in a real browser: browser.mjs MODULES CHROMIUM ORIGIN PASSWORD-FILE TOKEN SHOTS
//
// One person answers, edits, activates and verifies; a client with a token of another one calls tools
// meanwhile. Nothing may go to another host, nothing may be written to the console of the browser, and
// axe may find no serious fault on any page, light or dark.

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [modules, chromiumPath, origin, passwordFile, token, shots] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const PAGES = ["", "/approvals", "/activity", "/tools", "/policy", "/connections", "/mine", "/people", "/people/own", "/plugins",
  "/usage"];
const problems = [];
let failed = 0;

const check = (what, holds, why = "") => {
  console.log(`${holds ? "ok    " : "FAILED"} ${what}${holds || !why ? "" : `: ${why}`}`);
  if (!holds) failed += 1;
};

// A client of the protocol, as small as can be.
class Client {
  #session;
  #id = 0;

  async #send(message) {
    const headers = {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(this.#session && { "mcp-session-id": this.#session, "mcp-protocol-version": "2025-06-18" }),
    };
    const answer = await fetch(`${origin}/mcp`, { method: "POST", headers, body: JSON.stringify(message) });
    this.#session ??= answer.headers.get("mcp-session-id");
    const text = await answer.text();
    const data = text.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trim());
    return text.startsWith("{") ? JSON.parse(text) : JSON.parse(data.filter(Boolean).pop() ?? "null");
  }

  async open() {
    const clientInfo = { name: "console-test", version: "1" };
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo };
    await this.#send({ jsonrpc: "2.0", id: (this.#id += 1), method: "initialize", params });
    await this.#send({ jsonrpc: "2.0", method: "notifications/initialized" });
  }

  async call(name, args) {
    const params = { name, arguments: args };
    const answer = await this.#send({ jsonrpc: "2.0", id: (this.#id += 1), method: "tools/call", params });
    return JSON.stringify(answer.result ?? answer.error);
  }

  async tools() {
    const answer = await this.#send({ jsonrpc: "2.0", id: (this.#id += 1), method: "tools/list", params: {} });
    return answer.result.tools.map((tool) => tool.name);
  }
}

const client = new Client();
await client.open();
const made = await client.call("odoo_create", { model: "res.partner", values: { name: `Browser ${Date.now()}` } });
const contact = Number(made.match(/"created_ids":\[(\d+)\]/)?.[1]);
check("there is a contact to write to", contact > 0, made);
const named = (name) => ({ model: "res.partner", ids: [contact], values: { name } });
const partner = () => client.call("odoo_read", { model: "res.partner", ids: [contact], fields: ["name"] });

// The same Odoo behind TLS, as a connection whose key is pinned.
const { SANDBOX_TOKEN, TLS_PORT, PROXY, SCRATCH, ODOO_DB, ODOO_USERNAME, ODOO_PASSWORD } = process.env;
const odoo = (await client.call("odoo_connections", {})).match(/http:\/\/127\.0\.0\.1:(\d+)/);
const proxy = spawn("python3", [PROXY, TLS_PORT, `${SCRATCH}/served.pem`, odoo[1]], { stdio: "ignore" });
process.on("exit", () => proxy.kill());
const practice = async () => {
  const account = await fetch(`${odoo[0]}/_sandbox/account`, { headers: { "x-sandbox-token": SANDBOX_TOKEN } });
  return account.json();
};
const { db, login, password } = ODOO_DB
  ? { db: ODOO_DB, login: ODOO_USERNAME, password: ODOO_PASSWORD }
  : await practice();
const tls = { alias: "tls", url: `https://127.0.0.1:${TLS_PORT}`, db, username: login, password, verify_ssl: false };
const overTls = () => client.call("odoo_search_count", { model: "res.partner", connection: "tls" });
let connected = "";
for (let tries = 0; tries < 50 && !connected.includes('"connected"'); tries += 1) {
  connected = await client.call("odoo_connect", tls);
  if (!connected.includes('"connected"')) await new Promise((done) => setTimeout(done, 100));
}
check("connected with a pinned key", connected.includes('"connected"'), connected);

// A program that connects by clicking, as RFC 8252 describes it: it listens on a port of its own. Another
// person, in a browser that knows nobody, signs in on the way.
async function clickThrough() {
  let document = "";
  const listener = createServer((request, answer) => {
    if (request.url === "/client.json") {
      answer.setHeader("content-type", "application/json");
      answer.end(document);
      return;
    }
    answer.end("You may close this page.");
  });
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const back = `http://127.0.0.1:${listener.address().port}/callback`;
  const registered = await fetch(`${origin}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ client_name: "Clicker", redirect_uris: [back], token_endpoint_auth_method: "none" }),
  });
  const program = await registered.json();
  const verifier = randomBytes(32).toString("base64url");
  const asks = {
    response_type: "code",
    client_id: program.client_id,
    redirect_uri: back,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    scope: "odoo:read",
    state: "st4te",
    resource: `${origin}/mcp`,
  };
  const blocked = [];
  const visit = async (asked, press) => {
    const own = await browser.newContext();
    const tab = await own.newPage();
    tab.on("console", (message) => message.type() === "error" && blocked.push(message.text()));
    await tab.goto(`${origin}/oauth/authorize?${new URLSearchParams(asked)}`);
    await tab.getByLabel("Name").fill("mia");
    await tab.getByLabel("Password").fill(readFileSync(passwordFile, "utf8").trim());
    await tab.getByRole("button", { name: "Sign in" }).click();
    if (press) {
      const button = tab.getByRole("button", { name: press });
      await button.waitFor();
      await tab.screenshot({ path: `${shots}/consent-light.png` });
      await button.click();
    }
    await tab.waitForURL(`${back}**`, { timeout: 10_000 }).catch(() => {});
    const reached = tab.url();
    await own.close();
    return reached;
  };
  const wrong = await visit({ ...asks, response_type: "token" });
  check("a wrong request comes back to its program after signing in", wrong.startsWith(`${back}?`) && wrong.includes("error="), wrong);
  const denied = await visit(asks, /deny/i);
  check("a program is denied by clicking", denied.includes("error=access_denied"), denied);
  const allowed = await visit(asks, /^allow/i);
  const code = new URL(allowed).searchParams.get("code");
  check("a program is let in by clicking", allowed.startsWith(`${back}?`) && Boolean(code), allowed);
  const exchanged = await fetch(`${origin}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code", code: code ?? "", client_id: program.client_id, redirect_uri: back,
      code_verifier: verifier, resource: `${origin}/mcp`,
    }),
  });
  check("and gets its token", Boolean((await exchanged.json()).access_token));
  // A program that is known by the address of a document about itself.
  const about = back.replace("/callback", "/client.json");
  document = JSON.stringify({ client_id: about, client_name: "Documented", redirect_uris: [back], token_endpoint_auth_method: "none" });
  const documented = await visit({ ...asks, client_id: about }, /^allow/i);
  check("so is one that has a document", new URL(documented).searchParams.has("code"), documented);
  check("the browser blocked nothing on the way", blocked.filter((text) => !text.includes("favicon")).length === 0, blocked.join("; "));
  listener.close();
}

const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
const page = await context.newPage();
// A page that says no is an answer, and the browser notes it by itself.
const isExpected = (text) => text.includes("status of 422");
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type()) && !isExpected(message.text())) problems.push(message.text());
});
page.on("pageerror", (error) => problems.push(String(error)));
page.on("request", (request) => {
  const url = request.url();
  if (!url.startsWith(`${origin}/`) && !url.startsWith("data:,")) problems.push(`a request to ${url}`);
});

await page.goto(`${origin}/console`);
await page.getByLabel("Name").fill("olga");
await page.getByLabel("Password").fill(readFileSync(passwordFile, "utf8").trim());
await page.getByRole("button", { name: "Sign in" }).click();
await page.waitForURL(`${origin}/console`);
check("signed in with the form", await page.getByRole("heading", { name: "Overview" }).isVisible());

await page.goto(`${origin}/console/approvals`);
await client.call("odoo_write", named("Approved in a browser"));
const question = page.getByText("Approved in a browser").first();
await question.waitFor({ timeout: 15_000 });
check("a question comes up while somebody looks", true);
await page.getByRole("button", { name: "Approve exactly this, once" }).click();
await page.getByText("exactly this call may happen").waitFor();
check("nothing happened before the call came back", !(await partner()).includes("Approved in a browser"));
await client.call("odoo_write", named("Approved in a browser"));
check("an approved write is in Odoo", (await partner()).includes("Approved in a browser"));

await client.call("odoo_write", named("Refused in a browser"));
await page.goto(`${origin}/console/approvals`);
await page.getByRole("button", { name: "Refuse" }).click();
await page.getByText("the call will not happen").waitFor();
await client.call("odoo_write", named("Refused in a browser"));
check("a refused write is not in Odoo", !(await partner()).includes("Refused in a browser"));

const editor = page.getByRole("textbox", { name: "Policy" });
await page.goto(`${origin}/console/policy`);
const before = await client.tools();
const good = await editor.inputValue();
// While somebody types: what is wrong is told with its line, and what may stand there is offered.
await editor.fill(good.replace('"allow"', '"alow"'));
await page.getByRole("button", { name: /^Line 3, column/ }).waitFor();
check("a problem is told while it is typed", await page.getByText(/did you mean "allow"/).isVisible());
await page.getByRole("button", { name: /^Line 3, column/ }).click();
const caret = () => editor.evaluate((area) => area.selectionStart);
check("a problem leads to its place", (await caret()) === good.indexOf('"allow"'), String(await caret()));
await editor.fill(good);
await page.getByText("No problem.").waitFor();
await editor.evaluate((area) => {
  const at = area.value.indexOf("{") + 1;
  area.focus();
  area.setSelectionRange(at, at);
});
const offers = page.getByRole("listbox", { name: "What may stand here" });
await page.keyboard.press("Control+Space");
await offers.waitFor();
check("keys of the file are offered", (await offers.getByRole("option").first().innerText()).startsWith("$schema"));
check("the offered one is told to readers", (await editor.getAttribute("aria-activedescendant")) === "offer-0");
mkdirSync(shots, { recursive: true });
await page.screenshot({ path: `${shots}/policy-offers-light.png` });
await page.keyboard.press("Escape");
check("Escape closes the list", await offers.isHidden());
await page.keyboard.type('"hid');
await offers.getByRole("option", { name: /^hide/ }).waitFor();
await page.keyboard.press("Enter");
check("Enter takes what is offered", (await editor.inputValue()).includes('"hide": [],'), await editor.inputValue());
await page.keyboard.type('"odoo_search_c');
await offers.getByRole("option", { name: /^odoo_search_count/ }).waitFor();
await page.keyboard.press("Tab");
const written = await editor.inputValue();
check("names of tools are offered", written.includes('"hide": ["odoo_search_count"],'), written);
await page.keyboard.press("Control+z");
check("it can be undone", !(await editor.inputValue()).includes('"odoo_search_count"'));

await editor.fill(good.replace('"allow"', '"perhaps"'));
await page.getByRole("button", { name: "Check and show what changes" }).click();
check("a policy with an error is refused", await page.getByText("This policy cannot be used").isVisible());
check("the error has its line and column", await page.getByRole("cell", { name: /^3:\d+$/ }).isVisible());
check("the list of tools is as it was", (await client.tools()).join() === before.join());

await editor.fill(good.replace('"default": "allow",', '"default": "allow",\n  "hide": ["odoo_search_count"],'));
await page.getByRole("button", { name: "Check and show what changes" }).click();
check("what changes is shown first", await page.getByText("What would change").isVisible());
check("and nothing is in force yet", (await client.tools()).join() === before.join());
await page.getByRole("button", { name: "Put it in force" }).click();
await page.getByText("The policy is in force").waitFor();
const after = await client.tools();
check("tools/list follows", before.includes("odoo_search_count") && !after.includes("odoo_search_count"));

await page.getByRole("link", { name: "Look and roll back" }).first().click();
await page.getByRole("button", { name: "Check and show what changes" }).click();
await page.getByRole("button", { name: "Put it in force" }).click();
await page.getByText("The policy is in force").waitFor();
check("rolled back", (await client.tools()).includes("odoo_search_count"));

copyFileSync(`${SCRATCH}/second.pem`, `${SCRATCH}/served.pem`);
await page.goto(`${origin}/console/connections`);
await page.getByRole("button", { name: "Look at the certificate of tls" }).click();
const fingerprints = page.getByRole("row", { name: /public key sha256/ }).getByRole("cell");
const [trusted, served] = [await fingerprints.nth(1).innerText(), await fingerprints.nth(2).innerText()];
check("both fingerprints are shown", trusted !== served && served.startsWith("sha256:"), `${trusted} ${served}`);
await page.getByRole("button", { name: "Trust the certificate that is served now" }).click();
await page.getByText("The new key is trusted").waitFor();
check("a rotated key is trusted", (await overTls()).includes('"count"'));

await page.goto(`${origin}/console/activity`);
await page.getByRole("button", { name: "Verify the chain" }).click();
check("the chain holds", await page.getByText("The chain holds.").isVisible());

// A token is shown once; a client connects by clicking.
await page.goto(`${origin}/console/people`);
await page.getByLabel("Name of the token").fill("browser");
await page.getByRole("button", { name: "Make the token" }).click();
const fresh = await page.getByLabel("Token", { exact: true }).inputValue();
check("a token is shown once", fresh.startsWith("omcp_pat_"));
await page.getByRole("link", { name: "Back to the people" }).click();
check("and never again", !(await page.content()).includes(fresh));
await page.goto(`${origin}/console/people/own`);
await page.getByLabel("Password that you have").last().fill(readFileSync(passwordFile, "utf8").trim());
await page.getByRole("button", { name: "Set up an authenticator" }).click();
check("a second factor is offered with its picture", await page.getByRole("img", { name: "The key as a QR code" }).isVisible());
await page.screenshot({ path: `${shots}/second-factor-light.png`, fullPage: true });

await clickThrough();

await client.call("odoo_write", named("<script>alert(1)</script>"));
mkdirSync(shots, { recursive: true });
for (const scheme of ["light", "dark"]) {
  await page.emulateMedia({ colorScheme: scheme });
  for (const path of PAGES) {
    await page.goto(`${origin}/console${path}`);
    const name = path.slice(1).replace("/", "-") || "overview";
    await page.screenshot({ path: `${shots}/${name}-${scheme}.png`, fullPage: true });
    const found = (await new AxeBuilder({ page }).analyze()).violations;
    const serious = found.filter((one) => ["serious", "critical"].includes(one.impact));
    const told = serious.map((one) => `${one.id} ${one.nodes[0].target} ${one.nodes[0].html.slice(0, 120)}`);
    check(`axe, ${name}, ${scheme}`, serious.length === 0, told.join("; "));
  }
}
await page.setViewportSize({ width: 360, height: 740 });
await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
for (const path of PAGES) {
  await page.goto(`${origin}/console${path}`);
  const name = path.slice(1).replace("/", "-") || "overview";
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(`fits a phone, ${name}`, wide <= 0, `${wide} pixels too wide`);
  await page.screenshot({ path: `${shots}/${name}-phone.png`, fullPage: true });
  const found = (await new AxeBuilder({ page }).analyze()).violations;
  const serious = found.filter((one) => ["serious", "critical"].includes(one.impact));
  const told = serious.map((one) => `${one.id} ${one.nodes[0].target} ${one.nodes[0].html.slice(0, 120)}`);
  check(`axe, ${name}, phone`, serious.length === 0, told.join("; "));
}
await page.goto(`${origin}/console`);
await page.keyboard.press("Tab");
const first = await page.evaluate(() => document.activeElement.textContent);
await page.keyboard.press("Enter");
const main = await page.evaluate(() => document.activeElement.id);
check("the first key leads past the navigation", first === "To the content" && main === "main", `${first} ${main}`);

const still = await browser.newContext({ javaScriptEnabled: false, storageState: await context.storageState() });
const plain = await still.newPage();
await plain.goto(`${origin}/console/approvals`);
await plain.getByRole("button", { name: "Refuse" }).click();
check("works without scripts", await plain.getByText("the call will not happen").isVisible());

await client.call("odoo_unlink", { model: "res.partner", ids: [contact] });
check("nothing on the browser's console, no foreign host", problems.length === 0, problems.join("; "));
await browser.close();
process.exit(failed === 0 ? 0 : 1);
