"""Description of the API as an OpenAPI 3.1 document.

Schemas of records and parameters of lists are generated from the attribute tables of the domain.
Each module has the other schemas, and the operations, of some features. `coffer.http.docs` serves
the document.
"""
