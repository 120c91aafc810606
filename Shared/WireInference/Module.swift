// WireInference
