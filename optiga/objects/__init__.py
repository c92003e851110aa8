"""What a chip holds and what is done to it: data, metadata, counters, life cycles, authorization."""
