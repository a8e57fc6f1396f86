"""Records that a COBOL copybook describes: the copybook's compiler, layout, recognition, planning, decoding, judging and extracts."""
