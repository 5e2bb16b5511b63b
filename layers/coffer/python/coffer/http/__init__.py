"""The API edge: requests become calls of the domain, and what comes back becomes an answer."""
