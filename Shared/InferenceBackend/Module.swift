// InferenceBackend
