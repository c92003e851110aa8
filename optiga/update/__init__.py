"""Protected updates: sets made and signed in one place, applied to chips in another. SRM, "Protected Update"."""
