"""Make thumbnails and apply export functions in child processes (docs/adr/0009).

Functions import `thumbnailer` and `export_functions`, which load no decoder. The other modules run
in the child processes `worker` and `convert`, which read the untrusted bytes.
"""
