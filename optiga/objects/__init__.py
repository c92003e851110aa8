"""The objects of a chip: data, metadata, counters, life cycle states, authorization."""
