"""Read `template.yaml` and say which resources it asks for."""
