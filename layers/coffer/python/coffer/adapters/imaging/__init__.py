"""Decoding images into thumbnails, behind a process boundary (docs/adr/0009).

`isolated` is the port's implementation and all that a function imports; it knows no codec.
Everything else here runs in its child process, `worker`, which meets the hostile bytes.
"""
