//! Bytes in, `RawCall` out; `Reply` in, bytes out. The only room that knows MCP types.
