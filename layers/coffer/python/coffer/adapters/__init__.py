"""One module per technology; vendor errors become domain errors at its edge, and no rule lives here."""
