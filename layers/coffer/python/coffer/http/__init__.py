"""The API edge: what API Gateway sends becomes calls of the domain, and what comes back becomes an answer."""
