"""The store: catalog, series and blobs behind one contract, and the ingester that fills it from the inbox."""
