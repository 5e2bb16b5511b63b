"""Load `template.yaml`, check that it is supported, and return its resources."""
