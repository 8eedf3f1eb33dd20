// Both generations of the TypeScript SDK against the server:
// typescript_sdk.mjs NODE_MODULES CHECKS COMMAND-AS-JSON URL
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [modules, checksFile, commandText, url] = process.argv.slice(2);
const load = (path) => import(pathToFileURL(`${modules}/@modelcontextprotocol/${path}`));
const v2 = await load('client/dist/index.mjs');
const v2stdio = await load('client/dist/stdio.mjs');
const v1 = await load('sdk/dist/esm/client/index.js');
const v1stdio = await load('sdk/dist/esm/client/stdio.js');
const v1http = await load('sdk/dist/esm/client/streamableHttp.js');

const checks = JSON.parse(readFileSync(checksFile, 'utf8'));
const [command, ...args] = JSON.parse(commandText);
const own = { name: 'smoke-test', version: '0' };

const doors = {
  'v2 stdio': () => new v2stdio.StdioClientTransport({ command, args }),
  'v2 http': () => new v2.StreamableHTTPClientTransport(new URL(url)),
  'v1 stdio': () => new v1stdio.StdioClientTransport({ command, args }),
  'v1 http': () => new v1http.StreamableHTTPClientTransport(new URL(url)),
};
const newer = (mode) => () => new v2.Client(own, { capabilities: {}, versionNegotiation: { mode } });
const clients = {
  v2: { legacy: newer('legacy'), auto: newer('auto'), 'pin 2026-07-28': newer({ pin: '2026-07-28' }) },
  v1: { legacy: () => new v1.Client(own, { capabilities: {} }) },
};

async function check(client, transport) {
  await client.connect(transport);
  try {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map((tool) => tool.name), checks.tools);
    assert.ok(tools.every((tool) => tool.outputSchema.type === 'object' && tool.title && tool.annotations));
    for (const { tool, arguments: given, code, has } of checks.calls) {
      // The SDK itself holds the result against the output schema, errors included in v1.
      const result = await client.callTool({ name: tool, arguments: given });
      assert.equal(Boolean(result.isError), code !== undefined, JSON.stringify(result).slice(0, 400));
      if (code) assert.equal(result.structuredContent.code, code);
      if (has) assert.ok(has in result.structuredContent, JSON.stringify(result).slice(0, 400));
      assert.ok(result.content[0].text);
    }
    for (const name of checks.unknown) {
      await assert.rejects(
        () => client.callTool({ name, arguments: {} }),
        (error) => error.code === -32602 && error.message.includes(`unknown tool: ${name}`),
      );
    }
  } finally {
    await client.close();
  }
}

let failed = 0;
for (const [door, transport] of Object.entries(doors)) {
  for (const [mode, client] of Object.entries(clients[door.slice(0, 2)])) {
    try {
      await check(client(), transport());
      console.log(`ok     TypeScript SDK, ${door}, ${mode}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED TypeScript SDK, ${door}, ${mode}: ${error.message}`);
    }
  }
}
process.exit(failed ? 1 : 0);
