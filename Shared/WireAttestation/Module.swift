// WireAttestation
