"""The API description as it is served: the OpenAPI document, and the page that shows it."""
