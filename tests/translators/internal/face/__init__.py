"""The internal API as a face of the store: over the whole application in process, with a FHIR client beside."""
