"""The Python SDK against the server: python_sdk.py CHECKS COMMAND-AS-JSON URL"""

import asyncio
import json
import sys

from mcp import Client, MCPError, StdioServerParameters

MODES = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}


async def check(target, mode, checks):
    async with Client(target, mode=mode, read_timeout_seconds=60) as client:
        assert client.protocol_version == MODES[mode], client.protocol_version
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == checks["tools"], [tool.name for tool in listed]
        assert all(tool.output_schema["type"] == "object" for tool in listed)
        assert all(tool.title and tool.annotations for tool in listed)
        for call in checks["calls"]:
            # The SDK itself holds the result against the output schema.
            result = await client.call_tool(call["tool"], call["arguments"])
            content = result.structured_content
            assert result.content[0].text
            assert bool(result.is_error) == ("code" in call), (call, content)
            if "code" in call:
                assert content["code"] == call["code"], (call, content)
            if "has" in call:
                assert call["has"] in content, (call, content)
        for name in checks["unknown"]:
            try:
                await client.call_tool(name, {})
            except MCPError as error:
                assert error.error.code == -32602 and error.error.message == f"unknown tool: {name}", error
            else:
                raise AssertionError(f"{name} was answered")


async def main():
    checks = json.load(open(sys.argv[1]))
    command, *arguments = json.loads(sys.argv[2])
    failed = 0
    for door, target in (("stdio", StdioServerParameters(command=command, args=arguments)), ("http", sys.argv[3])):
        for mode in MODES:
            try:
                await asyncio.wait_for(check(target, mode, checks), 120)
                print(f"ok     Python SDK, {door}, {mode}")
            except BaseException as error:
                failed += 1
                while isinstance(error, BaseExceptionGroup):
                    error = error.exceptions[0]
                print(f"FAILED Python SDK, {door}, {mode}: {type(error).__name__}: {error}")
    sys.exit(1 if failed else 0)


asyncio.run(main())
