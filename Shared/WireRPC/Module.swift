// WireRPC
