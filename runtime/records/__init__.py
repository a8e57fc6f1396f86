"""From bytes to records: where they end, which contract they follow, and how to cut a file between them."""
