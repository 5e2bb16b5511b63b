"""Lists: which records there are, in an order, filtered, a page at a time."""
