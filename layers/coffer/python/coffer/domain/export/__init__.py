"""Export: files of a request as one zip, built inside the store as far as possible (flow 6)."""
