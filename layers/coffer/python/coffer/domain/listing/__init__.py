"""Lists of records with filters, sort orders and pages."""
