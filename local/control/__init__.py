"""Commands from another process to a running stack: the server side and the client."""
