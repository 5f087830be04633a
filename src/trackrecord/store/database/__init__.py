"""The database file of an embedded store: connections, schema, who may write."""
