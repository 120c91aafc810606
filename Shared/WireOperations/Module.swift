// WireOperations
