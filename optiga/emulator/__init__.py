"""The other end of the wire: an OPTIGA Trust chip in software, its store, and the board it sits on."""
