"""One module per technology; vendor errors become domain errors at its edge. No rule lives here."""
