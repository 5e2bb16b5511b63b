"""Rules, records and use cases. Standard library only (and `filetype`, in the detector)."""
