"""The tables, through PynamoDB: every access is a GetItem, a Query on an index, or a conditional
write. The items' shapes are in `items`; `docs/data-model.md` lists the access patterns."""
