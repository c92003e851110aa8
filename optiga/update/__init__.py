"""Protected updates: make and sign update sets, and apply them to chips. SRM, "Protected Update"."""
