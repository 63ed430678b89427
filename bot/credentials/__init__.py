"""Who we are to each registry: where credentials come from, and how they are kept fresh."""
