"""Commands for operators of a running Coffer, deployed or local: `python -m operations`.

Nothing here is deployed. A command works on the local stack on PORT, or with `--stack NAME` on a
deployed one, with the operator's AWS credentials.
"""
