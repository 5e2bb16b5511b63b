"""Empty: `coffer.http.fields` parses and presents derivatives with their attribute table."""
